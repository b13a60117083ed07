package profilestore

import (
	"errors"
	"io/fs"
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
	dir, err := os.MkdirTemp("", "fs")
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		os.Remove(dir)
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		unix.Unmount(dir, unix.MNT_DETACH)
		os.Remove(dir)
	})
	return dir
}

func TestDiskTooSmall(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tmpfs(t, "1m"), "w")
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, po.DiskFull) {
		t.Errorf("Open: %v, want disk_full", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open has left something: %v", err)
	}
	disk := tmpfs(t, "40m")
	s := openStore(t, Config{Dir: filepath.Join(disk, "w")})
	if err := os.WriteFile(filepath.Join(disk, "more"), make([]byte, 20<<20), 0o600); err != nil { // it fills up
		t.Fatal(err)
	}
	if _, err := s.Lease(t.Context()); !errors.Is(err, po.DiskFull) {
		t.Errorf("Lease: %v, want disk_full", err)
	}
}

// The disk fills up after the free space was checked.
func TestDiskFullWhileCopying(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	write(t, base, map[string]string{"Local State": "{}", "Default/Cookies": strings.Repeat("x", 3<<20)})
	plan, err := planClone(base, DefaultMaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.close()
	err = withCause("lease profile", plan.copyTo(t.Context(), tmpfs(t, "1m")))
	if !errors.Is(err, po.DiskFull) {
		t.Errorf("copy: %v, want disk_full", err)
	}
}
