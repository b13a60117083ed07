package download

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// renamePatience is how long a rename is tried again: virus scanners and the
// search index open new files for a moment, which keeps their folder in place.
const renamePatience = 5 * time.Second

// full says that the output directory cannot take more.
func full(err error) bool {
	for _, e := range []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED, windows.ERROR_WRITE_PROTECT,
		syscall.ENOSPC} { // the last is Config.Write's: no call of the system gives it
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// syncDir does nothing: directories cannot be synced here.
func syncDir(*os.Root, string) error { return nil }
