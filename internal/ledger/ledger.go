// Package ledger is the record of claims, attempts, files and outcomes of a
// run: who may work on which order, and how it ended. Disk is the durable one,
// a file in the output directory; Memory is for hosts that want none.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Disk is a ledger in a file of the output directory. It satisfies the Ledger
// port of package actors and is safe for concurrent use. What a call has
// recorded is on the disk when the call returns.
//
// Leases live in the process: the lock of the directory sees to it that there
// is one, and with it all its leases end. What a lease is for, the assignment,
// is recorded before it is acted on.
type Disk struct {
	dir  string
	lock *lock   // nil if it is only looked at
	file *sql.DB // with conn; nil if it is only looked at
	look *sql.DB // any number of connections, which read

	version int // of the schema that look sees

	changes atomic.Uint64

	mu       sync.Mutex // held through each commit
	conn     *sql.Conn  // the one that writes
	stmts    map[string]*sql.Stmt
	leases   map[string]*lease
	held     map[int64]string // tokens by the order's id
	ended    recent           // tokens under which an order was settled
	start    int              // of poactor on this directory
	before   int64            // places from here on are left for another start
	open     int              // orders in this start that are not settled
	auditing bool             // the files of settled orders are looked for: some may be opened again
	known    []po.Order       // that had attachments when they were settled last
	now      func() time.Time // the system's clock
	latest   time.Time        // that clock has told in this start
}

// Open takes the output directory dir for this process and opens its ledger,
// which it makes if there is none. Errors are *po.Error: the directory is held by
// another run (ErrHeld), what is there is not poactor's (outdir.ErrUntrusted),
// the file is damaged, foreign or of a newer poactor, or the directory cannot be
// written to (po.DiskFull).
func Open(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil { // the user's umask decides: the documents may be for a group
		return nil, writeError(err)
	}
	root, err := outdir.MakeState(dir)
	if err != nil {
		return nil, writeError(err)
	}
	defer root.Close()
	d := newDisk(dir)
	if d.lock, err = takeLock(dir); err != nil {
		return nil, err
	}
	// SQLite would make it as the umask says; what it makes beside it has its mode.
	file, err := root.OpenFile(outdir.LedgerFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		d.Close()
		return nil, writeError(err)
	}
	if err := d.connect(d.path()); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// OpenReadOnly opens the ledger of an output directory for reading only, also while a
// run writes it. The error is a *po.Error, which wraps fs.ErrNotExist if there is
// none.
func OpenReadOnly(dir string) (*Disk, error) {
	root, err := outdir.OpenState(dir)
	if err == nil {
		_, err = root.Lstat(outdir.LedgerFile)
		root.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &po.Error{Msg: fmt.Sprintf("ledger of %s: %v", dir, err), Err: err}
	}
	if err != nil {
		return nil, writeError(err)
	}
	d := newDisk(dir)
	if err := d.openReadOnly(d.path()); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func newDisk(dir string) *Disk {
	return &Disk{dir: dir, stmts: map[string]*sql.Stmt{}, leases: map[string]*lease{}, held: map[int64]string{}, before: never, now: time.Now}
}

// Dir is the output directory.
func (d *Disk) Dir() string { return d.dir }

// Changes counts the outcomes that were recorded since Open: whoever writes
// them out elsewhere can tell whether there is anything new.
func (d *Disk) Changes() uint64 { return d.changes.Load() }

// Tasks reports whether the ledger is that of a program's own tasks.
func (d *Disk) Tasks(ctx context.Context) (bool, error) {
	if d.version < hasTasks {
		return false, nil
	}
	n := 0
	err := d.reader(ctx).QueryRowContext(ctx,
		`SELECT count(*) FROM (SELECT 1 FROM orders INDEXED BY orders_task WHERE task IS NOT NULL LIMIT 1)`).Scan(&n)
	return n > 0, d.wrap(err)
}

// Close gives the ledger and the directory back. A second call does nothing.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, s := range d.stmts {
		errs = append(errs, s.Close())
	}
	clear(d.stmts)
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	for _, db := range []*sql.DB{d.look, d.file} { // the writer last: it clears up behind all
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	d.conn = nil // the others say by themselves that they are closed, also to who reads meanwhile
	if d.lock != nil {
		errs = append(errs, d.lock.release())
	}
	d.lock = nil
	return errors.Join(errs...)
}

// Archive moves the ledger of an output directory out of the way, so that the
// next Open begins a new one, and returns its new path: empty if there was
// none. Nothing else in the directory is touched. The error is a *po.Error.
func Archive(dir string) (string, error) {
	root, err := outdir.OpenState(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", writeError(err)
	}
	defer root.Close()
	if _, err := root.Lstat(outdir.LedgerFile); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	held, err := takeLock(dir)
	if err != nil {
		return "", err
	}
	defer held.release()
	aside, err := freeName(root, outdir.LedgerFile)
	if err != nil {
		return "", writeError(err)
	}
	// What is not in the main file yet goes with it.
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := root.Rename(outdir.LedgerFile+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", writeError(err)
		}
	}
	return outdir.StatePath(dir, aside), nil
}

// freeName is a name with a number that no file has yet.
func freeName(root *os.Root, name string) (string, error) {
	for n := 1; ; n++ {
		free := fmt.Sprintf("%s.old-%d", name, n)
		switch _, err := root.Lstat(free); {
		case errors.Is(err, fs.ErrNotExist):
			return free, nil
		case err != nil:
			return "", err
		}
	}
}

// Commit carries out what do asks of the ledger, with the context that it is
// given, as one write: either all of it is recorded, or nothing, and then the
// error says why. A call that is answered with po.ErrFenced changes nothing and
// spoils nothing. A call outside of a Commit is one of its own.
func (d *Disk) Commit(ctx context.Context, do func(ctx context.Context) error) error {
	ctx = context.WithoutCancel(ctx) // a commit that is broken off has an unknown end
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		return &po.Error{Cause: po.Internal, Msg: "the ledger is closed"}
	}
	if err := d.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := do(context.WithValue(ctx, inCommit{}, d))
	if err == nil {
		err = d.exec(`COMMIT`)
	}
	if err != nil {
		_ = d.exec(`ROLLBACK`) // err tells more
	}
	return err
}

// inCommit is the key of a context's value: the ledger that is in a commit.
type inCommit struct{}

// write runs do in the commit that ctx belongs to, or in one of its own.
func (d *Disk) write(ctx context.Context, do func() error) error {
	if ctx.Value(inCommit{}) == d {
		return do()
	}
	return d.Commit(ctx, func(context.Context) error { return do() })
}
