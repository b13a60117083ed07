//go:build unix

package doctor

import "golang.org/x/sys/unix"

// openFileLimit is how many files a process may have open, if it asks for all that it may
// have: Go does, and so do browsers.
func openFileLimit() (uint64, bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Max), true
}
