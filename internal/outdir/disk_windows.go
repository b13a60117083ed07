package outdir

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

var (
	// ENOSPC and EDQUOT come from no call of Windows, but from code that says what a
	// disk does in the same words on every system.
	full = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED,
		syscall.ENOSPC, syscall.EDQUOT}
	broken = []error{windows.ERROR_WRITE_PROTECT}
)

// RenamePatience is how long it is worth while to try a rename again: virus scanners
// and the search index open new files for a moment, which keeps them, and the folders
// above them, in their place.
const RenamePatience = 5 * time.Second

// DiskSpace is the room on the disk that a directory is on.
func DiskSpace(dir string) (s Space, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(name, &s.Free, &s.Total, nil)
	}
	if err != nil {
		return Space{}, &os.PathError{Op: "GetDiskFreeSpaceEx", Path: dir, Err: err}
	}
	return s, nil
}

// SyncDir does nothing: Windows cannot sync a directory; NTFS journals what happens
// to names.
func SyncDir(*os.Root, string) error { return nil }
