package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func TestFetchAndFinish(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, &echo{})
	a := openArchive(t, Config{Allowed: allowed})
	result := fetch(t, a, job(base, po.Saved{}, "/a=../../a.txt", "/b=CON.txt", "/c=\u202e=x\n.txt"))
	wantNames(t, result.Saved, "/a=a.txt", "/b=_CON.txt", "/c==x .txt")
	finish(t, a, result.Saved, "S/PO_1_COMPLETED")
	wantTree(t, a, map[string]string{
		"S/PO_1_COMPLETED/a.txt": "content of /a", "S/PO_1_COMPLETED/_CON.txt": "content of /b", "S/PO_1_COMPLETED/=x .txt": "content of /c"})
	if original := result.Saved.Files[0].Original; original != "../../a.txt" {
		t.Errorf("original %q", original)
	}
}

// The same answers lead to the same names, however they race.
func TestSameNames(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, &echo{})
	a := openArchive(t, Config{Allowed: allowed})
	var group sync.WaitGroup
	for n := range 10 {
		group.Go(func() {
			j := job(base, po.Saved{}, "/1=a.txt", "/2=A.TXT", "/3=a.txt", "/4=a (2).txt", "/5=re\u0301.txt", "/6=ré.txt", "/1=a.txt")
			j.Order.Key = po.Key(fmt.Sprint(n))
			result, err := a.Fetch(context.Background(), j)
			if err != nil {
				t.Error(err)
			}
			wantNames(t, result.Saved, "/1=a.txt", "/2=A (2).TXT", "/3=a (3).txt", "/4=a (2) (2).txt", "/5=ré.txt", "/6=ré (2).txt")
		})
	}
	group.Wait()
}

func TestParallelIsBounded(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	gate := make(chan struct{})
	base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 3 { // as many as may be: all go on
			select {
			case <-gate:
			default:
				close(gate)
			}
		}
		<-gate
		io.WriteString(w, pdf)
	}))
	a := openArchive(t, Config{Allowed: allowed, Parallel: 3})
	var group sync.WaitGroup
	for n := range 3 {
		group.Go(func() {
			j := job(base, po.Saved{}, "/1", "/2", "/3", "/4")
			j.Order.Key = po.Key(fmt.Sprint(n))
			if r, err := a.Fetch(context.Background(), j); err != nil || len(r.Saved.Files) != 4 {
				t.Error(r, err)
			}
		})
	}
	group.Wait()
	if most.Load() != 3 {
		t.Errorf("%d files at once, want 3", most.Load())
	}
}

func TestSecondAttemptKeepsWhatIsWhole(t *testing.T) {
	t.Parallel()
	portalFiles := &echo{}
	base, allowed := portal(t, portalFiles)
	a := openArchive(t, Config{Allowed: allowed})
	portalFiles.set("/b")
	first := fetch(t, a, job(base, po.Saved{}, "/a=x.txt", "/b=x.txt", "/c=x.txt", "/d=d.txt"))
	wantNames(t, first.Saved, "/a=x.txt", "/c=x (2).txt", "/d=d.txt")
	if len(first.Missing) != 1 || first.Missing[0].ID != "/b" || first.Missing[0].Cause != po.PortalError {
		t.Errorf("missing %+v", first.Missing)
	}
	put(t, a, map[string]string{"S/PO_1__WORK/x.txt": "content of /A"}) // same size, other content
	portalFiles.set()
	before := portalFiles.requests.Load()
	second := fetch(t, a, job(base, first.Saved, "/a=x.txt", "/b=x.txt", "/c=x.txt")) // d is listed no more
	wantNames(t, second.Saved, "/a=x.txt", "/b=x (3).txt", "/c=x (2).txt")
	if n := portalFiles.requests.Load() - before; n != 2 {
		t.Errorf("%d requests, want 2: for what is broken and what was missing", n)
	}
	finish(t, a, second.Saved, "S/PO_1_COMPLETED")
	wantTree(t, a, map[string]string{"S/PO_1_COMPLETED/x (2).txt": "content of /c",
		"S/PO_1_COMPLETED/x.txt": "content of /a", "S/PO_1_COMPLETED/x (3).txt": "content of /b"})
}

