package po_test

import (
	"testing"

	"github.com/poactor/poactor/po"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                                            "",
		"https://x.example/a":                         "https://x.example/a",
		"https://x.example/a?b=c":                     "https://x.example/a",
		"https://x.example/a#b?c":                     "https://x.example/a",
		"https://x.example?b":                         "https://x.example",
		"https://u:p@x.example/a@b":                   "https://x.example/a@b",
		"https://u:p@x.example":                       "https://x.example",
		"https://x.example/a;jsessionid=1":            "https://x.example/a",
		"https://x.example/a;JSESSIONID=1/b;v=2?c":    "https://x.example/a/b;v=2",
		"https://x.example/ü/%2F":                     "https://x.example/ü/%2F",
		"/a?b":                                        "/a",
		"https://u:secret@x.example:8/a?sig=secret#x": "https://x.example:8/a",
		"https://x.example/a%20b?":                    "https://x.example/a%20b",
		"javascript:download('secret')":               "",
		"JavaScript:go('?x')":                         "",
		"data:text/plain,secret":                      "",
		"data:text/html,https://x.example/secret":     "",
		"blob:https://x.example/1-2":                  "blob:https://x.example/1-2",
		"http://[::1":                                 "http://[::1",
	} {
		if got := po.PublicURL(address); got != want {
			t.Errorf("PublicURL(%q) = %q, want %q", address, got, want)
		}
	}
	for text, want := range map[string]string{
		"nothing": "nothing",
		`{"url":"https://x.example/a?b=1\u0026sig=s3cr3t"}`: `{"url":"https://x.example/a"}`,
		"is it? no":                      "is it? no",
		"a.pdf;jsessionid=1A and b; c=d": "a.pdf and b; c=d",
		`Get "https://x.example/a?sig=1": EOF, then http://u:p@y.example/b#c.`: `Get "https://x.example/a": EOF, then http://y.example/b`,
	} {
		if got := po.MaskAddresses(text); got != want {
			t.Errorf("MaskAddresses(%q) = %q, want %q", text, got, want)
		}
	}
	one, two := po.AttachmentID("https://x.example/f?id=1&t=s3cr3t"), po.AttachmentID("https://x.example/f?id=2&t=s3cr3t")
	if one == two || one != po.AttachmentID("https://x.example/f?id=1&t=s3cr3t") || len(one) != len("https://x.example/f#")+16 {
		t.Errorf("IDs %q and %q", one, two)
	}
	for id, want := range map[string]string{one: one, "https://x.example/f?id=1&t=s3cr3t": one, "click:Is it?.pdf#1": "click:Is it?.pdf#1"} {
		if got := po.RecordedID(id); got != want {
			t.Errorf("RecordedID(%q) = %q, want %q", id, got, want)
		}
	}
	for _, address := range []string{"https://x.example/f/1", "javascript:go(1)"} {
		if got := po.AttachmentID(address); got != address {
			t.Errorf("ID %q", got)
		}
	}
}
