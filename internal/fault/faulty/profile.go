package faulty

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/poactor/poactor/internal/fault"
)

// Leased is told of a new profile, and damages it now and then.
func (f *Ports) Leased(id, dir string) {
	if f == nil {
		return
	}
	if x, ok := f.Next(fault.OpLease); ok && damage(dir) == nil {
		f.report(x, id)
	}
}

// damage puts something where a browser wants its lock, a link or a file that it
// can open, and where a headless shell, which takes no lock, wants its state:
// neither starts then.
func damage(dir string) error {
	state := filepath.Join(dir, "Local State")
	if err := os.RemoveAll(state); err != nil {
		return err
	}
	if err := os.Mkdir(state, 0o700); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return os.Mkdir(filepath.Join(dir, "lockfile"), 0o700)
	}
	return os.WriteFile(filepath.Join(dir, "SingletonLock"), []byte("damaged on purpose"), 0o600)
}

// heldFor is longer than a profile store tries to remove a profile.
const heldFor = 1500 * time.Millisecond

// RemoveProfile removes a path of a profile, as profilestore.Config.Remove does. Now
// and then it fails for a while, as where a program has a file of the profile open.
func (f *Ports) RemoveProfile(id, path string) error {
	if f.isHeld(id) {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is held on purpose", path)
		}
	}
	return os.RemoveAll(path)
}

// isHeld says whether a profile cannot be removed yet. The first removal decides.
func (f *Ports) isHeld(id string) bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	until, known := f.held[id]
	f.mu.Unlock()
	if known {
		return time.Now().Before(until)
	}
	x, hold := f.Next(fault.OpRelease)
	if hold {
		until = time.Now().Add(heldFor)
	}
	f.mu.Lock()
	f.held[id] = until
	f.mu.Unlock()
	if hold {
		f.report(x, id) // at once, for a run may end with it
	}
	return hold
}
