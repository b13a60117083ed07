package download

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// signed serves files whose links work once and are signed anew at each look: what
// file a link gives is in its query.
type signed struct {
	mu   sync.Mutex
	used map[string]int
	fail map[string]bool // files that are not given
}

func (s *signed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	file := r.URL.Query().Get("file")
	s.used[r.URL.String()]++
	switch {
	case s.fail[file]:
		w.WriteHeader(500)
	case s.used[r.URL.String()] > 1:
		w.WriteHeader(403)
	case file == "empty":
		w.Header().Set("Content-Length", "0")
	default:
		fmt.Fprint(w, "content of "+file)
	}
}

// look makes the attachments of one look at the page, as label=file.
func look(base string, n int, files ...[2]string) (list []po.Attachment) {
	for i, f := range files {
		address := fmt.Sprintf("%s/%d-%d/x?file=%s", base, n, i, url.QueryEscape(f[1]))
		list = append(list, po.Attachment{ID: po.Identity{Key: address, Label: f[0]}.String(), Name: f[0], URL: address})
	}
	return list
}

func TestKeptThoughAddressesChange(t *testing.T) {
	t.Parallel()
	server := &signed{used: map[string]int{}, fail: map[string]bool{"b": true}}
	base, allowed := portal(t, server)
	a := openArchive(t, Config{Allowed: allowed})
	do := func(saved po.Saved, n int, files ...[2]string) po.FetchResult {
		return fetch(t, a, po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Saved: saved, Attachments: look(base, n, files...)})
	}
	list := [][2]string{{"a.txt", "a"}, {"b.txt", "b"}, {"c.txt", "c"}}
	first := do(po.Saved{}, 1, list...)
	if len(first.Missing) != 1 || len(first.Saved.Files) != 2 {
		t.Fatalf("%+v", first)
	}
	server.fail = nil
	second := do(first.Saved, 2, list...)
	if len(second.Missing) > 0 || len(second.Saved.Files) != 3 {
		t.Fatalf("%+v", second)
	}
	for i, f := range second.Saved.Files {
		if want := look(base, 2, list...)[i].ID; f.ID != want {
			t.Errorf("file %d is of %q, want %q", i, f.ID, want)
		}
	}
	if len(server.used) != 4 {
		t.Errorf("asked for %v, want each file once, and b twice", server.used)
	}
}

// Labels are places, and the list is sorted anew between two looks: what was kept
// is not taken for what it is not.
func TestKeptIsNotTrustedWhereTheListHasMoved(t *testing.T) {
	t.Parallel()
	server := &signed{used: map[string]int{}, fail: map[string]bool{"c": true}}
	base, allowed := portal(t, server)
	a := openArchive(t, Config{Allowed: allowed})
	do := func(saved po.Saved, n int, files ...[2]string) po.FetchResult {
		return fetch(t, a, po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Saved: saved, Attachments: look(base, n, files...)})
	}
	first := do(po.Saved{}, 1, [2]string{"1", "a"}, [2]string{"2", "b"}, [2]string{"3", "c"}, [2]string{"4", "d"})
	if len(first.Missing) != 1 {
		t.Fatalf("%+v", first)
	}
	server.fail = nil
	second := do(first.Saved, 2, [2]string{"1", "c"}, [2]string{"2", "d"}, [2]string{"3", "a"}, [2]string{"4", "b"})
	got := map[string]bool{}
	for _, f := range second.Saved.Files {
		got[f.SHA256] = true
	}
	want := map[string]bool{}
	for _, f := range []string{"a", "b", "c", "d"} {
		want[sum("content of "+f)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(second.Missing) > 0 {
		t.Errorf("%s\n%+v", diff, second)
	}
}

// What the browser has just saved for a link is surely its own; what was kept for a
// link that only looks like it is not.
func TestSavedIsTrustedBeforeKept(t *testing.T) {
	t.Parallel()
	a := openArchive(t, Config{})
	dir := t.TempDir()
	do := func(saved po.Saved, key, content string) po.FetchResult {
		file := filepath.Join(dir, key)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return fetch(t, a, po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Saved: saved, Attachments: []po.Attachment{
			{ID: po.Identity{Key: key, Label: "Download"}.String(), Name: "Download", Saved: file}}})
	}
	first := do(po.Saved{}, "click:a", "one")
	same := do(first.Saved, "click:a", "another") // kept: it is surely the same
	other := do(same.Saved, "click:b", "two")
	for i, row := range []struct {
		got  po.FetchResult
		want string
	}{{first, "one"}, {same, "one"}, {other, "two"}} {
		if len(row.got.Saved.Files) != 1 || row.got.Saved.Files[0].SHA256 != sum(row.want) {
			t.Errorf("%d: %+v, want %q", i, row.got, row.want)
		}
	}
}

// An empty file of a link that works once is not lost by asking again.
func TestEmptyFileOfALinkThatWorksOnce(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, &signed{used: map[string]int{}})
	a := openArchive(t, Config{Allowed: allowed})
	got := fetch(t, a, po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Attachments: look(base, 1, [2]string{"empty.txt", "empty"})})
	if len(got.Missing) > 0 || len(got.Saved.Files) != 1 || !got.Saved.Files[0].Empty {
		t.Errorf("%+v", got)
	}
}
