package browser

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// A file without end is given up by the browser too, and takes no room.
func TestFaultsMaxFile(t *testing.T) {
	t.Parallel()
	endless := func(announced string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/zip")
			if announced != "" {
				w.Header().Set("Content-Length", announced)
			}
			for buf := make([]byte, 64<<10); ; {
				if _, err := w.Write(buf); err != nil {
					return
				}
			}
		}
	}
	base := serve(t, site{
		"/orders/1":    page(`<a class=att href=/endless.zip>endless</a><a class=att href=/large.zip>large</a><a class=att href=/good.csv>good</a>`),
		"/endless.zip": endless(""), "/large.zip": endless("5000000000"),
		"/good.csv": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			w.Write([]byte("a;b"))
		},
	})
	s := openSession(t, testPortal(base))
	s.config.MaxFile = 4 << 20
	r := mustRead(t, s, "1", base+"/endless.zip", base+"/large.zip", base+"/good.csv")
	for _, a := range r.Attachments {
		switch {
		case a.Name == "good":
			if a.Saved == "" {
				t.Errorf("good: %s", a.Detail)
			}
		case a.Cause != po.DownloadRejected || !strings.Contains(a.Detail, "4.0 MiB (--max-file)"):
			t.Errorf("%s: %s, %s", a.Name, a.Cause, a.Detail)
		}
	}
	entries, err := os.ReadDir(s.downloads)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Size() > 1<<20 && !strings.HasSuffix(e.Name(), ".crdownload") {
			t.Errorf("%s of %d bytes is left", e.Name(), info.Size())
		}
	}
}
