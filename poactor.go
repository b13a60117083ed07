// Package poactor downloads every document of a list of purchase orders from
// a procurement portal, with a pool of supervised browsers.
//
// OpenBatch reads a list of orders, and Run does the whole job: it leaves the files,
// the results for people, and a record with which the same run goes on. This file is
// the only wiring: it puts the browsers, the profiles, the files and the record behind
// the ports of package actors, where the job itself is.
package poactor

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Orders makes a list of orders what Run and Start take.
func Orders(list iter.Seq[po.Order]) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Run does the whole job: Start, then Wait. It leaves the files of the orders in
// folders, and beside them, unless the record is in memory, what `poactor` leaves:
// results.csv or .xlsx, manifest.csv and SHA256SUMS, which are brought up to date now
// and then while it goes on, and the record that status, explain, verify and retry
// work on.
func Run(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (Summary, error) {
	h, err := Start(ctx, cfg, orders)
	if err != nil {
		return Summary{}, err
	}
	return h.Wait()
}

// Start begins a run of the orders, or goes on with it where an earlier one
// into the same output directory has ended, however that was; each key may come
// once. An error that orders yields ends everything before it has begun. The
// end of ctx ends the run at once and cleanly. An error is a *po.Error: the
// configuration is wrong, or the environment cannot do it; nothing was started
// then.
func Start(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (*Handle, error) {
	h, err := Prepare(ctx, cfg, orders)
	if err != nil {
		return nil, err
	}
	h.system = actors.Start(h.config)
	return h, nil
}

// Prepare is Start for a host with an actor system of its own, which spawns the Coordinator of
// the Handle there. Whoever stops that actor, or shuts the system down, ends the run.
// Everything else is as of Start. Wait must be called, also where no coordinator is spawned
// after all: the run is over with ctx then.
func Prepare(ctx context.Context, cfg Config, orders iter.Seq2[po.Order, error]) (*Handle, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, &po.Error{Msg: err.Error(), Err: ErrConfig}
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	events, err := newHandler(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.work != nil {
		cfg.Portal, _ = cfg.portalOfTasks() // it was validated
	}
	cfg.OnEvent = events.event
	out, err := openResources(ctx, cfg, orders)
	if errors.Is(err, ledger.ErrClash) || errors.Is(err, ledger.ErrOtherKind) {
		return nil, &po.Error{Msg: err.Error(), Hint: hintFrom(err), Err: errors.Join(ErrConfig, err)}
	}
	if err != nil && ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	if err != nil {
		return nil, userError(err)
	}
	h := prepare(ctx, cfg, out)
	h.host = events
	events.onPanic(func(reason string) {
		h.steer(func(c actors.Control) { c.Stop(po.Internal, reason) })
	})
	return h, nil
}

// prepare makes the handle of a run whose output directory is ready for it.
func prepare(ctx context.Context, cfg Config, out *resources) *Handle {
	tell := cfg.OnEvent
	cfg.OnEvent = func(event any) {
		if end, ok := event.(messages.RunEnded); ok { // the actors know of no others than their own orders
			end.Deferred = out.later
			event = end
		}
		if out.events != nil {
			out.events.Event(event)
		}
		tell(event)
	}
	beside, stop := context.WithCancel(ctx)
	h := &Handle{log: cfg.Log, begun: time.Now(), output: out, onEvent: cfg.OnEvent, stop: stop, saver: func() {},
		audited: make(chan struct{}), ended: make(chan struct{})}
	h.config = actors.Config{
		Portal: cfg.Portal.Name, Workers: out.workers, Attempts: cfg.Attempts, TaskTimeout: cfg.TaskTimeout,
		Files: out.archive, Ledger: out.faults.Ledger(out.record), Log: cfg.Log, OnEvent: cfg.OnEvent,
		OnStart: func(c actors.Control) { h.onStart(beside, c) }, OnEnd: h.onEnd,
	}
	if cfg.Fast && out.browsers != nil {
		h.config.Pages = out.pages(cfg)
	}
	if out.browsers != nil {
		l := newGovernor(ctx, cfg.decorate(out.browsers), out.workers, cfg.Log)
		l.advise(out.orders, cfg.OnEvent)
		h.config.Browsers, h.config.Limiter, h.load = l, l, l
		if h.config.Proves = out.proves; out.signIn != nil {
			h.config.SignIn = out.signIn
		}
	}
	if out.results != nil {
		saver := out.results.Autosave(context.WithoutCancel(ctx), func(err error) { cfg.Log.Error(err) })
		h.saver = saver
	}
	if out.report != nil {
		saver, reporter := h.saver, out.report.Autosave(context.WithoutCancel(ctx), func(err error) { cfg.Log.Warn(err) })
		h.saver = func() { reporter(); saver() }
	}
	go func() {
		select {
		case <-ctx.Done():
			h.interrupt()
		case <-h.ended:
		}
		stop()
	}()
	return h
}

// browsers makes the launcher a port of the actors.
type browsers struct {
	launcher *browser.Launcher
	loose    looseFiles
}

func (b browsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.launcher.Open(ctx)
	if err != nil {
		return nil, err // not a session that is a nil *browser.Session
	}
	return session{s, b.loose}, nil
}

// session makes a browser's session a port of the actors.
type session struct {
	*browser.Session
	loose looseFiles
}

// Memory implements the port.
func (s session) Memory() int64 { return 0 }
