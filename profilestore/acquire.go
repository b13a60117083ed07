package profilestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	// lockPatience is how long a work directory is waited for that another has
	// hold of, or that comes and goes with other stores: Sweep holds one while it
	// looks at what a killed process has left in it.
	lockPatience = 15 * time.Second
	// patience is how long it is tried where nothing tells that it may pass.
	patience = 300 * time.Millisecond
)

// errRaced says that a directory, or its lock, was removed or replaced in this
// moment, as a store does that closes.
var errRaced = errors.New("comes and goes")

// acquire makes dir if need be, locks and opens it.
func acquire(dir string) (*flock.Flock, *os.Root, error) {
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		root, err := tryAcquire(dir, lock)
		if err == nil {
			return lock, root, nil
		}
		most := patience
		switch {
		case errors.Is(err, ErrInUse), errors.Is(err, errRaced), errors.Is(err, fs.ErrNotExist):
			most = lockPatience
		case errors.Is(err, ErrNotOurs):
			most = 0
		}
		if time.Since(begun) > most {
			return nil, nil, err
		}
	}
}

// tryAcquire is one try of acquire. The directory may go, with its store, at
// any moment until it is locked.
func tryAcquire(dir string, lock *flock.Flock) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		if there, e := os.Lstat(dir); e == nil && !there.IsDir() {
			err = fmt.Errorf("%s is %w: it is not a directory", dir, ErrNotOurs)
		}
		return nil, err
	}
	root, err := openDir(dir)
	if err != nil {
		return nil, err
	}
	free, err := lock.TryLock()
	if err == nil && !free {
		err = fmt.Errorf("%s is %w by another profile store", dir, ErrInUse)
	}
	if err == nil && !isHeld(lock, root) {
		lock.Unlock() // nobody's any more
		err = fmt.Errorf("%s %w", dir, errRaced)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// abandon gives a directory back that is locked: marker, lock and all, unless
// something is left in it, which the marker then vouches for. Windows removes
// no open file, hence the second try.
func abandon(dir string, lock *flock.Flock) error {
	if empty(dir) {
		os.Remove(filepath.Join(dir, markerName))
	}
	open := os.Remove(lock.Path())
	err := lock.Unlock()
	if open != nil {
		os.Remove(lock.Path())
	}
	os.Remove(dir)
	return err
}

// empty reports whether a work directory has nothing but the store's own files.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockName && e.Name() != markerName {
			return false
		}
	}
	return err == nil
}
