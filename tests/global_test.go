package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// global names what a program that embeds poactor has once for all of it, and what is
// therefore the program's to set or to use. An empty name is all of a package.
var global = map[string][]string{
	"os": {
		"Exit",
		"Stdin",
		"Stdout",
		"Stderr",
		"Setenv",
		"Unsetenv",
		"Clearenv",
		"Chdir",
		"Args",
	},
	"os/signal": {""},
	"flag":      {""},
	"log": {
		"Default",
		"Fatal",
		"Fatalf",
		"Fatalln",
		"Panic",
		"Panicf",
		"Print",
		"Printf",
		"Println",
		"SetOutput",
		"SetFlags",
	},
	"fmt":      {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"log/slog": {"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log"},
	"net/http": {
		"DefaultServeMux",
		"DefaultClient",
		"DefaultTransport",
		"Handle",
		"HandleFunc",
		"Get",
		"Head",
		"Post",
		"PostForm",
	},
	"net/http/pprof": {""},
	"expvar":         {""},
	"runtime":        {"GOMAXPROCS"},
	"runtime/debug": {
		"SetGCPercent",
		"SetMemoryLimit",
		"SetMaxThreads",
		"SetPanicOnFault",
		"SetTraceback",
	},
	"math/rand":             {""},
	"time":                  {"Local"},
	"syscall":               {"Umask", "Setrlimit", "Exit", "Chdir"},
	"database/sql":          {"Register"},
	"golang.org/x/sys/unix": {"Umask", "Setrlimit", "Exit", "Chdir"},
	"github.com/sirupsen/logrus": {
		"StandardLogger",
		"SetOutput",
		"SetLevel",
		"AddHook",
		"RegisterExitHandler",
		"Info",
		"Infof",
		"Warn",
		"Warnf",
		"Error",
		"Errorf",
		"Debug",
		"Debugf",
		"Fatal",
		"Fatalf",
		"Print",
		"Printf",
		"WithField",
		"WithFields",
		"WithError",
		"Exit",
	},
	"go.opentelemetry.io/otel": {
		"SetMeterProvider",
		"SetTracerProvider",
		"SetTextMapPropagator",
		"SetErrorHandler",
		"SetLogger",
		"GetMeterProvider",
		"GetTracerProvider",
		"Meter",
		"Tracer",
	},
}

// TestNothingGlobal holds what an embedder links: no package of ours begins anything when it is
// imported, sets or uses what belongs to the program, or writes to its output.
func TestNothingGlobal(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for path := range strings.FieldsSeq(string(out)) {
		if where, ours := place(path); ours {
			seen += checkNothingGlobal(t, where)
		}
	}
	if seen < 100 {
		t.Errorf("%d files seen", seen)
	}
}

// checkNothingGlobal looks at the files of a package, of every system.
func checkNothingGlobal(t *testing.T, where string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(where), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		imported := map[string]string{} // by the name in the file
		for _, spec := range f.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			as := path[strings.LastIndexByte(path, '/')+1:]
			if spec.Name != nil {
				as = spec.Name.Name
			}
			imported[as] = path
			if names := global[path]; len(names) == 1 && names[0] == "" {
				t.Errorf("%s imports %s", name, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s: func init", set.Position(n.Pos()))
				}
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if !ok || x.Obj != nil { // a variable of the file's own
					return true
				}
				for _, bad := range global[imported[x.Name]] {
					if bad == n.Sel.Name {
						t.Errorf("%s uses %s.%s", set.Position(n.Pos()), x.Name, n.Sel.Name)
					}
				}
			}
			return true
		})
	}
	return seen
}
