package profilestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// inUse tells which running browser has the profile; empty if none. A browser
// holds the file "lockfile" open for itself alone.
func inUse(base string) string {
	f, err := os.OpenFile(filepath.Join(base, "lockfile"), os.O_RDWR, 0)
	if err == nil {
		f.Close()
		return ""
	}
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return "it holds the file lockfile"
	}
	return ""
}

func diskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// freeBytes is the space that this user may still fill.
func freeBytes(dir string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}

// foreign reports whether a file belongs to another user: a user's directory
// for temporary files is that user's own here.
func foreign(fs.FileInfo) bool { return false }
