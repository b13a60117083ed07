package po_test

import (
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// Every cause is told in words, with what to do about it.
func TestCauseInWords(t *testing.T) {
	t.Parallel()
	seen := map[string]po.Cause{}
	for _, c := range po.Causes() {
		text, cure := c.Text(), c.Cure()
		if text == string(c) || text == "" || cure == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(cure, ".") {
			t.Errorf("%s: %q, %q", c, text, cure)
		}
		if other, twice := seen[text]; twice {
			t.Errorf("%s and %s are told alike", c, other)
		}
		seen[text] = c
	}
	if c := po.Cause("other"); c.Text() != "other" || c.Cure() != "" {
		t.Errorf("a foreign cause: %q, %q", c.Text(), c.Cure())
	}
}
