package download

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// A portal that sends nothing costs an attempt its patience, not the whole time
// of a file; one that is slow costs nothing.
func TestSilence(t *testing.T) {
	t.Parallel()
	hang := func(r *http.Request) { <-r.Context().Done() }
	piecemeal := func(w http.ResponseWriter, text string) {
		for _, b := range []byte(text) {
			fmt.Fprintf(w, "%c", b)
			w.(http.Flusher).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	}
	const idle = time.Second
	slow := "%PDF-1.7 m\n%%EOF" // of 17 bytes: it takes longer than a portal may be idle
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		want    po.Cause
		detail  string
	}{
		"no head":       {func(_ http.ResponseWriter, r *http.Request) { hang(r) }, po.Timeout, "the portal did not answer in time"},
		"no body":       {func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); hang(r) }, po.Timeout, "the file did not come in time: 0 bytes came"},
		"half a body":   {func(w http.ResponseWriter, r *http.Request) { piecemeal(w, slow[:9]); hang(r) }, po.Timeout, "the file did not come in time: 9 bytes came"},
		"error's body":  {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); w.(http.Flusher).Flush(); hang(r) }, po.PortalError, "the portal has an error (HTTP 500)"},
		"slow":          {func(w http.ResponseWriter, _ *http.Request) { piecemeal(w, slow) }, "", ""},
		"slow redirect": {func(w http.ResponseWriter, r *http.Request) { time.Sleep(idle / 2); redirectTo("/slow")(w, r) }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.Handle("/", row.handler)
			mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) { piecemeal(w, slow) })
			base, allowed := portal(t, mux)
			a := openArchive(t, Config{Allowed: allowed})
			a.idleLimit = idle
			begun := time.Now()
			result := fetchOne(t, a, po.Attachment{ID: "1", Name: "a.pdf", URL: base + "/x"})
			took := time.Since(begun)
			if row.want == "" {
				if len(result.Saved.Files) != 1 || result.Saved.Files[0].Bytes != int64(len(slow)) || took < idle {
					t.Errorf("%+v after %v, want the file after more than %v", result, took, idle)
				}
				return
			}
			if len(result.Missing) != 1 || result.Missing[0].Cause != row.want || result.Missing[0].Detail != row.detail || result.Missing[0].Browser {
				t.Errorf("%+v, want %s: %s", result, row.want, row.detail)
			}
			if took < idle || took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}
