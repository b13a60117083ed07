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

// findHolder tells who has the profile open; nil if nobody has. A browser makes the link
// SingletonLock -> host-pid. One that was killed leaves it, so that on this host only a
// living process counts. Of another host nobody here knows: it may use the same disk, or
// be a container that is gone.
func findHolder(profile string) *lockHolder {
	target, err := os.Readlink(filepath.Join(profile, "SingletonLock"))
	if err != nil {
		return nil
	}
	at := strings.LastIndexByte(target, '-')
	if at < 0 {
		return nil
	}
	pid, err := strconv.Atoi(target[at+1:])
	if err != nil || pid <= 0 {
		return nil
	}
	h := &lockHolder{process: fmt.Sprintf("process %d", pid)}
	if host, err := os.Hostname(); err != nil || host != target[:at] {
		h.host = target[:at]
		return h
	}
	if err := unix.Kill(pid, 0); err != nil && !errors.Is(err, unix.EPERM) {
		return nil
	}
	return h
}
