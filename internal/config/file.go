package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/poactor/poactor/portal"
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
	values, err := parse(path, text, known)
	for name, v := range values {
		v.text = fromFile(path, name, v.text)
		values[name] = v
	}
	return values, err
}

// paths are the settings that are one.
var paths = []string{"out", "profile", "browser", "log-file", "passphrase-file"}

// fromFile is a value of the file as a flag would take it: a relative path is
// relative to the file, wherever poactor is called from, and ~/ is the user's home,
// which on a command line the shell puts in.
func fromFile(file, name, text string) string {
	switch {
	case text == "" || filepath.IsAbs(text):
		return text
	case name == "portal":
		if _, builtin := portal.Builtin(text); builtin {
			return text
		}
	case name == "profile" && text == NoProfile, !slices.Contains(paths, name):
		return text
	}
	if below, ok := strings.CutPrefix(filepath.ToSlash(text), "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, below)
		}
	}
	path := filepath.Join(filepath.Dir(file), text)
	mayBeName := name == "profile" || name == "portal" && filepath.Ext(text) == ""
	if mayBeName && filepath.Base(text) == text {
		if _, err := os.Stat(path); err != nil {
			return text // it looks like a name, and what is wrong with that is told later
		}
	}
	return path
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
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, syntax(path, err)
	}
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return nil, nil // nothing but comments
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: want lines like \"workers: 4\"", path, root.Line)
	}
	out := map[string]value{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if err := add(out, path, root.Content[i], root.Content[i+1], known); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add takes one line of the file. Both base-url and base_url are understood:
// the first is the flag's name, the second looks like the variable's.
func add(out map[string]value, path string, key, val *yaml.Node, known *pflag.FlagSet) error {
	where := fmt.Sprintf("%s:%d", path, key.Line)
	name := strings.ReplaceAll(key.Value, "_", "-")
	if key.Kind != yaml.ScalarNode || known.Lookup(name) == nil {
		return fmt.Errorf("%s: unknown key %q%s", where, key.Value, didYouMean(name, names(known)))
	}
	if _, twice := out[name]; twice {
		return fmt.Errorf("%s: key %q is there twice", where, name)
	}
	if val.Kind != yaml.ScalarNode || val.Tag == "!!null" {
		return fmt.Errorf("%s: %q wants one plain value", where, name)
	}
	out[name] = value{val.Value, where}
	return nil
}

// syntax makes one line of the library's error, with its place.
func syntax(path string, err error) error {
	if e, ok := errors.AsType[*yaml.LoadError](err); ok {
		line := e.Mark.Line
		if line == 0 {
			line = e.ContextMark.Line
		}
		return fmt.Errorf("%s:%d: %s", path, max(line, 1), plain(e.Message))
	}
	return fmt.Errorf("%s: %s", path, plain(err.Error()))
}

// plain keeps a text on one line.
func plain(text string) string { return strings.Join(strings.Fields(text), " ") }
