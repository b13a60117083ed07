package download

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/poactor/poactor/po"
)

// tmpfs mounts a disk of the given size.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk takes root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/big" {
			fmt.Fprint(w, strings.Repeat("x", 2<<20))
			return
		}
		io.WriteString(w, pdf)
	}))
	a := openArchive(t, Config{Out: filepath.Join(tmpfs(t, "1m"), "out"), Allowed: allowed, Parallel: 1})
	result, err := a.Fetch(t.Context(), job(base, po.Saved{}, "/big=big.pdf", "/a=a.pdf"))
	if !errors.Is(err, po.DiskFull) {
		t.Errorf("Fetch: %v, want disk_full", err)
	}
	if len(result.Saved.Files)+len(result.Missing) != 2 || result.Saved.Folder == "" {
		t.Errorf("result %+v", result)
	}
	want := map[string]string{}
	for _, f := range result.Saved.Files {
		want["S/PO_1__WORK/"+f.Name] = pdf
	}
	wantTree(t, a, want)
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t, "1m")
	base, allowed := portal(t, &echo{})
	a := openArchive(t, Config{Out: dir, Allowed: allowed})
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("no remount here: %v", err)
	}
	if _, err := a.Fetch(t.Context(), job(base, po.Saved{}, "/a=a.pdf")); !errors.Is(err, po.DiskFull) {
		t.Errorf("Fetch: %v, want disk_full", err)
	}
	if _, err := Open(Config{Out: dir, Allowed: allowed}); !errors.Is(err, po.DiskFull) {
		t.Errorf("Open: %v, want disk_full", err)
	}
}

// A folder that the system does not let go is no bug of ours: the run ends with
// what happened, in words.
func TestFolderCannotBeRenamed(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("mounting a disk takes root")
	}
	a := openArchive(t, Config{})
	if err := a.root.MkdirAll("S/PO_1__WORK", 0o755); err != nil {
		t.Fatal(err)
	}
	busy := filepath.Join(a.root.Name(), "S", "PO_1__WORK")
	if err := unix.Mount("tmpfs", busy, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(busy, unix.MNT_DETACH) })
	err := a.Finish(t.Context(), po.Saved{Folder: "S/PO_1__WORK"}, "S/PO_1_FAILED")
	want := "finish folder: cannot rename S/PO_1__WORK to PO_1_FAILED: device or resource busy"
	if po.CauseOf(err) != po.DiskFull || err.Error() != want {
		t.Errorf("%s: %v, want %s", po.CauseOf(err), err, want)
	}
}

// What has no end does not fill the disk: it fails for itself, others go on, and so
// does the next start.
func TestMinFree(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) { zeros(w) })
	mux.HandleFunc("/large", send(pdf+strings.Repeat(" ", 50<<20), "Content-Length", fmt.Sprint(len(pdf)+50<<20)))
	mux.HandleFunc("/good", send(pdf))
	base, allowed := portal(t, mux)
	disk := tmpfs(t, "64m")
	a := openArchive(t, Config{Out: disk, Allowed: allowed, Parallel: 1, MinFree: 32 << 20})
	for range 2 {
		result := fetch(t, a, job(base, po.Saved{}, "/endless=x.pdf", "/good=good.pdf"))
		if len(result.Missing) != 1 || result.Missing[0].Cause != po.DownloadRejected {
			t.Errorf("missing %+v", result.Missing)
		}
		wantTree(t, a, map[string]string{"S/PO_1__WORK/good.pdf": pdf})
	}
	// One that is announced is nobody's fault but the disk's.
	if _, err := a.Fetch(t.Context(), job(base, po.Saved{}, "/large=x.pdf")); !errors.Is(err, po.DiskFull) {
		t.Errorf("Fetch: %v, want disk_full", err)
	}
	for _, row := range []struct {
		minFree int64
		want    error
	}{{0, nil}, {-1, nil}, {1 << 30, po.DiskFull}} {
		a, err := Open(Config{Out: disk, Allowed: allowed, MinFree: row.minFree})
		if !errors.Is(err, row.want) {
			t.Errorf("Open with %d bytes to stay free: %v, want %v", row.minFree, err, row.want)
		}
		if err == nil {
			a.Close()
		}
	}
}
