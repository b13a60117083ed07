package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// lock is the hold on an output directory. The system gives it back when its
// process ends, however that happens.
type lock struct {
	flock *flock.Flock
	root  *os.Root // where it is
}

// ownerName is the file that says who holds the lock.
const ownerName = outdir.LockFile + ".owner"

// lockTries is how often a lock is asked for: somebody who only wants to know
// who holds it has it for a moment.
const lockTries = 5

// takeLock takes the lock of an output directory. The error is a *po.Error with
// ErrHeld and the owner's name if somebody else has it.
func takeLock(dir string) (*lock, error) {
	l, err := newLock(dir)
	if err != nil {
		return nil, writeError(err)
	}
	if err := l.try(dir, lockTries); err != nil {
		l.root.Close()
		return nil, err
	}
	host, _ := os.Hostname() // only for people
	text, err := json.Marshal(po.Owner{Process: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		err = l.root.WriteFile(ownerName, text, 0o600)
	}
	if err != nil {
		l.close()
		return nil, writeError(err)
	}
	return l, nil
}

// newLock is the lock of an output directory that has a state directory.
func newLock(dir string) (*lock, error) {
	root, err := outdir.OpenState(dir)
	if err != nil {
		return nil, err
	}
	path := outdir.StatePath(dir, outdir.LockFile)
	return &lock{flock: flock.New(path, flock.SetPermissions(0o600)), root: root}, nil
}

func (l *lock) try(dir string, tries int) error {
	for n := 1; ; n++ {
		switch free, err := l.flock.TryLock(); {
		case err != nil:
			return writeError(err)
		case free:
			return nil
		case n == tries:
			return &po.Error{Msg: "another run holds " + dir + describeOwner(l.holder()),
				Hint: "wait until it has ended, or give another --out", Err: ErrHeld}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// FindOwner tells who holds an output directory: nobody if that is nil.
func FindOwner(dir string) (*po.Owner, error) {
	l, err := newLock(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, writeError(err)
	}
	defer l.close()
	if _, err := l.root.Lstat(outdir.LockFile); err != nil {
		return nil, nil // nobody ever has
	}
	err = l.try(dir, 1)
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, ErrHeld):
		o := l.holder()
		return &o, nil
	}
	return nil, err
}

// holder is the owner, as far as it is known. It is a file of its own: on
// Windows nobody else can read a locked one.
func (l *lock) holder() (o po.Owner) {
	if text, err := l.root.ReadFile(ownerName); err != nil || json.Unmarshal(text, &o) != nil {
		return po.Owner{}
	}
	return o
}

// describeOwner follows what is held by an owner.
func describeOwner(o po.Owner) string {
	if o.Process == 0 {
		return ""
	}
	return fmt.Sprintf(": process %d on %q, since %s", o.Process, o.Host, o.Since.Local().Format("2006-01-02 15:04:05"))
}

// release gives the directory free. The lock's file stays: removing it would
// let two runs hold locks on two files of one name.
func (l *lock) release() error {
	l.root.Remove(ownerName)
	return l.close()
}

func (l *lock) close() error { return errors.Join(l.flock.Close(), l.root.Close()) }
