// Package poactor brings home every document of a list of purchase orders from
// a procurement portal, with a pool of supervised browsers.
//
// Run does the whole job. This file is the only wiring: it puts the browsers,
// the profiles, the files and the record behind the ports of package actors,
// where the job itself is.
package poactor

import (
	"context"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Summary says how a run ended.
type Summary struct {
	Counts map[po.Status]int // orders settled by this run
	Open   int               // orders that are not settled
	Took   time.Duration
}

// Handle is a run under way.
type Handle struct {
	run     *actors.Run
	log     *logrus.Logger
	begun   time.Time
	release func() error // gives profiles and files back
	once    sync.Once
	summary Summary
	err     error
}

// Run does the whole job: Start, then Wait.
func Run(ctx context.Context, cfg Config, orders iter.Seq[po.Order]) (Summary, error) {
	h, err := Start(ctx, cfg, orders)
	if err != nil {
		return Summary{}, err
	}
	return h.Wait()
}

// Start begins a run of the orders; each key may come once. The end of ctx ends
// the run at once and cleanly. An error is an *Error: the configuration is
// wrong, or the environment cannot do it; nothing was started then.
func Start(ctx context.Context, cfg Config, orders iter.Seq[po.Order]) (*Handle, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, &Error{Msg: err.Error()}
	}
	record, err := ledger.NewMemory(orders)
	if err != nil {
		return nil, &Error{Msg: err.Error()}
	}
	// A batch with fewer orders than workers needs no more; one order is
	// sequential by itself.
	cfg.Workers = max(1, min(cfg.Workers, record.Len()))
	out, err := openOutput(cfg)
	if err != nil {
		return nil, refine(err)
	}
	h := &Handle{log: cfg.Log, begun: time.Now(), release: out.close}
	h.run = actors.Start(actors.Config{
		Portal: cfg.Portal.Name, Workers: cfg.Workers, Attempts: cfg.Attempts, TaskTimeout: cfg.TaskTimeout,
		Browsers: cfg.decorate(browsers{out.launcher}), Files: out.archive, Ledger: record,
		Log: cfg.Log, OnEvent: cfg.OnEvent,
	})
	go func() {
		select {
		case <-ctx.Done():
			h.run.Stop(po.Interrupted, "interrupted")
		case <-h.run.Ended():
		}
	}()
	return h, nil
}

// Drain takes no more orders; those in hand are finished.
func (h *Handle) Drain() { h.run.Drain("interrupted") }

// Wait waits for the run's end, when every event has been delivered and every
// browser and profile is gone. An error is an *Error: the run ended before
// every order was settled, and the same run begun again goes on.
func (h *Handle) Wait() (Summary, error) {
	h.once.Do(func() {
		end := h.run.Wait()
		left := h.release()
		if left != nil { // the next start sweeps it
			h.log.WithError(left).Warn("not everything could be removed")
		}
		h.summary = Summary{Counts: end.Counts, Open: end.Open, Took: time.Since(h.begun)}
		if end.Cause != "" {
			h.err = ended(end.Cause, end.Detail)
		}
	})
	return h.summary, h.err
}

// output is what a run has open on disk.
type output struct {
	profiles *profilestore.Store
	archive  *download.Archive
	launcher *browser.Launcher
}

// openOutput checks the environment and opens what the run needs on disk.
func openOutput(cfg Config) (*output, error) {
	settings, err := cfg.browserConfig()
	if err != nil {
		return nil, err
	}
	if err := browser.Check(settings); err != nil {
		return nil, err
	}
	o := &output{}
	// A restart leases its new profile while the old browser may still be dying.
	o.profiles, err = profilestore.Open(profilestore.Config{
		Dir: profileDir(settings.Downloads), Base: cfg.Profile, Capacity: 2 * cfg.Workers,
	})
	if err != nil {
		return nil, err
	}
	// We hold the place: what a killed run had half downloaded is nobody's.
	if err := os.RemoveAll(settings.Downloads); err != nil {
		o.profiles.Close()
		return nil, err
	}
	o.archive, err = download.Open(download.Config{Out: cfg.Out, Allowed: cfg.Portal.Allowed})
	if err != nil {
		o.profiles.Close()
		return nil, err
	}
	settings.Lease = o.lease
	o.launcher = browser.New(settings)
	return o, nil
}

// lease gives a browser a profile of its own.
func (o *output) lease(ctx context.Context) (browser.Profile, error) {
	p, err := o.profiles.Lease(ctx)
	if err != nil {
		return browser.Profile{}, err
	}
	return browser.Profile{ID: p.ID, Dir: p.Dir, TempDir: p.TempDir, Release: p.Release}, nil
}

func (o *output) close() error {
	err := o.archive.Close()
	if e := o.profiles.Close(); e != nil {
		err = e
	}
	return err
}

// browsers makes the launcher a port of the actors.
type browsers struct{ launcher *browser.Launcher }

func (b browsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.launcher.Open(ctx)
	if err != nil {
		return nil, err // not a session that is a nil *browser.Session
	}
	return s, nil
}
