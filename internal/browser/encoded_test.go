package browser

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A browser does not tell whether a compressed file came to its end. So none is asked
// for, whatever a click makes of it; where the portal compresses all the same, the
// file's answer says so.
func TestCompressedFiles(t *testing.T) {
	t.Parallel()
	compressedFiles(t, *browserPath)
}

func TestFaultsCompressedFilesInTheOtherBrowser(t *testing.T) {
	t.Parallel()
	compressedFiles(t, otherBrowser(t))
}

func compressedFiles(t *testing.T, browser string) {
	t.Helper()
	needBrowser(t)
	file := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Content-Disposition", "attachment; filename="+r.URL.Query().Get("way")+".csv")
		var to io.Writer = w
		if r.URL.Query().Has("always") || strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Flush() // and not closed: its end is missing
			to = z
		}
		io.WriteString(to, "1;2")
	}
	ways := func(query string) string {
		return strings.ReplaceAll(saveBlob+`
			<button class=att onclick="location='/file?way=location'">location</button>
			<button class=att onclick="const a = document.createElement('a'); a.download = ''; a.href = '/file?way=download'; a.click()">Download</button>
			<form class=att method=post action=/file?way=form onclick="this.submit()">form</form>
			<form class=att method=post action=/file?way=window target=_blank onclick="this.submit()">window</form>
			<form class=att method=post action=/file?way=frame target=f onclick="this.submit()">frame</form><iframe name=f></iframe>
			<button class=att onclick="fetch('/file?', {method: 'POST'}).then((r) => r.blob()).then((b) => save(b, 'fetch'))">fetch</button>
			<button class=att onclick="new Worker('/worker.js?').onmessage = (e) => save(e.data, 'worker')">worker</button>`, "?", "?"+query+"&")
	}
	base := serve(t, site{
		"/orders/1": page(ways("")),
		"/orders/2": page(ways("always=1")),
		"/file":     file,
		"/worker.js": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			io.WriteString(w, `fetch('/file' + location.search, {method: 'POST'}).then((r) => r.blob()).then((b) => postMessage(b))`)
		},
	})
	p := testPortal(base)
	p.Attachments.Name = []string{"text"}
	names := strings.Fields("location download.csv form window frame fetch worker") // a download is called like its file
	s := openWith(t, p, browser)
	for _, row := range []struct{ number, want string }{{"1", ""}, {"2", "gzip"}} { // in this order: after the second it is asked for no more
		number, want := row.number, row.want
		r, err := s.Read(t.Context(), order(number), nil)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, a := range r.Attachments {
			ids = append(ids, a.ID)
		}
		if r, err = s.Read(t.Context(), order(number), ids); err != nil {
			t.Fatal(err)
		}
		got, all := map[string]string{}, map[string]string{}
		for _, name := range names {
			all[name] = name + " saved 1;2 " + want
		}
		for _, a := range r.Attachments {
			t.Log(a.Name, a.Detail)
			got[a.Name] = gotten(t, base, a) + " " + a.Answer.Header.Get("Content-Encoding")
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("order %s (-want +got):\n%s", number, diff)
		}
	}
}
