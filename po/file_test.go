package po_test

import (
	"testing"

	"github.com/poactor/poactor/po"
)

// What is shown of an address holds no secret.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://h.example/a/b.pdf":                   "https://h.example/a/b.pdf",
		"https://u:secret@h.example:8/a?sig=secret#x": "https://h.example:8/a",
		"https://h.example/a%20b?":                    "https://h.example/a%20b",
		"":                                            "",
		"javascript:download('secret')":               "",
		"data:text/plain,secret":                      "",
		"http://[::1":                                 "",
	} {
		if got := po.PublicURL(address); got != want {
			t.Errorf("PublicURL(%q) = %q, want %q", address, got, want)
		}
	}
}

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
