package browser

import (
	"errors"

	"golang.org/x/sys/windows"

	"github.com/poactor/poactor/po"
)

// diskCause is DiskFull if that is what an error says, else the other cause.
func diskCause(err error, other po.Cause) po.Cause {
	if errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) {
		return po.DiskFull
	}
	return other
}
