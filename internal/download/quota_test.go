package download

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// zeros sends zero bytes until nobody wants more; but for the first 5 ones, which
// are those of a PDF.
func zeros(w http.ResponseWriter) {
	buf := append([]byte("%PDF-"), make([]byte, 64<<10)...)
	for {
		if _, err := w.Write(buf); err != nil {
			return
		}
	}
}

// bomb is 64 MiB of zeros, compressed: more than any file may have here.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	buf := make([]byte, 1<<20)
	for range 64 {
		if _, err := w.Write(buf); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A file that is larger than any may be fails for itself, and leaves nothing.
func TestMaxFile(t *testing.T) {
	t.Parallel()
	gz := bomb(t)
	for name, handler := range map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) { zeros(w) },
		"announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(1<<30))
			zeros(w)
		},
		"bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(gz)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.Handle("/x", handler)
			mux.HandleFunc("/good", send(pdf))
			base, allowed := portal(t, mux)
			a := openArchive(t, Config{Allowed: allowed, MaxFile: 10 << 20})
			result := fetch(t, a, job(base, po.Saved{}, "/x=x.pdf", "/good=good.pdf"))
			if len(result.Missing) != 1 || result.Missing[0].Cause != po.DownloadRejected || result.Missing[0].Browser || !strings.Contains(result.Missing[0].Detail, "10 MiB (--max-file)") {
				t.Errorf("missing %+v", result.Missing)
			}
			wantTree(t, a, map[string]string{"S/PO_1__WORK/good.pdf": pdf})
		})
	}
	t.Run("saved by the browser", func(t *testing.T) {
		t.Parallel()
		saved := filepath.Join(t.TempDir(), "guid")
		if err := os.WriteFile(saved, make([]byte, 11<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		result := fetchOne(t, openArchive(t, Config{MaxFile: 10 << 20}), po.Attachment{ID: "1", Name: "a.zip", Saved: saved})
		if len(result.Missing) != 1 || result.Missing[0].Cause != po.DownloadRejected {
			t.Errorf("%+v, want it rejected", result)
		}
	})
}

// A file is as large as it may be.
func TestMaxFileIsReached(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, pdf)
	}))
	for max, want := range map[int64]int{int64(len(pdf)): 1, int64(len(pdf)) - 1: 0, -1: 1} {
		a := openArchive(t, Config{Allowed: allowed, MaxFile: max})
		if result := fetchOne(t, a, po.Attachment{ID: "1", Name: "a.pdf", URL: base}); len(result.Saved.Files) != want {
			t.Errorf("of at most %d bytes: %+v", max, result)
		}
	}
}
