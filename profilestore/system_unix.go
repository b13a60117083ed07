//go:build unix

package profilestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// inUse tells which running browser has the profile; empty if none. A browser
// makes the link SingletonLock -> host-pid. One that was killed leaves it, so
// that only a living process of this host counts.
func inUse(base string) string {
	target, err := os.Readlink(filepath.Join(base, "SingletonLock"))
	if err != nil {
		return ""
	}
	at := strings.LastIndexByte(target, '-')
	if at < 0 {
		return ""
	}
	pid, err := strconv.Atoi(target[at+1:])
	if err != nil || pid <= 0 {
		return ""
	}
	if host, err := os.Hostname(); err != nil || host != target[:at] {
		return ""
	}
	if err := unix.Kill(pid, 0); err != nil && !errors.Is(err, unix.EPERM) {
		return ""
	}
	return fmt.Sprintf("process %d", pid)
}
