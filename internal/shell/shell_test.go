package shell_test

import (
	"testing"

	"github.com/poactor/poactor/internal/shell"
)

// No quotes keep Windows' shells from replacing variables.
func TestPastableOnWindows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`C:\Users\Ann Lee\orders`: true, "PO 1 & 2": true, "%PATH%": false, "$(calc)": false, "`a": false, `a" & calc "`: false,
		"a” ; calc “": false, "Prêt à porter": true,
	} {
		if got := shell.IsPastable("windows", text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
