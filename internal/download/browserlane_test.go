package download

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func TestBrowserLane(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/etc/passwd", link); err != nil {
		link = dir // no links here: a directory will do
	}
	a := openArchive(t, Config{Allowed: func(*url.URL) bool { return false }})
	good := save("guid-1", pdf)
	result := fetch(t, a, po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Attachments: []po.Attachment{
		{ID: "good", Name: "a.txt", Saved: good},
		{ID: "page", Name: "b.txt", Saved: save("guid-2", signInPage)},
		{ID: "empty", Name: "c.txt", Saved: save("guid-3", "")},
		{ID: "away", Name: "d.txt", Saved: filepath.Join(dir, "away")},
		{ID: "link", Name: "e.txt", Saved: link},
		{ID: "click", Name: "f.txt"},
		{ID: "failed", Name: "g.txt", URL: "http://x/", Cause: po.Timeout, Detail: "it took too long"},
	}})
	wantNames(t, result.Saved, "good=a.txt")
	if f := result.Saved.Files[0]; f.Lane != po.LaneBrowser || f.SHA256 != sum(pdf) || f.Time.IsZero() {
		t.Errorf("file %+v", f)
	}
	if _, err := os.Stat(good); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the loose file is still there")
	}
	var got []po.Missing
	for _, m := range result.Missing {
		m.Detail = ""
		got = append(got, m)
	}
	want := []po.Missing{{ID: "page", Cause: po.DownloadRejected}, {ID: "empty", Cause: po.DownloadRejected}, {ID: "away", Cause: po.BrowserDied},
		{ID: "link", Cause: po.DownloadRejected}, {ID: "click", Cause: po.DownloadRejected, Browser: true}, {ID: "failed", Name: "g.txt", URL: "http://x/", Cause: po.Timeout}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	wantTree(t, a, map[string]string{"S/PO_1__WORK/a.txt": pdf})
}

// What the portal said of a file that the browser has saved is held against it, as
// in the other lane; the browser has undone its encodings.
func TestBrowserLaneAnswers(t *testing.T) {
	t.Parallel()
	field := func(fields ...string) http.Header {
		h := http.Header{}
		for i := 0; i+1 < len(fields); i += 2 {
			h.Set(fields[i], fields[i+1])
		}
		return h
	}
	length := fmt.Sprint(len(pdf))
	for name, row := range map[string]struct {
		content string
		answer  po.Answer
		file    string // its name
		want    po.Cause
	}{
		"whole":               {pdf, po.Answer{Status: 200, Header: field("Content-Length", length)}, "a.pdf", ""},
		"short":               {pdf, po.Answer{Status: 200, Header: field("Content-Length", "5000")}, "", po.DownloadIncomplete},
		"part":                {pdf, po.Answer{Status: 206, Header: field("Content-Length", length, "Content-Range", "bytes 0-27/5000")}, "", po.DownloadIncomplete},
		"encoded":             {pdf, po.Answer{Status: 200, Header: field("Content-Length", "12", "Content-Encoding", "gzip")}, "a.pdf", ""},
		"encoded, cut":        {pdf[:20], po.Answer{Status: 200, Header: field("Content-Length", "12", "Content-Encoding", "gzip")}, "", po.DownloadIncomplete},
		"encoded, and no end": {"1;2", po.Answer{Status: 200, Header: field("Content-Encoding", "gzip")}, "", po.DownloadIncomplete},
		"made of an encoded":  {"1;2", po.Answer{Header: field("Content-Encoding", "br")}, "", po.DownloadIncomplete},
		"empty, announced":    {"", po.Answer{Status: 200, Header: field("Content-Length", "0")}, "a.pdf", ""},
		"empty, unannounced":  {"", po.Answer{Status: 200}, "", po.DownloadRejected},
		"named by the answer": {pdf, po.Answer{Status: 200, Header: field("Content-Disposition", `attachment; filename="b.pdf"`), Name: "c.pdf"}, "b.pdf", ""},
		"text for pdf":        {"Sorry", po.Answer{Status: 200, Header: field("Content-Type", "text/plain")}, "", po.DownloadRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			saved := filepath.Join(t.TempDir(), "guid")
			if err := os.WriteFile(saved, []byte(row.content), 0o600); err != nil {
				t.Fatal(err)
			}
			name := "a.pdf"
			if strings.Contains(row.content, ";") {
				name = "a.csv"
			}
			result := fetchOne(t, openArchive(t, Config{}), po.Attachment{ID: "1", Name: name, Saved: saved, Answer: row.answer})
			if row.want == "" {
				wantNames(t, result.Saved, "1="+row.file)
			} else if len(result.Missing) != 1 || result.Missing[0].Cause != row.want {
				t.Errorf("%+v, want %s", result, row.want)
			}
		})
	}
}
