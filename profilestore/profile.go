package profilestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// Names within a profile's home, one letter each: TempDir must be short.
const (
	profileName = "p"
	tempName    = "t"
	trashPrefix = ".trash-"
)

// socketBytes is what a browser appends to its TMPDIR for its socket:
// "/org.chromium.Chromium.XXXXXX/SingletonSocket", the longest of Chromium's,
// Chrome's and Edge's.
const socketBytes = 45

// MaxTempDir is the longest path of a TempDir in bytes: what is left of a Unix
// socket's path, 107 bytes on Linux and 103 on macOS and the BSDs, when the
// browser has appended its own. There is no such limit on Windows (0).
func MaxTempDir() int {
	switch runtime.GOOS {
	case "windows":
		return 0
	case "linux":
		return 107 - socketBytes
	}
	return 103 - socketBytes
}

// checkLength refuses a work directory in which TempDirs would be too long.
func checkLength(dir string) error {
	longest := len(filepath.Join(dir, "999999", tempName))
	if limit := MaxTempDir(); limit > 0 && longest > limit {
		return fmt.Errorf("the path %s is too long by %d bytes for a browser's sockets; "+
			"choose a shorter one, like a directory in /tmp", dir, longest-limit)
	}
	return nil
}

// Profile is one leased profile.
type Profile struct {
	// ID names the profile. No two leases ever have the same.
	ID string
	// Dir is the browser's user data directory.
	Dir string
	// TempDir is the directory for the browser's temporary files: its TMPDIR.
	TempDir string

	home    string // holds both
	store   *Store
	release sync.Once
	err     error
}

// Release removes the profile and its TempDir. End the browser's processes
// first; what writes late all the same is waited for, for up to a second.
// What cannot be removed by then is moved aside and swept later, at the latest
// by the next Open. Release may be called again and then only repeats its
// answer, which is an error only where the profile could not even be moved.
func (p *Profile) Release() error {
	p.release.Do(func() {
		remove := func(path string) error { return p.store.remove(p.ID, path) }
		if err := discard(p.home, remove); err != nil {
			p.err = withCause("release profile "+p.ID, err)
		}
		p.store.forget(p)
		<-p.store.slots
	})
	return p.err
}

// How long a removal may take where something still writes or, on Windows,
// holds a file open.
const (
	removeTimeout = time.Second
	removePause   = 20 * time.Millisecond
)

// discard moves a profile's home out of the way, so that a late writer no
// longer finds its path, and removes it. It fails where home is still there.
func discard(home string, remove func(path string) error) error {
	trash := trashName(home)
	moved := false
	var err error
	for end := time.Now().Add(removeTimeout); ; time.Sleep(removePause) {
		if !moved {
			moved = os.Rename(home, trash) == nil // fails on Windows while a file is open
		}
		err = errors.Join(remove(home), remove(trash))
		if err == nil && gone(home) && gone(trash) {
			return nil
		}
		if time.Now().After(end) {
			break
		}
	}
	if moved && gone(home) {
		return nil // sweep tries again
	}
	if err == nil {
		err = fmt.Errorf("%s is still written to", home)
	}
	return err
}

// trashName is a sibling of home that is not there yet.
func trashName(home string) string {
	dir, name := filepath.Split(home)
	for n := 0; ; n++ {
		trash := dir + trashPrefix + name
		if n > 0 {
			trash += "-" + strconv.Itoa(n)
		}
		if gone(trash) {
			return trash
		}
	}
}

func gone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}
