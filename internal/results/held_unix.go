//go:build unix

package results

import (
	"os"

	"golang.org/x/sys/unix"
)

// isLocked asks for both kinds of locks that a program may have on a file.
func isLocked(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false // replacing it needs no right to write to it
	}
	defer f.Close() // and with it our lock
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == unix.EWOULDBLOCK {
		return true
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	return unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock) == nil && lock.Type != unix.F_UNLCK
}
