package profilestore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gofrs/flock"

	"github.com/poactor/poactor/internal/outdir"
)

// The store's own files in a work directory.
const (
	lockName   = ".profiles.lock"
	markerName = ".profiles.json"
)

// marker makes a work directory provably one of a store: nothing is ever
// removed, and no process killed, for the sake of a directory without it.
type marker struct {
	Program string `json:"program"`
	Format  int    `json:"format"`
	Dir     string `json:"dir"`           // as browsers are told it, so that a copy of the directory is none
	For     string `json:"for,omitempty"` // see Config
}

const (
	markerProgram = "poactor profilestore"
	markerFormat  = 1
)

// ErrNotOurs says that a directory is no work directory of a store of this
// user, or cannot be proven to be one.
var ErrNotOurs = errors.New("no work directory of poactor")

// openDir opens a directory of this user's. A link to one is none: what is
// done in the root that it returns is done in dir or not at all.
func openDir(dir string) (*os.Root, error) {
	there, err := os.Lstat(dir)
	switch {
	case err != nil:
		return nil, err
	case !there.IsDir():
		return nil, fmt.Errorf("%s is %w: it is not a directory", dir, ErrNotOurs)
	case outdir.Owner(there) != os.Geteuid(): // root could take it, and its owner would still look in
		return nil, fmt.Errorf("%s is %w: it belongs to another user", dir, ErrNotOurs)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(there, opened) {
		err = fmt.Errorf("%s is %w: it %w", dir, ErrNotOurs, errRaced)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// readMarker reads and checks the marker of an open work directory.
func readMarker(root *os.Root) (marker, error) {
	var m marker
	info, err := root.Lstat(markerName)
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%s is %w: it has no marker", root.Name(), ErrNotOurs)
	}
	if err != nil {
		return m, err
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<16 {
		return m, fmt.Errorf("%s is %w: its marker is another's", root.Name(), ErrNotOurs)
	}
	text, err := root.ReadFile(markerName)
	if err != nil {
		return m, err
	}
	if json.Unmarshal(text, &m) != nil || m.Program != markerProgram || m.Format != markerFormat {
		return m, fmt.Errorf("%s is %w: its marker is another's", root.Name(), ErrNotOurs)
	}
	named, e1 := os.Lstat(m.Dir)
	here, e2 := root.Stat(".")
	if e1 != nil || e2 != nil || !os.SameFile(named, here) {
		return m, fmt.Errorf("%s is %w: its marker is that of %s", root.Name(), ErrNotOurs, m.Dir)
	}
	return m, nil
}

// claim makes an open directory one of a store: it has a marker, or it has
// nothing yet and gets one. A process that is killed meanwhile leaves a
// directory with nothing in it that would be worth removing, which the next
// claim takes. It must be called with the lock held.
func claim(root *os.Root, m marker) (marker, error) {
	there, err := readMarker(root)
	if !errors.Is(err, ErrNotOurs) {
		return there, err
	}
	entries, e := fs.ReadDir(root.FS(), ".")
	if e != nil {
		return m, e
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || entry.Name() != lockName && entry.Name() != outdir.TempName(markerName) {
			return m, fmt.Errorf("%w, and it is not empty: it has %s; remove or move it", err, entry.Name())
		}
	}
	m.Program, m.Format = markerProgram, markerFormat
	text, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	return m, outdir.ReplaceIn(root, markerName, 0o600, outdir.Bytes(text))
}

// isHeld reports whether the lock is that of the directory as it is now. The
// lock's file goes with the directory when its store closes, so that a lock on
// a file which is no longer there, won while another store closed, counts for
// nothing.
func isHeld(lock *flock.Flock, root *os.Root) bool {
	ours, e1 := lock.Stat()
	there, e2 := root.Lstat(lockName)
	return e1 == nil && e2 == nil && os.SameFile(ours, there)
}
