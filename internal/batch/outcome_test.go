package batch

import (
	"testing"

	"github.com/poactor/poactor/po"
)

// ERROR_MESSAGE names every file that is missing, with its cause and address.
func TestErrorMessage(t *testing.T) {
	t.Parallel()
	addedNames := []po.Missing{
		{Name: "a.pdf", URL: "https://h/a.pdf", Cause: po.PortalError, Detail: "the portal has an error (HTTP 500)",
			Answer: "HTTP 500 Internal Server Error: Oops"},
		{Name: "b.pdf", Cause: po.Timeout},
	}
	for name, tt := range map[string]struct {
		outcome po.Outcome
		want    string
	}{
		"nothing wrong": {po.Outcome{Status: po.Completed}, ""},
		"no file":       {po.Outcome{Status: po.Failed, Cause: po.Timeout, Detail: "slow"}, "slow"},
		"files": {po.Outcome{Status: po.Partial, Cause: po.Timeout, Found: 5, Missing: addedNames},
			"2 of 5 files missing: a.pdf (portal_error: the portal has an error (HTTP 500); the portal said: HTTP 500 Internal Server Error: Oops, https://h/a.pdf); b.pdf (timeout)"},
		"one of them decides": {po.Outcome{Status: po.Failed, Cause: po.PortalError, Detail: addedNames[0].Detail, Found: 1, Missing: addedNames[:1]},
			"1 of 1 file missing: a.pdf (portal_error: the portal has an error (HTTP 500); the portal said: HTTP 500 Internal Server Error: Oops, https://h/a.pdf)"},
		"another cause": {po.Outcome{Status: po.Failed, Cause: po.Quarantined, Detail: "2 browsers died", Found: 2, Missing: addedNames[1:]},
			"2 browsers died; 1 of 2 files missing: b.pdf (timeout)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := *statusCellsOf(tt.outcome)[colDetail]; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
