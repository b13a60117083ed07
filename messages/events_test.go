package messages_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/poactor/poactor/messages"
)

// Every struct outside commands.go is an event with a name of its own.
func TestEventNames(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var decls []ast.Decl
	for _, name := range names {
		if name == "commands.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	named := map[string]bool{} // types
	for name, typ := range messages.EventTypes() {
		named[typ.Name()] = true
		if !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(name) {
			t.Errorf("%v has the name %q", typ, name)
		}
	}
	structs := 0
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, spec := range g.Specs {
			s := spec.(*ast.TypeSpec)
			if _, ok := s.Type.(*ast.StructType); !ok || !s.Name.IsExported() {
				continue
			}
			structs++
			if !named[s.Name.Name] {
				t.Errorf("%s has no name", s.Name.Name)
			}
		}
	}
	if structs != len(named) {
		t.Errorf("%d structs, %d types with a name: is a name given twice?", structs, len(named))
	}
	if name := messages.EventName(struct{}{}); name != "" {
		t.Errorf("a foreign value is called %q", name)
	}
}
