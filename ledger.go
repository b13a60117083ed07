package poactor

import (
	"context"
	"iter"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// Ledger is the durable record of an output directory: which orders there are, every
// attempt at them, their files, and how they ended. One that OpenLedger has opened holds
// the directory for this process; one of OpenLedgerReadOnly can be read while a run goes
// on. It is safe for concurrent use. Errors are *po.Error.
type Ledger struct {
	disk *ledger.Disk
}

// OpenLedger takes the output directory for this process and opens its ledger; both are
// made if need be. The error wraps ErrHeld where another run has it. It is for hosts that
// look into the ledger before, while or after they run with it (Config.Ledger); Run opens
// one by itself.
func OpenLedger(out string) (*Ledger, error) {
	d, err := ledger.Open(out)
	if err != nil {
		return nil, err
	}
	return &Ledger{d}, nil
}

// OpenLedgerReadOnly opens the ledger of an output directory for reading only, also
// while a run goes on. The error wraps fs.ErrNotExist where there is none.
func OpenLedgerReadOnly(out string) (*Ledger, error) {
	d, err := ledger.OpenReadOnly(out)
	if err != nil {
		return nil, err
	}
	return &Ledger{d}, nil
}

// ArchiveLedger makes room for a new ledger and returns the path that the old
// one has now: empty if there was none. An error is a *po.Error.
func ArchiveLedger(out string) (string, error) {
	return ledger.Archive(out)
}

// LedgerHolder tells who holds an output directory: nobody if that is nil. An error
// is a *po.Error.
func LedgerHolder(out string) (*po.Owner, error) {
	return ledger.FindOwner(out)
}

// Dir is the output directory.
func (l *Ledger) Dir() string { return l.disk.Dir() }

// Close gives the ledger and the directory back. A second call does nothing.
func (l *Ledger) Close() error { return l.disk.Close() }

// View gives do a context with which all readings see the ledger as it is at one
// moment, whatever is recorded meanwhile.
func (l *Ledger) View(ctx context.Context, do func(ctx context.Context) error) error {
	return l.disk.View(ctx, do)
}

// Counts says how the orders of the batch stand: by status those that are settled, and
// how many are open. An order that was opened again counts as open.
func (l *Ledger) Counts(ctx context.Context) (counts map[po.Status]int, open int, err error) {
	return l.disk.Counts(ctx)
}

// Totals says how many files are recorded, of how many bytes, and how often each cause is
// why an order of the batch did not end well.
func (l *Ledger) Totals(ctx context.Context) (files int, bytes int64, causes map[po.Cause]int, err error) {
	t, err := l.disk.Totals(ctx)
	return t.Files, t.Bytes, t.Causes, err
}

// ReadBy says of how many orders of the batch the pages were read in which way, of those
// that are settled. It is empty where no run was to do without browsers.
func (l *Ledger) ReadBy(ctx context.Context) (map[po.ReadBy]int, error) {
	return l.disk.ReadBy(ctx)
}

// Starts lists the starts on the output directory, the first first.
func (l *Ledger) Starts(ctx context.Context) ([]po.Start, error) { return l.disk.Starts(ctx) }

// Find returns the key of the order that a person calls so: as the batch has it, by its
// key, or by the digits of it, as in PO 15262984. The error is fs.ErrNotExist if there
// is none.
func (l *Ledger) Find(ctx context.Context, name string) (po.Key, error) {
	return l.disk.Find(ctx, name)
}

// History returns all that is known of an order. The error is fs.ErrNotExist if the
// ledger does not know it.
func (l *Ledger) History(ctx context.Context, key po.Key) (po.History, error) {
	return l.disk.History(ctx, key)
}

// Outcomes yields the orders of the batch, in its order, with how they ended last: Status
// is empty where they have not yet. What is recorded meanwhile is not seen. An error
// ends it.
func (l *Ledger) Outcomes(ctx context.Context) iter.Seq2[po.Outcome, error] {
	return l.disk.Outcomes(ctx)
}

// Unfinished yields the orders of the batch that have ended as FAILED or PARTIAL, in its
// order.
func (l *Ledger) Unfinished(ctx context.Context) iter.Seq2[po.Outcome, error] {
	return l.disk.Unfinished(ctx)
}

// Tasks reports whether the ledger is that of a program's own tasks (RunTasks), and not of
// purchase orders.
func (l *Ledger) Tasks(ctx context.Context) (bool, error) { return l.disk.Tasks(ctx) }

// Settled returns the orders that are not worked on again by themselves: those that are
// settled for good, in the batch or not.
func (l *Ledger) Settled(ctx context.Context) (map[po.Key]bool, error) {
	return l.disk.Settled(ctx)
}
