package browser

import (
	"errors"

	"golang.org/x/sys/windows"

	"github.com/poactor/poactor/po"
)

// freeBytes is what a user may still write on a directory's volume.
func freeBytes(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return free, err
}

// diskCause is DiskFull if that is what an error says, else the other cause.
func diskCause(err error, other po.Cause) po.Cause {
	if errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) {
		return po.DiskFull
	}
	return other
}
