package testportal

import (
	"testing"

	"github.com/poactor/poactor/internal/fault"
)

// What the portal makes happen is all that strikes its answers.
func TestEveryFaultOfThePortalIsMadeToHappen(t *testing.T) {
	t.Parallel()
	for _, k := range fault.Kinds() {
		if Makes(k) != (k.Op() == fault.OpPage || k.Op() == fault.OpFile) {
			t.Errorf("%s: %q", k, planned[k])
		}
	}
}
