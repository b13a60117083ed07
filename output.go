package poactor

import (
	"context"
	"errors"
	"iter"
	"os"
	"runtime/debug"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Ledger is the durable record of an output directory: what was done, and what
// is to be done. It holds the directory for one process.
type Ledger = ledger.Disk

// Choice says which orders of a batch a run works on, and Filter picks them by
// how they ended.
type (
	Choice = ledger.Choice
	Filter = ledger.Filter
)

// LedgerOwner is who holds an output directory.
type LedgerOwner = ledger.Owner

// HolderOf tells who holds an output directory: nobody if that is nil. An error
// is an *Error.
func HolderOf(out string) (*LedgerOwner, error) {
	owner, err := ledger.Holder(out)
	if err != nil {
		return nil, refine(err)
	}
	return owner, nil
}

// OpenLedger takes the output directory for this process and opens its ledger;
// both are made if need be. An error is an *Error.
func OpenLedger(out string) (*Ledger, error) {
	d, err := ledger.Open(out)
	if err != nil {
		return nil, refine(err)
	}
	return d, nil
}

// LookLedger opens the ledger of an output directory for reading only, also
// while a run goes on. An error is an *Error, which wraps fs.ErrNotExist where
// there is none.
func LookLedger(out string) (*Ledger, error) {
	d, err := ledger.Look(out)
	if err != nil {
		return nil, refine(err)
	}
	return d, nil
}

// PutLedgerAside makes room for a new ledger and returns the path that the old
// one has now: empty if there was none. An error is an *Error.
func PutLedgerAside(out string) (string, error) {
	path, err := ledger.Aside(out)
	if err != nil {
		return "", refine(err)
	}
	return path, nil
}

// output is what a run has open on disk.
type output struct {
	record   actors.Ledger // the port: ledger, or one in memory
	ledger   *Ledger       // nil where the record is in memory
	ours     bool          // the ledger was opened here
	workers  int
	profiles *profilestore.Store // nil where no browser of ours is needed
	browsers actors.Browsers     // nil where none is needed
	archive  *download.Archive
	audit    *audit // still to be done for what is settled; nil if there is nothing
}

// openOutput puts the orders into the record, holds that against the disk, and
// opens what the run needs besides.
func openOutput(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (*output, error) {
	o := &output{}
	if err := o.open(ctx, cfg, orders); err != nil {
		_ = o.ended(messages.RunEnded{Cause: po.CauseOf(err), Detail: err.Error()}) // err tells more
		_ = o.close()
		return nil, err
	}
	return o, nil
}

func (o *output) open(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (err error) {
	if cfg.InMemory {
		o.workers, err = o.remember(orders)
	} else {
		o.workers, err = o.openLedger(ctx, cfg, orders)
	}
	if err != nil {
		return err
	}
	// A batch with fewer orders than workers needs no more; one order is
	// sequential by itself, none needs no browser.
	o.workers = min(cfg.Workers, o.workers)
	if o.archive == nil {
		if err := o.openArchive(cfg); err != nil {
			return err
		}
	}
	switch {
	case o.workers == 0:
	case cfg.Browsers != nil:
		o.browsers = cfg.Browsers
	default:
		err = o.openBrowsers(cfg)
	}
	return err
}

// remember makes a record in memory, and says for how many orders browsers are
// needed.
func (o *output) remember(orders iter.Seq2[po.Order, error]) (int, error) {
	var failed error
	valid := 0
	record, err := ledger.NewMemory(func(yield func(po.Order) bool) {
		for order, err := range orders {
			if failed = err; err != nil {
				return
			}
			if order.Invalid == "" {
				valid++
			}
			if !yield(order) {
				return
			}
		}
	})
	o.record = record
	return valid, errors.Join(failed, err)
}

// openLedger opens the record on disk, unless the host has, puts the orders
// into it and holds it against the disk. It says for how many orders browsers
// are needed.
func (o *output) openLedger(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (int, error) {
	if o.ledger = cfg.Ledger; o.ledger == nil {
		var err error
		if o.ledger, err = ledger.Open(cfg.Out); err != nil {
			return 0, err
		}
		o.ours = true
	}
	o.record = o.ledger
	begin := ledger.Start{Program: program(), Portal: cfg.Portal.Name, BaseURL: cfg.Portal.BaseURL, Workers: cfg.Workers}
	if err := o.ledger.Begin(ctx, begin); err != nil {
		return 0, err
	}
	m, err := o.ledger.Merge(ctx, orders, cfg.Choice)
	if err != nil {
		return 0, err
	}
	cfg.OnEvent(messages.BatchMerged{Start: o.ledger.Number(), New: m.New, Back: m.Back, Gone: m.Gone, Settled: m.Settled,
		Again: m.Again, Open: m.Open, Later: m.Later})
	if err := o.openArchive(cfg); err != nil {
		return 0, err
	}
	return o.look(ctx, cfg, m.Open-m.Invalid)
}

// look holds the record against the disk: at once what is to be worked on, and
// the rest too where there is nothing else to do; else beside the run. It says
// for how many orders browsers are needed then.
func (o *output) look(ctx context.Context, cfg Config, open int) (int, error) {
	a := &audit{ledger: o.ledger, archive: o.archive}
	if err := a.open(ctx); err != nil {
		return 0, err
	}
	if open > 0 {
		o.audit = a
		o.ledger.Audit(true)
		return open, nil
	}
	if err := a.settled(ctx); err != nil {
		return 0, err
	}
	cfg.OnEvent(a.found)
	return a.found.Opened, nil
}

func (o *output) openArchive(cfg Config) (err error) {
	o.archive, err = download.Open(download.Config{Out: cfg.Out, Allowed: cfg.Portal.Allowed})
	return err
}

// openBrowsers makes ready what opens browsers.
func (o *output) openBrowsers(cfg Config) error {
	settings, err := cfg.browserConfig()
	if err != nil {
		return err
	}
	if err := browser.Check(settings); err != nil {
		return err
	}
	// A restart leases its new profile while the old browser may still be dying.
	o.profiles, err = profilestore.Open(profilestore.Config{
		Dir: profileDir(settings.Downloads), Base: cfg.Profile, Capacity: 2 * cfg.Workers,
	})
	if err != nil {
		return err
	}
	// We hold the place: what a killed run had half downloaded is nobody's.
	if err := os.RemoveAll(settings.Downloads); err != nil {
		return err
	}
	settings.Lease = o.lease
	o.browsers = browsers{browser.New(settings)}
	return nil
}

// lease gives a browser a profile of its own.
func (o *output) lease(ctx context.Context) (browser.Profile, error) {
	p, err := o.profiles.Lease(ctx)
	if err != nil {
		return browser.Profile{}, err
	}
	return browser.Profile{ID: p.ID, Dir: p.Dir, TempDir: p.TempDir, Release: p.Release}, nil
}

// ended records how the run ended.
func (o *output) ended(end messages.RunEnded) error {
	if o.ledger == nil {
		return nil
	}
	return o.ledger.End(context.Background(), end.Cause, end.Detail)
}

// close gives everything back. It may be called on what was opened in part.
func (o *output) close() error {
	var errs []error
	if o.archive != nil {
		errs = append(errs, o.archive.Close())
	}
	if o.profiles != nil {
		errs = append(errs, o.profiles.Close())
	}
	if o.ours {
		errs = append(errs, o.ledger.Close())
	}
	return errors.Join(errs...)
}

// program is this build's version.
func program() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
