package ledger

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// What is wrong with an output directory or its ledger, for errors.Is. One that
// cannot be written to wraps po.DiskFull.
var (
	ErrHeld    = errors.New("held by another run")
	ErrDamaged = errors.New("ledger is damaged")
	ErrForeign = errors.New("not a ledger of poactor")
	ErrNewer   = errors.New("ledger of a newer poactor")

	errDamaged = ErrDamaged // for what is found within
)

// Error says what is wrong with an output directory or its ledger, in one line.
type Error struct {
	Dir  string // the output directory
	Msg  string
	Hint string // what to do about it; may be empty
	Err  error
}

func (e *Error) Error() string { return e.Msg }

// Unwrap gives what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// Hints for those who have a file that cannot be read.
const (
	hintAside = "give --fresh to put it aside and begin a new one: the files that are there are checked and kept"
	hintNewer = "use the newer poactor, or give another --out"
	hintRoom  = "make room, or give another --out; the same command goes on from where it stood"
	hintPlace = "give another one with --out, or see to its permissions"
)

func (d *Disk) path() string { return outdir.StatePath(d.dir, outdir.LedgerFile) }

func (d *Disk) foreign() error {
	return &Error{Dir: d.dir, Msg: d.path() + " is not a ledger of poactor", Hint: hintAside, Err: ErrForeign}
}

func (d *Disk) newer(version int) error {
	return &Error{Dir: d.dir, Hint: hintNewer, Err: ErrNewer,
		Msg: fmt.Sprintf("%s was written by a newer poactor (its version is %d, this one knows %d)", d.path(), version, len(migrations))}
}

func (d *Disk) damaged(err error) error {
	return &Error{Dir: d.dir, Msg: fmt.Sprintf("%s is damaged: %s", d.path(), firstLine(err)), Hint: hintAside, Err: errors.Join(ErrDamaged, err)}
}

// wrap makes every error an *Error of this ledger; po.ErrFenced stays.
func (d *Disk) wrap(err error) error {
	if err == nil || errors.Is(err, po.ErrFenced) {
		return err
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if errors.Is(err, errDamaged) {
		return d.damaged(err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return &Error{Dir: d.dir, Msg: "ledger: " + firstLine(err), Err: errors.Join(po.Internal, err)}
	}
	switch e.Code() & 0xff { // the rest is a detail of it
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_MISMATCH:
		return d.damaged(err)
	case sqlite3.SQLITE_CANTOPEN: // for what reason it does not say
		if f, why := os.OpenFile(d.path(), os.O_RDWR, 0); why != nil {
			err = why
		} else {
			_ = f.Close() // nothing was written
		}
		return writeError(d.dir, err)
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return writeError(d.dir, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &Error{Dir: d.dir, Msg: d.path() + " is in use by another program", Hint: "close what has it open", Err: errors.Join(po.DiskFull, err)}
	}
	return &Error{Dir: d.dir, Msg: "ledger: " + firstLine(err), Err: errors.Join(po.Internal, err)}
}

// stateError says why the state directory cannot be opened.
func stateError(dir string, err error) error {
	if errors.Is(err, outdir.ErrUntrusted) {
		return &Error{Dir: dir, Msg: firstLine(err), Hint: outdir.HintUntrusted, Err: err}
	}
	return writeError(dir, err)
}

// writeError says that the output directory cannot be written to.
func writeError(dir string, err error) error {
	out := &Error{Dir: dir, Msg: "output directory: " + firstLine(err), Hint: hintPlace, Err: errors.Join(po.DiskFull, err)}
	if e, ok := errors.AsType[*sqlite.Error](err); outdir.Full(err) || ok && e.Code()&0xff == sqlite3.SQLITE_FULL {
		out.Msg, out.Hint = "the disk is full: "+firstLine(err), hintRoom
	}
	return out
}

func firstLine(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}
