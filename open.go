package poactor

import (
	"context"
	"errors"
	"iter"
	"os"
	"runtime/debug"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// resources is what a run has open on disk.
type resources struct {
	record   actors.Ledger // the port: ledger, or one in memory
	ledger   *ledger.Disk  // nil where the record is in memory
	ours     bool          // the ledger was opened here
	orders   int           // to work on, of those that can be read
	later    int           // open ones that are left for another start
	workers  int
	profiles *profilestore.Store // nil where no browser of ours is needed
	incoming string              // for what the browsers download; empty where none is needed
	browsers actors.Browsers     // nil where none is needed
	proves   bool                // they can show who is signed in
	signIn   *signInAgain        // nil where nobody need be signed in
	archive  *download.Archive
	faults   *faulty.Ports   // nil: there are none
	results  *results.Writer // nil where the record is in memory
	report   *report.Writer  // likewise
	events   *report.Events  // for the report; nil also where they cannot be kept
	audit    *audit          // still to be done for what is settled; nil if there is nothing
}

// openResources puts the orders into the record, holds that against the disk, and
// opens what the run needs besides.
func openResources(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (*resources, error) {
	o := &resources{faults: faulty.New(cfg.faults())}
	if err := o.open(ctx, cfg, orders); err != nil {
		_ = o.ended(messages.RunEnded{Cause: po.CauseOf(err), Detail: po.DetailOf(err)}) // err tells more
		_ = o.close()
		return nil, err
	}
	return o, nil
}

func (o *resources) open(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (err error) {
	if cfg.InMemory {
		o.orders, err = o.remember(orders)
	} else {
		o.orders, err = o.openLedger(ctx, cfg, orders)
	}
	if err != nil {
		return err
	}
	// A batch with fewer orders than workers needs no more; one order is
	// sequential by itself, none needs no browser.
	o.workers = min(cfg.Workers, o.orders)
	if o.archive == nil {
		if err := o.openArchive(cfg); err != nil {
			return err
		}
	}
	switch {
	case o.workers == 0 && cfg.Browsers == nil && !cfg.InMemory: // a run that was killed at its very end has left all the same
		o.incoming = incomingDir(cfg.Out)
		err = o.sweep(cfg, profilestore.Leftovers{})
	case o.workers == 0:
	case cfg.Browsers != nil:
		o.browsers = o.faults.Browsers(cfg.does(cfg.Browsers))
	default:
		err = o.openBrowsers(cfg)
	}
	return err
}

// remember makes a record in memory, and says for how many orders browsers are
// needed.
func (o *resources) remember(orders iter.Seq2[po.Order, error]) (int, error) {
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

// openExisting opens the ledger of an output directory where there is one, as OpenLedger
// would make one.
func openExisting(out string) (*ledger.Disk, error) {
	look, err := ledger.OpenReadOnly(out)
	if err != nil {
		return nil, err
	}
	record, err := ledger.Open(out)
	if err = errors.Join(look.Close(), err); err != nil {
		return nil, userError(err)
	}
	return record, nil
}

// openLedger opens the record on disk, unless the host has, puts the orders
// into it and holds it against the disk. It says for how many orders browsers
// are needed.
func (o *resources) openLedger(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (int, error) {
	if cfg.Ledger != nil {
		o.ledger = cfg.Ledger.disk
	} else {
		var err error
		if o.ledger, err = ledger.Open(cfg.Out); err != nil {
			return 0, err
		}
		o.ours = true
	}
	o.record = o.ledger
	var list *batch.Batch
	if cfg.Batch != nil {
		list = cfg.Batch.list
		if err := list.CopyTo(cfg.Out); err != nil {
			return 0, err
		}
	}
	warn := func(file, text string) {
		cfg.Log.WithField("file", file).Warn(text)
		cfg.OnEvent(messages.ResultsWarning{File: file, Text: text})
	}
	if cfg.work != nil {
		o.results = results.NewTasks(cfg.Out, o.ledger, warn)
	} else {
		o.results = results.New(cfg.Out, o.ledger, list, warn)
		o.openReport(cfg)
	}
	if err := o.ledger.Begin(ctx, beginOf(cfg)); err != nil {
		return 0, err
	}
	m, err := o.merge(ctx, cfg, orders)
	if err != nil {
		return 0, err
	}
	o.later = m.Deferred
	cfg.OnEvent(messages.BatchMerged{Start: o.ledger.Number(), New: m.New, Returned: m.Returned, Removed: m.Removed, Settled: m.Settled,
		Reopened: m.Reopened, Open: m.Open, Deferred: m.Deferred})
	if err := o.openArchive(cfg); err != nil {
		return 0, err
	}
	return o.look(ctx, cfg, m.Open-m.Invalid, m.Settled > 0)
}

// openReport makes ready what the report is written from.
func (o *resources) openReport(cfg Config) {
	o.report = report.New(cfg.Out, o.ledger)
	var err error
	if o.events, err = report.OpenEvents(cfg.Out, progress.WriteEvent); err != nil { // the report does without
		cfg.Log.WithError(err).Warn("cannot keep the events for the report")
	}
}

// merge puts the orders into the record. Orders of no list are copied into one, so
// that they can be run again.
func (o *resources) merge(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (
	m ledger.Merged, err error,
) {
	if cfg.Batch != nil || cfg.work != nil {
		return o.ledger.Merge(ctx, orders, cfg.Choice)
	}
	parse, err := cfg.Portal.Parser()
	if err != nil {
		return m, err
	}
	copied, err := batch.CopyOrders(cfg.Out, parse, orders, func(orders iter.Seq2[po.Order, error]) (err error) {
		m, err = o.ledger.Merge(ctx, orders, cfg.Choice)
		return err
	})
	if err == nil && !copied {
		cfg.Log.Info("a list of these orders would not be read as the same orders: there is none for retry")
	}
	return m, err
}

// beginOf is what the record says of a start.
func beginOf(cfg Config) po.Start {
	return po.Start{Program: program(), Portal: cfg.Portal.Name, BaseURL: cfg.Portal.BaseURL, Workers: cfg.Workers}
}

// look holds the record against the disk: at once what is to be worked on, and
// the rest too where there is nothing else to do; else beside the run. It says
// for how many orders browsers are needed then. Only where orders are settled may it open any.
func (o *resources) look(ctx context.Context, cfg Config, open int, settled bool) (int, error) {
	a := &audit{ledger: o.ledger, archive: o.archive}
	if err := a.open(ctx); err != nil {
		return 0, err
	}
	if open > 0 {
		o.audit = a
		o.ledger.Audit(settled)
		return open, nil
	}
	if err := a.settled(ctx); err != nil {
		return 0, err
	}
	cfg.OnEvent(a.found)
	return a.found.Opened, nil
}

func (o *resources) openArchive(cfg Config) (err error) {
	o.archive, err = download.Open(download.Config{
		Out: cfg.Out, Allowed: cfg.Portal.Allowed, MaxFile: cfg.MaxFile, MinFree: cfg.MinFree, Write: o.faults.Write,
		Layout: cfg.layout(),
	})
	return err
}

// openBrowsers makes ready what opens browsers, and removes what killed runs have left.
func (o *resources) openBrowsers(cfg Config) error {
	settings, err := o.openProfiles(cfg)
	if err != nil {
		return err
	}
	o.incoming = settings.Downloads
	if err := o.sweep(cfg, o.profiles.Swept()); err != nil {
		return err
	}
	o.browsers = o.faults.Browsers(cfg.does(o.portOf(cfg, settings)))
	return nil
}

// openProfiles checks what would keep any browser from starting, and opens the store
// of their profiles.
func (o *resources) openProfiles(cfg Config) (browser.Config, error) {
	settings, err := cfg.browserConfig()
	if err != nil {
		return settings, err
	}
	if err := browser.Check(settings); err != nil {
		return settings, err
	}
	if err := checkTemp(); err != nil {
		return settings, err
	}
	// As many as SetWorkers may ask for, twice: a restart leases its new profile while the
	// old browser may still be dying.
	o.profiles, err = profilestore.OpenFor(settings.Downloads, profilestore.Config{
		Base: cfg.Profile, Capacity: 2 * MaxWorkers, For: settings.Out, Remove: o.faults.RemoveProfile,
	})
	if err != nil {
		return settings, profileError(err)
	}
	return settings, nil
}

// sweep removes what runs that were killed have left, beside what the profile
// store has swept. This output directory is ours, so that what was half downloaded
// is nobody's.
func (o *resources) sweep(cfg Config, swept profilestore.Leftovers) error {
	removed := messages.LeftoversRemoved{Profiles: swept.Profiles, Processes: swept.Browsers,
		Bytes: swept.Bytes + outdir.Size(os.DirFS(o.incoming), ".")}
	if err := removeIncoming(cfg.Out); err != nil {
		return err
	}
	err := sweepProfiles(false, func(dir string, swept profilestore.Leftovers, err error) {
		removed.Profiles += swept.Profiles
		removed.Processes += swept.Browsers
		removed.Bytes += swept.Bytes
		switch {
		case err == nil || errors.Is(err, profilestore.ErrInUse): // a living run's
		case errors.Is(err, profilestore.ErrNotOurs): // or that of a run which is just about to begin
			cfg.Log.WithField("path", dir).WithError(err).Debug("left alone")
		default:
			cfg.Log.WithField("path", dir).WithError(err).Warn("cannot remove all that a killed run has left")
		}
	})
	if err != nil { // it is in nobody's way
		cfg.Log.WithError(err).Warn("cannot look for what killed runs have left")
	}
	if removed != (messages.LeftoversRemoved{}) {
		cfg.OnEvent(removed)
	}
	return nil
}

// lease gives a browser a profile of its own.
func (o *resources) lease(
	ctx context.Context, lease func(ctx context.Context) (*profilestore.Profile, error),
) (browser.Profile, error) {
	p, err := lease(ctx)
	if err != nil {
		return browser.Profile{}, err
	}
	o.faults.Leased(p.ID, p.Dir)
	return browser.Profile{ID: p.ID, Dir: p.Dir, TempDir: p.TempDir, Release: p.Release}, nil
}

// ended records how the run ended.
func (o *resources) ended(end messages.RunEnded) error {
	if o.ledger == nil {
		return nil
	}
	return o.ledger.End(context.Background(), end.Cause, end.Detail)
}

// close gives everything back. It may be called on what was opened in part.
func (o *resources) close() error {
	var errs []error
	if o.archive != nil {
		errs = append(errs, o.archive.Close())
	}
	errs = append(errs, o.closeProfiles())
	if o.events != nil {
		errs = append(errs, o.events.Close())
	}
	if o.ours {
		errs = append(errs, o.ledger.Close())
	}
	return errors.Join(errs...)
}

// closeProfiles removes every profile. A second call does nothing.
func (o *resources) closeProfiles() error {
	if o.profiles == nil {
		return nil
	}
	return o.profiles.Close()
}

// program is this build's version.
func program() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