// A process was killed: a temporary file and a placed one are left, and
// nothing was recorded.
func TestAfterAKill(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, &echo{})
	a := openArchive(t, Config{Allowed: allowed})
	put(t, a, map[string]string{
		"S/PO_1__WORK/.poactor-0.part": "conte", "S/PO_1__WORK/A.txt": "content of /a",
		"S/PO_1__WORK/b.txt": "", "S/PO_1__WORK/old.txt": "old",
	})
	result := fetch(t, a, job(base, po.Saved{}, "/a=a.txt", "/b=b.txt"))
	wantNames(t, result.Saved, "/a=A.txt", "/b=b (2).txt")
	finish(t, a, result.Saved, "S/PO_1_COMPLETED")
	wantTree(t, a, map[string]string{"S/PO_1_COMPLETED/A.txt": "content of /a", "S/PO_1_COMPLETED/b (2).txt": "content of /b"})
}

// A later run takes up a folder that had its final name.
func TestFinalFolderIsTakenBack(t *testing.T) {
	t.Parallel()
	rows := map[string]po.Saved{
		"recorded":   {Folder: "S/PO_1_PARTIAL", Files: []po.File{{ID: "/a", Name: "a.txt", Bytes: 13, SHA256: sum("content of /a")}, {ID: "/s", Name: "short.txt", Bytes: 13, SHA256: sum("content of /s")}, {ID: "/n", Name: "noted.txt", Bytes: 4, SHA256: sum("pure")}, {ID: "/gone", Name: "gone.txt", Bytes: 4, SHA256: sum("gone")}}},
		"unrecorded": {},
		"hostile":    {Folder: "../outside/PO_1_PARTIAL", Files: []po.File{{ID: "/a", Name: "../../a.txt", Bytes: 1}}},
	}
	for name, saved := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portalFiles := &echo{}
			base, allowed := portal(t, portalFiles)
			a := openArchive(t, Config{Allowed: allowed})
			put(t, a, map[string]string{"S/PO_1_PARTIAL/a.txt": "content of /a", "S/PO_1_PARTIAL/short.txt": "cont",
				"S/PO_1_PARTIAL/gone.txt": "gone", "S/PO_1_PARTIAL/noted.txt": "pure, with notes", "S/PO_1_PARTIAL/my notes.txt": "mine"})
			result := fetch(t, a, job(base, saved, "/a=a.txt", "/b=b.txt"))
			wantNames(t, result.Saved, "/a=a.txt", "/b=b.txt")
			if n, want := portalFiles.requests.Load(), map[bool]int32{true: 1, false: 2}[name == "recorded"]; n != want {
				t.Errorf("%d requests, want %d", n, want)
			}
			again := fetch(t, a, job(base, result.Saved, "/a=a.txt", "/b=b.txt")) // killed and started again
			finish(t, a, again.Saved, "S/PO_1_COMPLETED")
			want := map[string]string{"S/PO_1_COMPLETED/a.txt": "content of /a", "S/PO_1_COMPLETED/b.txt": "content of /b",
				"S/PO_1_COMPLETED/gone.txt": "gone", "S/PO_1_COMPLETED/noted.txt": "pure, with notes", "S/PO_1_COMPLETED/my notes.txt": "mine"}
			if name != "recorded" { // nobody knows that it is broken
				want["S/PO_1_COMPLETED/short.txt"] = "cont"
			}
			wantTree(t, a, want)
		})
	}
}

func TestMovesFromUnknownSupplier(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, &echo{})
	a := openArchive(t, Config{Allowed: allowed})
	old := po.Saved{Folder: "Unknown supplier/PO_1_FAILED"}
	finish(t, a, po.Saved{}, old.Folder)
	result := fetch(t, a, job(base, old, "/a=a.txt"))
	finish(t, a, result.Saved, a.Final(po.Order{Key: "1", Number: "1"}, "S", result.Saved, po.Completed))
	wantTree(t, a, map[string]string{"S/PO_1_COMPLETED/a.txt": "content of /a"})
	if a.isDir(old.Folder) {
		t.Error("the old folder is still there")
	}
}

// A cancelled fetch tells what it has, and leaves nothing half.
func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "content of "+r.URL.Path)
		if r.URL.Path == "/a" {
			return
		}
		w.(http.Flusher).Flush()
		close(served)
		<-r.Context().Done()
	}))
	a := openArchive(t, Config{Allowed: allowed, Parallel: 1}) // so that /a is whole before /b begins
	go func() { <-served; cancel() }()
	result, err := a.Fetch(ctx, job(base, po.Saved{}, "/a=a.txt", "/b=b.txt", "/c=c.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Saved.Files)+len(result.Missing) != 3 || !slices.ContainsFunc(result.Missing, func(m po.Missing) bool { return m.ID == "/b" && m.Cause == po.Interrupted }) {
		t.Errorf("result %+v", result)
	}
	want := map[string]string{}
	for _, f := range result.Saved.Files {
		want["S/PO_1__WORK/"+f.Name] = "content of " + f.ID
	}
	wantTree(t, a, want)
}

func TestPlantedLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("making links takes a right there")
	}
	rows := map[string]func(out, outside string) error{
		"supplier":    func(out, outside string) error { return os.Symlink(outside, filepath.Join(out, "S")) },
		"work folder": func(out, outside string) error { return plant(outside, filepath.Join(out, "S", "PO_1__WORK")) },
		"file": func(out, outside string) error {
			return plant(filepath.Join(outside, "victim"), filepath.Join(out, "S", "PO_1__WORK", "a.txt"))
		},
		"temporary file": func(out, outside string) error {
			return plant(filepath.Join(outside, "victim"), filepath.Join(out, "S", "PO_1__WORK", tempName(0)))
		},
		"final folder": func(out, outside string) error { return plant(outside, filepath.Join(out, "S", "PO_1_PARTIAL")) },
	}
	for name, make := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, allowed := portal(t, &echo{})
			a := openArchive(t, Config{Allowed: allowed})
			outside := t.TempDir()
			victim := map[string]string{"victim": "untouched"}
			if err := os.WriteFile(filepath.Join(outside, "victim"), []byte("untouched"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := make(a.root.Name(), outside); err != nil {
				t.Fatal(err)
			}
			result, err := a.Fetch(t.Context(), job(base, po.Saved{}, "/a=a.txt"))
			if err == nil {
				err = a.Finish(t.Context(), result.Saved, "S/PO_1_PARTIAL")
			}
			t.Logf("result %v, %v", names(result.Saved), err)
			if diff := cmp.Diff(victim, treeOf(t, outside)); diff != "" {
				t.Errorf("outside (-want +got):\n%s", diff)
			}
		})
	}
}

func plant(target, link string) error {
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, link)
}

func TestRenameNeverOverwrites(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*os.Root, string, string) error{"link": rename, "reservation": renameReserved} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := openArchive(t, Config{})
			put(t, a, map[string]string{"from": "new", "taken": "old"})
			if err := f(a.root, "from", "taken"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("onto another file: %v, want fs.ErrExist", err)
			}
			wantTree(t, a, map[string]string{"from": "new", "taken": "old"})
			if err := f(a.root, "from", "free"); err != nil {
				t.Error(err)
			}
			wantTree(t, a, map[string]string{"free": "new", "taken": "old"})
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	allowed := func(*url.URL) bool { return true }
	for name, c := range map[string]Config{
		"no directory": {Allowed: allowed}, "no hosts": {Out: t.TempDir()}, "a file": {Out: file, Allowed: allowed},
		"below a file": {Out: filepath.Join(file, "x"), Allowed: allowed}, "negative": {Out: t.TempDir(), Allowed: allowed, Parallel: -1},
	} {
		if a, err := Open(c); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
}

// What is not to be written ends the run as a full disk does, or the order as
// any other error does, and leaves no part of a file.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, &echo{})
	for name, row := range map[string]struct {
		err  error
		want po.Cause
	}{
		"disk full": {syscall.ENOSPC, po.DiskFull},
		"no rights": {syscall.EACCES, po.DiskFull},
		"other":     {errors.New("rain"), po.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var begun atomic.Int32 // files; all but the first fail
			a := openArchive(t, Config{Allowed: allowed, Parallel: 1, Write: func() error {
				if begun.Add(1) > 1 {
					return row.err
				}
				return nil
			}})
			result, err := a.Fetch(t.Context(), job(base, po.Saved{}, "/a=a.txt", "/b=b.txt", "/c=c.txt"))
			if po.CauseOf(err) != row.want || !errors.Is(err, row.err) {
				t.Errorf("Fetch: %v, want %s", err, row.want)
			}
			if len(result.Saved.Files) != 1 || len(result.Missing) != 2 {
				t.Errorf("%d files were begun: %+v", begun.Load(), result)
			}
			want := map[string]string{}
			for _, f := range result.Saved.Files {
				want["S/PO_1__WORK/"+f.Name] = "content of /" + f.Name[:1]
			}
			wantTree(t, a, want)
			begun.Store(-2)
			if second := fetch(t, a, job(base, result.Saved, "/a=a.txt", "/b=b.txt", "/c=c.txt")); len(second.Saved.Files) != 3 {
				t.Errorf("the next attempt: %+v", second)
			}
		})
	}
}
