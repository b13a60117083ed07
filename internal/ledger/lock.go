package ledger

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// lock is the hold on an output directory. The system gives it back when its
// process ends, however that happens.
type lock struct {
	flock *flock.Flock
	owner string // file that says who holds it
}

// owner is who holds a directory.
type owner struct {
	Process int       `json:"process"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
}

// takeLock takes the lock of an output directory. The error is an *Error with
// ErrHeld and the owner's name if somebody else has it.
func takeLock(dir, path string) (*lock, error) {
	l := &lock{flock: flock.New(path, flock.SetPermissions(0o600)), owner: path + ".owner"}
	switch free, err := l.flock.TryLock(); {
	case err != nil:
		return nil, writeError(dir, err)
	case !free:
		return nil, &Error{Dir: dir, Msg: fmt.Sprintf("another run holds %s%s", dir, l.holder()),
			Hint: "wait until it has ended, or give another --out", Err: ErrHeld}
	}
	host, _ := os.Hostname() // only for people
	text, err := json.Marshal(owner{os.Getpid(), host, time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		err = os.WriteFile(l.owner, text, 0o600)
	}
	if err != nil {
		l.flock.Close()
		return nil, writeError(dir, err)
	}
	return l, nil
}

// holder names the owner, as far as it is known. It is a file of its own: on
// Windows nobody else can read a locked one.
func (l *lock) holder() string {
	text, err := os.ReadFile(l.owner)
	var o owner
	if err != nil || json.Unmarshal(text, &o) != nil {
		return ""
	}
	return fmt.Sprintf(": process %d on %q, since %s", o.Process, o.Host, o.Since.Local().Format("2006-01-02 15:04:05"))
}

// release gives the directory free. The lock's file stays: removing it would
// let two runs hold locks on two files of one name.
func (l *lock) release() error {
	os.Remove(l.owner)
	return l.flock.Close()
}
