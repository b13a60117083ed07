package download

import (
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// settledWith is an order that was completed with these attachments, and what is on record of it.
func settledWith(t *testing.T, a *Archive, base string, attachments ...string) po.Saved {
	t.Helper()
	first := fetch(t, a, job(base, po.Saved{}, attachments...)).Saved
	finish(t, a, first, "S/PO_1_COMPLETED")
	first.Folder = "S/PO_1_COMPLETED"
	return first
}

// replace asks for the files of an order again whose list may have been another's.
func replace(base string, saved po.Saved, attachments ...string) po.FetchJob {
	j := job(base, saved, attachments...)
	j.Replace = true
	return j
}

// The folder of an order whose list was wrong ends with what it should have had. What is right stays
// as it is, and what the user has put there, too.
func TestReplace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now      []string
		requests int32
		want     map[string]string
	}{
		"the same list": {[]string{"/a=a.txt", "/b=b.txt"}, 0, map[string]string{"a.txt": "/a", "b.txt": "/b"}},
		"one file less": {[]string{"/b=b.txt"}, 0, map[string]string{"b.txt": "/b"}},
		"one file more": {[]string{"/a=a.txt", "/b=b.txt", "/c=c.txt"}, 1,
			map[string]string{"a.txt": "/a", "b.txt": "/b", "c.txt": "/c"}},
		"another order's list": {[]string{"/x=x.txt", "/y=y.txt"}, 2, map[string]string{"x.txt": "/x", "y.txt": "/y"}},
		"the same name, another's": {[]string{"/x=a.txt", "/b=b.txt"}, 1,
			map[string]string{"a (2).txt": "/x", "b.txt": "/b"}},
		"no list at all": {nil, 0, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := &echo{}
			base, allowed := portal(t, files)
			a := openArchive(t, Config{Allowed: allowed})
			saved := settledWith(t, a, base, "/a=a.txt", "/b=b.txt")
			put(t, a, map[string]string{"S/PO_1_COMPLETED/my notes.txt": "mine"})
			before := files.requests.Load()
			result := fetch(t, a, replace(base, saved, c.now...))
			if n := files.requests.Load() - before; n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			finish(t, a, result.Saved, "S/PO_1_COMPLETED")
			want := map[string]string{"S/PO_1_COMPLETED/my notes.txt": "mine"}
			for file, at := range c.want {
				want["S/PO_1_COMPLETED/"+file] = "content of " + at
			}
			wantTree(t, a, want)
		})
	}
}

// killed is what a kill has left: what is on the disk, and what is on record.
type killed struct {
	step  string
	disk  map[string]string
	saved po.Saved
}

// Wherever the replacing of a folder is cut off, nobody finds a folder with a final name that has
// something of both lists, and the next start brings it to its end.
func TestReplaceCutOffAtEachStep(t *testing.T) {
	t.Parallel()
	oldList, newList := []string{"/a=a.txt", "/b=b.txt"}, []string{"/b=b.txt", "/x=x.txt", "/y=a.txt"}
	var mu sync.Mutex
	var steps []killed
	var a *Archive
	var recorded po.Saved
	cut := func(step string) { // as if the process had ended here
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, killed{step, tree(t, a), recorded})
	}
	served := &echo{}
	watching := false
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if watching {
			cut("before " + r.URL.Path)
			defer cut("after " + r.URL.Path)
		}
		served.ServeHTTP(w, r)
	})
	base, allowed := portal(t, handler)
	a = openArchive(t, Config{Allowed: allowed, Parallel: 1, Write: func() error {
		if watching {
			cut("before a file is made")
		}
		return nil
	}})
	recorded = settledWith(t, a, base, oldList...)
	put(t, a, map[string]string{"S/PO_1_COMPLETED/my notes.txt": "mine"})
	j := replace(base, recorded, newList...)

	cut("before anything")
	recorded.Folder = a.Work(j.Order, j.Supplier, j.Saved) // which the ledger has before the fetch
	cut("it is on record that the order is in work")
	dir, err := a.root.OpenRoot("S/PO_1_COMPLETED")
	if err == nil {
		err = noteFound(dir, recorded.Files)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir.Close()
	cut("what lies there is noted")
	watching = true
	result := fetch(t, a, j)
	watching = false
	cut("all is fetched")
	recorded = result.Saved
	cut("that is on record")
	if err := a.tidy(recorded.Folder, recorded.Files); err != nil {
		t.Fatal(err)
	}
	cut("what is not listed is gone")
	if err := a.move(recorded.Folder, "S/PO_1_COMPLETED"); err != nil {
		t.Fatal(err)
	}
	cut("it is renamed")
	finish(t, a, recorded, "S/PO_1_COMPLETED")
	cut("it has its name")
	recorded.Folder = "S/PO_1_COMPLETED"
	cut("and is settled")
	if len(steps) < 14 {
		t.Fatalf("%d steps", len(steps))
	}

	before := steps[0].disk
	after := map[string]string{"S/PO_1_COMPLETED/my notes.txt": "mine", "S/PO_1_COMPLETED/b.txt": "content of /b",
		"S/PO_1_COMPLETED/x.txt": "content of /x", "S/PO_1_COMPLETED/a (2).txt": "content of /y"}
	if diff := cmp.Diff(after, steps[len(steps)-1].disk); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
	for _, k := range steps {
		if final := finalOnly(k.disk); len(final) > 0 && !maps.Equal(final, before) && !maps.Equal(final, after) {
			t.Errorf("%s: a folder with a final name has %v", k.step, slices.Sorted(maps.Keys(final)))
		}
		next := openArchive(t, Config{Allowed: allowed})
		put(t, next, k.disk)
		result := fetch(t, next, replace(base, k.saved, newList...))
		finish(t, next, result.Saved, "S/PO_1_COMPLETED")
		got := tree(t, next)
		if diff := cmp.Diff(contents(after), contents(got)); diff != "" {
			t.Errorf("cut off %q, then (-want +got):\n%s", k.step, diff)
		}
		for name := range got {
			if path.Dir(name) != "S/PO_1_COMPLETED" {
				t.Errorf("cut off %q, then %s is there", k.step, name)
			}
		}
		if entries, err := os.ReadDir(filepath.Join(next.root.Name(), "S")); err != nil || len(entries) != 1 {
			t.Errorf("cut off %q, then %d folders, %v", k.step, len(entries), err)
		}
	}
}

// finalOnly is what lies in folders with a final name, but for notes of our own.
func finalOnly(disk map[string]string) map[string]string {
	final := map[string]string{}
	for name, content := range disk {
		if !outdir.IsWorkFolder(path.Dir(name)) && !strings.HasPrefix(path.Base(name), outdir.OwnPrefix) {
			final[name] = content
		}
	}
	return final
}

// contents are the contents of files, sorted: which of two with one name has a number depends on
// which was there first.
func contents(disk map[string]string) []string { return slices.Sorted(maps.Values(disk)) }
