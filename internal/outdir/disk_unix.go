//go:build unix

package outdir

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

var (
	full   = []error{unix.ENOSPC, unix.EDQUOT}
	broken = []error{unix.EROFS, unix.EIO}
)

// RenamePatience is how long it is worth while to try a rename again: nothing here
// keeps one from working that would pass.
const RenamePatience time.Duration = 0

// DiskSpace is the room on the disk that a directory is on.
func DiskSpace(dir string) (Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Space{}, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	block := uint64(s.Bsize)
	return Space{Free: uint64(s.Bavail) * block, Total: uint64(s.Blocks) * block}, nil
}

// SyncDir makes the names in a directory below root last through a power cut.
func SyncDir(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil // a network file system that cannot sync a directory
	}
	return errors.Join(err, dir.Close())
}
