package po_test

import (
	"testing"

	"github.com/poactor/poactor/po"
)

// A missing file has a name whatever the page shows.
func TestNewMissing(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]po.Attachment{
		"invoice.pdf":           {Name: " invoice.pdf ", URL: "https://h/1"},
		"report 1.pdf":          {URL: "https://h/files/report%201.pdf?token=secret"},
		"a file without a name": {URL: "https://h/?token=secret"},
	} {
		if got := po.NewMissing(a, po.Timeout, "slow"); got.Name != want || got.Cause != po.Timeout || got.Detail != "slow" {
			t.Errorf("%+v: %+v, want the name %q", a, got, want)
		}
	}
}
