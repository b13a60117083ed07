package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/spf13/pflag"
)

// maxFileBytes bounds the config file: a dozen lines need no megabyte.
const maxFileBytes = 1 << 20

// value is one setting of the file: its text as a flag would take it, and
// where it stands.
type value struct{ text, place string }

// Find returns the config file to read: the one the user names, else
// poactor/config.yaml in the user's configuration directory if there is one,
// else "".
func Find(named, userDir string) string {
	if named != "" || userDir == "" {
		return named
	}
	path := filepath.Join(userDir, "poactor", "config.yaml")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path
}

// readFile reads the file's settings by name. An empty path has none.
func readFile(path string, known *pflag.FlagSet) (map[string]value, error) {
	if path == "" {
		return nil, nil
	}
	text, err := load(path)
	if err != nil {
		return nil, err
	}
	return parse(path, text, known)
}

func load(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("config file %s does not exist", path)
	case err != nil:
		return nil, fmt.Errorf("config file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("config file %s is not a file", path)
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("config file %s has %d bytes, too many for a config file", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	return text, nil
}

// parse reads YAML: one mapping of setting names to plain values.
func parse(path string, text []byte, known *pflag.FlagSet) (map[string]value, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, syntax(path, err)
	}
	out := map[string]value{}
	for _, doc := range file.Docs {
		for _, pair := range pairs(doc.Body) {
			if err := add(out, path, pair, known); err != nil {
				return nil, err
			}
		}
		if doc.Body != nil && pairs(doc.Body) == nil && doc.Body.Type() != ast.CommentType {
			return nil, fmt.Errorf("%s: want lines like \"workers: 4\"", place(path, doc.Body.GetToken()))
		}
	}
	return out, nil
}

// pairs returns the lines of a mapping; nil if it is none. One line alone is
// a node of another kind.
func pairs(body ast.Node) []*ast.MappingValueNode {
	switch node := body.(type) {
	case *ast.MappingNode:
		return node.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}
	}
	return nil
}

// add takes one line of the file. Both base-url and base_url are understood:
// the first is the flag's name, the second looks like the variable's.
func add(out map[string]value, path string, pair *ast.MappingValueNode, known *pflag.FlagSet) error {
	where := place(path, pair.Key.GetToken())
	name := strings.ReplaceAll(pair.Key.GetToken().Value, "_", "-")
	if known.Lookup(name) == nil {
		return fmt.Errorf("%s: unknown key %q", where, pair.Key.GetToken().Value)
	}
	if _, twice := out[name]; twice {
		return fmt.Errorf("%s: key %q is there twice", where, name)
	}
	scalar, ok := pair.Value.(ast.ScalarNode)
	if !ok || pair.Value.Type() == ast.NullType {
		return fmt.Errorf("%s: %q wants one plain value", where, name)
	}
	out[name] = value{scalarText(scalar), where}
	return nil
}

// scalarText is a value as it stands in the file, without its quotes.
func scalarText(n ast.ScalarNode) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return strings.TrimSpace(n.GetToken().Value)
}

func place(path string, t *token.Token) string {
	return fmt.Sprintf("%s:%d", path, t.Position.Line)
}

// syntax makes one line of the parser's many.
func syntax(path string, err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return fmt.Errorf("%s: %s", place(path, e.GetToken()), e.GetMessage())
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s: %s", path, first)
}
