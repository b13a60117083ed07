package poactor_test

import (
	"flag"
	"strings"
	"testing"
)

// Importing poactor registers no flag: those that are there are the tests' own.
func TestImportRegistersNoFlag(t *testing.T) {
	t.Parallel()
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") && !strings.HasPrefix(f.Name, "rapid.") {
			t.Errorf("there is a flag -%s", f.Name)
		}
	})
}
