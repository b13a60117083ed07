package tests

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// apiFile lists the public API, so that a change of it is seen in a diff.
const apiFile = "../docs/api.txt"

// TestAPI holds the public API against its list: every exported name of every package that
// another module can import. UPDATE_GOLDEN=1 writes the list anew.
func TestAPI(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for _, p := range packages(t, "linux") {
		if path, _ := place(p.ImportPath); isPublic(path) {
			writeAPI(t, &out, path)
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(apiFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(apiFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("the public API has changed (-docs/api.txt +now); if it was meant to: UPDATE_GOLDEN=1 go test ./tests -run TestAPI\n%s", diff)
	}
}

// isPublic reports whether other modules can import a package, and may want to.
func isPublic(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !slices.Contains([]string{"internal", "cmd", "tests", "bench", "examples", "tools"}, first)
}

// writeAPI lists the exported names of a package with their signatures, fields and
// methods, without comments.
func writeAPI(t *testing.T, out *bytes.Buffer, path string) {
	t.Helper()
	dir := filepath.Join("..", filepath.FromSlash(path))
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "linux", "amd64", false
	found, err := context.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range found.GoFiles {
		f, err := parser.ParseFile(set, filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		ast.FileExports(f)
		checkNoInternals(t, path, f)
	}
	p, err := doc.NewFromFiles(set, files, module+"/"+path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "package %s // %s\n\n", p.Name, strings.TrimSuffix(module+"/"+path, "/"))
	w := apiWriter{t: t, set: set, out: out}
	w.values(p.Consts)
	w.values(p.Vars)
	w.funcs(p.Funcs)
	for _, kind := range p.Types {
		w.node(kind.Decl)
		w.values(kind.Consts)
		w.values(kind.Vars)
		w.funcs(kind.Funcs)
		w.funcs(kind.Methods)
	}
	fmt.Fprintln(out)
}

type apiWriter struct {
	t   *testing.T
	set *token.FileSet
	out *bytes.Buffer
}

func (w apiWriter) values(list []*doc.Value) {
	for _, v := range list {
		w.node(v.Decl)
	}
}

func (w apiWriter) funcs(list []*doc.Func) {
	for _, f := range list {
		w.node(f.Decl)
	}
}

func (w apiWriter) node(n ast.Node) {
	if f, ok := n.(*ast.FuncDecl); ok {
		f.Body = nil
	}
	var b strings.Builder
	if err := format.Node(&b, w.set, n); err != nil {
		w.t.Error(err)
	}
	for line := range strings.Lines(b.String() + "\n") {
		if text := strings.TrimSpace(line); text != "" && text != "// contains filtered or unexported fields" {
			w.out.WriteString(line)
		}
	}
}

// checkNoInternals reports types of internal packages, which nobody outside could name
// and whose fields go doc does not show, and aliases, of which it shows one line.
func checkNoInternals(t *testing.T, path string, f *ast.File) {
	internals := map[string]string{} // import name to path
	for _, spec := range f.Imports {
		if to := strings.Trim(spec.Path.Value, `"`); strings.HasPrefix(to, module+"/internal/") {
			internals[to[strings.LastIndexByte(to, '/')+1:]] = to
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			return false
		case *ast.FuncDecl: // go/ast keeps the methods of types that are not exported
			if n.Recv != nil && !ast.IsExported(receiver(n.Recv.List[0].Type)) {
				return false
			}
		case *ast.ValueSpec: // a value may come from inside, a type not
			if n.Type != nil {
				ast.Inspect(n.Type, func(n ast.Node) bool { return checkType(t, path, internals, n) })
			}
			return false
		case *ast.TypeSpec:
			if n.Assign != 0 {
				t.Errorf("%s.%s is an alias", path, n.Name)
			}
		}
		return checkType(t, path, internals, n)
	})
}

// receiver is the name of a receiver's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func checkType(t *testing.T, path string, internals map[string]string, n ast.Node) bool {
	if s, ok := n.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok && internals[x.Name] != "" {
			t.Errorf("package %q shows %s.%s of %s", path, x.Name, s.Sel.Name, internals[x.Name])
		}
	}
	return true
}
