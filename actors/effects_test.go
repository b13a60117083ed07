package actors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The dispatcher's switch has a case for each type of effect: the compiler sees to it
// that there is none too many, this test that there is none too few.
func TestEveryEffectIsCarriedOut(t *testing.T) {
	t.Parallel()
	parse := func(name string) *ast.File {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var effects, cases []string
	for _, d := range parse("../internal/schedule/effects.go").Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "effect" {
			effects = append(effects, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	for _, d := range parse("dispatcher.go").Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "do" {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					cases = append(cases, e.(*ast.SelectorExpr).Sel.Name)
				}
			}
			return true
		})
	}
	slices.Sort(effects)
	slices.Sort(cases)
	if diff := cmp.Diff(effects, cases); diff != "" || len(effects) == 0 {
		t.Errorf("effects (-) and cases (+):\n%s", diff)
	}
}
