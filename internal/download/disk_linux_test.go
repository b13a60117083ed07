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
	result, err := a.Fetch(t.Context(), job(base, po.Kept{}, "/big=big.pdf", "/a=a.pdf"))
	if !errors.Is(err, po.DiskFull) {
		t.Errorf("Fetch: %v, want disk_full", err)
	}
	if len(result.Kept.Files)+len(result.Missing) != 2 || result.Kept.Folder == "" {
		t.Errorf("result %+v", result)
	}
	want := map[string]string{}
	for _, f := range result.Kept.Files {
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
	if _, err := a.Fetch(t.Context(), job(base, po.Kept{}, "/a=a.pdf")); !errors.Is(err, po.DiskFull) {
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
	err := a.Finish(t.Context(), po.Kept{Folder: "S/PO_1__WORK"}, "S/PO_1_FAILED")
	want := "finish folder: cannot rename S/PO_1__WORK to PO_1_FAILED: device or resource busy"
	if po.CauseOf(err) != po.DiskFull || err.Error() != want {
		t.Errorf("%s: %v, want %s", po.CauseOf(err), err, want)
	}
}
