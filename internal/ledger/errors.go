package ledger

import (
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// What is wrong with an output directory or its ledger, for errors.Is; an error
// that has none of these has a cause. One of a directory that cannot be written
// to is po.DiskFull.
var (
	ErrHeld    = errors.New("held by another run")
	ErrDamaged = errors.New("ledger is damaged")
	ErrForeign = errors.New("not a ledger of poactor")
	ErrNewer   = errors.New("ledger of a newer poactor")
)

// Hints for those who have a file that cannot be read.
const (
	hintAside = "give --fresh to put it aside and begin a new one: the files that are there are checked and kept"
	hintNewer = "use the newer poactor, or give another --out"
)

func (d *Disk) path() string { return outdir.StatePath(d.dir, outdir.LedgerFile) }

func (d *Disk) foreign() error {
	return &po.Error{Msg: d.path() + " is not a ledger of poactor", Hint: hintAside, Err: ErrForeign}
}

func (d *Disk) newer(version int) error {
	return &po.Error{Hint: hintNewer, Err: ErrNewer, Msg: fmt.Sprintf(
		"%s was written by a newer poactor (its version is %d, this one knows %d)", d.path(), version, len(migrations))}
}

func (d *Disk) damaged(err error) error {
	return &po.Error{Msg: fmt.Sprintf("%s is damaged: %s", d.path(), po.FirstLine(err)), Hint: hintAside,
		Err: errors.Join(ErrDamaged, err)}
}

// wrap makes every error a *po.Error of this ledger; po.ErrFenced stays.
func (d *Disk) wrap(err error) error {
	if err == nil || errors.Is(err, po.ErrFenced) {
		return err
	}
	if _, ok := errors.AsType[*po.Error](err); ok {
		return err
	}
	if errors.Is(err, ErrDamaged) {
		return d.damaged(err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return &po.Error{Cause: po.Internal, Msg: "ledger: " + po.FirstLine(err), Err: err}
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
		return writeError(err)
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return writeError(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &po.Error{Cause: po.DiskFull, Msg: d.path() + " is in use by another program",
			Hint: "close what has it open", Err: err}
	}
	return &po.Error{Cause: po.Internal, Msg: "ledger: " + po.FirstLine(err), Err: err}
}

// isConflict reports whether a statement was refused because of a row that is there already.
func isConflict(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// writeError says why the output directory cannot be used; an error that says
// so already stays.
func writeError(err error) error {
	if _, ok := errors.AsType[*po.Error](err); ok {
		return err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return outdir.FullError(err)
	}
	return outdir.WriteError(err)
}
