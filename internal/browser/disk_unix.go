//go:build unix

package browser

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/poactor/poactor/po"
)

// freeBytes is what a user may still write on a directory's file system.
func freeBytes(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

// diskCause is DiskFull if that is what an error says, else the other cause.
func diskCause(err error, other po.Cause) po.Cause {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return po.DiskFull
	}
	return other
}
