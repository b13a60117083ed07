//go:build unix

package download

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// renamePatience is how long a rename is tried again: nothing here keeps one
// from working that would pass.
const renamePatience time.Duration = 0

// full says that the output directory cannot take more.
func full(err error) bool {
	for _, e := range []error{unix.ENOSPC, unix.EDQUOT, unix.EROFS, unix.EIO} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// syncDir makes the names in a directory last.
func syncDir(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // some network shares
		err = nil
	}
	return errors.Join(err, dir.Close())
}
