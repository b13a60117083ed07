package download

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// tree returns the files of the output directory with their content.
func tree(t *testing.T, a *Archive) map[string]string {
	t.Helper()
	return treeOf(t, a.root.Name())
}

func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// put makes files below the output directory.
func put(t *testing.T, a *Archive, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(a.root.Name(), filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// echo serves /x as the file "content of /x", except what it is told is away,
// and counts requests.
type echo struct {
	requests atomic.Int32
	mu       sync.Mutex
	away     map[string]bool
}

func (e *echo) set(away ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = map[string]bool{}
	for _, path := range away {
		e.away[path] = true
	}
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.requests.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away[r.URL.Path] {
		w.WriteHeader(500)
		return
	}
	fmt.Fprint(w, "content of "+r.URL.Path)
}

// job asks for attachments that are written as path=name.
func job(base string, saved po.Saved, attachments ...string) po.FetchJob {
	j := po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Saved: saved}
	for _, att := range attachments {
		path, name, _ := strings.Cut(att, "=")
		j.Attachments = append(j.Attachments, po.Attachment{ID: path, Name: name, URL: base + path})
	}
	return j
}

func fetch(t *testing.T, a *Archive, j po.FetchJob) po.FetchResult {
	t.Helper()
	result, err := a.Fetch(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func finish(t *testing.T, a *Archive, saved po.Saved, final string) {
	t.Helper()
	for range 2 { // idempotent
		if err := a.Finish(t.Context(), saved, final); err != nil {
			t.Fatal(err)
		}
	}
}

func wantTree(t *testing.T, a *Archive, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, tree(t, a)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func names(saved po.Saved) []string {
	var list []string
	for _, f := range saved.Files {
		list = append(list, f.ID+"="+f.Name)
	}
	return list
}

func wantNames(t *testing.T, saved po.Saved, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, names(saved)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}
