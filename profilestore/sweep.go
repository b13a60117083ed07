package profilestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
)

// Leftovers is what a store has left whose process was killed.
type Leftovers struct {
	For      string // what the store was for, see Config
	Profiles int
	Browsers int   // that were alive; each counts once, with all its processes
	Bytes    int64 // of the profiles' files
}

// Sweep removes a work directory that a dead process has left, and kills the
// browsers which still run on profiles in it. With dryRun it only says what it
// would do. It touches nothing where it cannot be sure: the error wraps
// ErrNotOurs unless dir is a directory of this user with a store's marker, and
// ErrInUse where the store lives. An error beside leftovers says why a part of
// them had to stay.
func Sweep(dir string, dryRun bool) (Leftovers, error) {
	root, err := openDir(dir)
	if err != nil {
		return Leftovers{}, err
	}
	defer root.Close()
	m, err := readMarker(root)
	if err != nil {
		return Leftovers{}, err
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	switch {
	case err != nil:
		return Leftovers{For: m.For}, err
	case !free:
		return Leftovers{For: m.For}, fmt.Errorf("%s is %w", dir, ErrInUse)
	}
	if !isHeld(lock, root) {
		lock.Unlock()
		return Leftovers{For: m.For}, fmt.Errorf("%s is %w: it comes and goes", dir, ErrInUse)
	}
	left, err := sweepDead(root, m, dryRun)
	root.Close() // Windows removes no open directory
	if dryRun {
		return left, errors.Join(err, lock.Unlock())
	}
	return left, errors.Join(err, abandon(dir, lock))
}

// sweepDead ends the browsers of an open work directory, whose lock is held,
// and removes its profiles.
func sweepDead(root *os.Root, m marker, dryRun bool) (Leftovers, error) {
	left := Leftovers{For: m.For}
	act := process.End
	if dryRun {
		act = process.Find
	}
	list, err := act(runsIn(m.Dir))
	left.Browsers = count(list)
	if err != nil { // it would go on writing
		return left, err
	}
	left.Profiles, left.Bytes, err = sweepHomes(root, isHome, dryRun)
	return left, err
}

// userDataDir is how browsers are told their profile's directory.
const userDataDir = "--user-data-dir="

// runsIn accepts the argument of browsers on the profiles of a work directory.
func runsIn(dir string) func(arg string) bool {
	return func(arg string) bool {
		profile, ok := strings.CutPrefix(arg, userDataDir)
		home := filepath.Dir(profile)
		return ok && profile == filepath.Join(home, profileName) && filepath.Dir(home) == dir && isNumber(filepath.Base(home))
	}
}

// count is how many browsers the processes belong to.
func count(list []process.Process) int {
	args := map[string]bool{}
	for _, p := range list {
		args[p.Match] = true
	}
	return len(args)
}

func isNumber(name string) bool {
	n, err := strconv.Atoi(name)
	return err == nil && strconv.Itoa(n) == name
}

func isTrash(name string) bool { return strings.HasPrefix(name, trashPrefix) }

// isHome tells the names that a store gives to what holds a profile.
func isHome(name string) bool { return isNumber(name) || isTrash(name) }

// sweepHomes removes the profiles whose homes have such names, and of a home
// nothing but what a store puts there. It must be called with the lock held.
func sweepHomes(root *os.Root, which func(name string) bool, dryRun bool) (profiles int, bytes int64, err error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return 0, 0, err
	}
	var errs []error
	for _, e := range entries {
		if !e.IsDir() || !which(e.Name()) {
			continue
		}
		size := outdir.Size(root.FS(), e.Name())
		if !dryRun {
			if err := removeHome(root, e.Name()); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		profiles++
		bytes += size
	}
	return profiles, bytes, errors.Join(errs...)
}

// removeHome removes a profile's home in an open work directory.
func removeHome(root *os.Root, home string) error {
	err := errors.Join(root.RemoveAll(path.Join(home, profileName)), root.RemoveAll(path.Join(home, tempName)))
	if err == nil {
		err = root.Remove(home)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", filepath.Join(root.Name(), home), err)
	}
	return nil
}

// Remaining lists what is still there of a work directory after its store was
// closed: paths, and processes on profiles in it. It is empty where all is
// well.
func Remaining(dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var left []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockName && e.Name() != markerName {
			left = append(left, filepath.Join(dir, e.Name()))
		}
	}
	if err == nil && len(left) == 0 {
		left = append(left, dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	list, e := process.Find(runsIn(dir))
	for _, p := range list {
		left = append(left, fmt.Sprintf("process %d on %s", p.Pid, strings.TrimPrefix(p.Match, userDataDir)))
	}
	return left, errors.Join(err, e)
}
