package outdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// A quota that is used up is a full disk, on every system.
func TestFull(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err              error
		full, unwritable bool
	}{
		{nil, false, false},
		{errors.New("no space left on device"), false, false},
		{fs.ErrPermission, false, false},
		{fmt.Errorf("write: %w", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), true, true},
		{&os.LinkError{Op: "rename", Old: "x", New: "y", Err: syscall.EDQUOT}, true, true},
	} {
		if full, unwritable := Full(row.err), Unwritable(row.err); full != row.full || unwritable != row.unwritable {
			t.Errorf("%v: full %v, unwritable %v", row.err, full, unwritable)
		}
	}
	for _, err := range broken {
		if Full(err) || !Unwritable(err) {
			t.Errorf("%v: full %v, unwritable %v", err, Full(err), Unwritable(err))
		}
	}
}

func TestDiskSpace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if s, err := DiskSpace(dir); err != nil || s.Total == 0 || s.Free > s.Total {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := DiskSpace(dir + "/no"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := errors.Join(os.Mkdir(dir+"/sub", 0o700), os.WriteFile(dir+"/a", make([]byte, 3), 0o600),
		os.WriteFile(dir+"/sub/b", make([]byte, 4), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if got := Size(os.DirFS(dir), "."); got != 7 {
		t.Errorf("%d bytes", got)
	}
	if got := Size(os.DirFS(dir), "no"); got != 0 {
		t.Errorf("%d bytes where there is nothing", got)
	}
}
