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
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/telemetry"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Summary says how a run ended.
type Summary struct {
	Counts   map[po.Status]int // orders settled by this run
	Open     int               // orders that are not settled, of those that this run was for
	Deferred int               // open orders that Choice.Limit has left for another run
	Took     time.Duration
	// ResultsErr is why the results could not be written when the run had ended, nil
	// if they were. The run's error is the same, unless it has another.
	ResultsErr error
	// Leftovers is what could not be cleared away, looked for when every browser was
	// closed: paths of profiles and work folders, and processes. It is empty
	// where all is well. The next start tries again.
	Leftovers []string
}

// Handle is a run under way.
type Handle struct {
	run     *actors.Run
	log     *logrus.Logger
	begun   time.Time
	output  *resources
	load    *governor // nil where no browser is needed
	onEvent func(event any)
	auditor sync.WaitGroup
	stop    context.CancelFunc // of what goes on beside the run
	saver   func()             // ends the saving of results and report now and then
	once    sync.Once
	summary Summary
	err     error
}

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
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, &po.Error{Msg: err.Error(), Err: ErrConfig}
	}
	if err := cfg.measure(); err != nil {
		return nil, &po.Error{Msg: "telemetry: " + err.Error(), Err: ErrConfig}
	}
	cfg.OnEvent = oneAtATime(cfg.OnEvent)
	out, err := openResources(ctx, cfg, orders)
	if err != nil {
		return nil, userError(err)
	}
	return start(ctx, cfg, out), nil
}

// measure has the events make metrics and spans, where the host has providers for them.
func (c *Config) measure() error {
	if c.MeterProvider == nil && c.TracerProvider == nil {
		return nil
	}
	recorder, err := telemetry.New(c.MeterProvider, c.TracerProvider)
	if err != nil {
		return err
	}
	handle := c.OnEvent
	c.OnEvent = func(event any) {
		recorder.Event(event) // first: the host may take its time
		handle(event)
	}
	return nil
}

// oneAtATime makes calls from several goroutines wait for each other.
func oneAtATime(handle func(event any)) func(event any) {
	var mu sync.Mutex
	return func(event any) {
		mu.Lock()
		defer mu.Unlock()
		handle(event)
	}
}

// start begins the run of an output directory that is ready for it.
func start(ctx context.Context, cfg Config, out *resources) *Handle {
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
	h := &Handle{log: cfg.Log, begun: time.Now(), output: out, onEvent: cfg.OnEvent, saver: func() {}}
	run := actors.Config{
		Portal: cfg.Portal.Name, Workers: out.workers, Attempts: cfg.Attempts, TaskTimeout: cfg.TaskTimeout,
		Files: out.archive, Ledger: out.faults.Ledger(out.record), Log: cfg.Log, OnEvent: cfg.OnEvent,
	}
	if cfg.Fast && out.browsers != nil {
		run.Pages = out.pages(cfg)
	}
	if out.browsers != nil {
		l := newGovernor(ctx, cfg.decorate(out.browsers), out.workers, cfg.Log)
		l.advise(out.orders, cfg.OnEvent)
		run.Browsers, run.Limiter, h.load = l, l, l
		if run.Proves = out.proves; out.signIn != nil {
			run.SignIn = out.signIn
		}
	}
	h.run = actors.Start(run)
	out.faults.SetSink(h.run.Publish)
	out.archive.OnProgress(func(o po.Order, p po.FileProgress) {
		h.run.Publish(messages.FileProgress{Key: o.Key, RawNumber: o.RawNumber, FileProgress: p})
	})
	if out.results != nil {
		saver := out.results.Autosave(context.WithoutCancel(ctx), func(err error) { cfg.Log.Error(err) })
		reporter := out.report.Autosave(context.WithoutCancel(ctx), func(err error) { cfg.Log.Warn(err) })
		h.saver = func() { reporter(); saver() }
	}
	beside, stop := context.WithCancel(ctx)
	h.stop = stop
	if out.audit != nil {
		h.auditor.Go(func() { h.audit(beside) })
	}
	go func() {
		select {
		case <-ctx.Done():
			h.run.Stop(po.Interrupted, "interrupted")
		case <-h.run.Ended():
		}
		stop()
	}()
	return h
}

// audit looks at what is settled while the run goes on.
func (h *Handle) audit(ctx context.Context) {
	err := h.output.audit.settled(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		h.run.Stop(po.CauseOf(err), "audit: "+po.DetailOf(err))
	default:
		h.run.Publish(h.output.audit.found)
	}
	h.output.ledger.Audit(false)
}

// Drain takes no more orders; those in hand are finished.
func (h *Handle) Drain() { h.run.Drain("interrupted") }

// Pause begins no more orders until Resume; those in hand are finished. Browsers stay open,
// and what is claimed stays claimed. Events say that the run is paused (messages.RunPaused)
// and goes on (messages.RunResumed). Drain and Stop end a paused run, too.
func (h *Handle) Pause() { h.run.Pause() }

// Resume ends a pause.
func (h *Handle) Resume() { h.run.Resume() }

// SetWorkers changes how many workers the run is to have, as Config.Workers: 1 to MaxWorkers,
// what is outside becomes the nearest. Machine and portal may still allow fewer: they keep
// the pool within what they bear, and messages.PoolResized says what limits it. A worker
// that goes finishes its order first; with one worker the run is sequential from then on.
func (h *Handle) SetWorkers(n int) {
	n = min(max(n, 1), MaxWorkers)
	if h.load != nil {
		h.load.request(n)
	}
	h.run.SetWorkers(n)
}

// Wait waits for the run's end, when every event has been delivered, the results are
// written, and every browser and profile is gone. An error is a *po.Error: the run ended
// before every order was settled, or the results could not be written; the same run
// begun again goes on.
func (h *Handle) Wait() (Summary, error) {
	h.once.Do(func() {
		end := h.run.Wait()
		h.stop()
		h.auditor.Wait()
		err := h.output.ended(end)
		saved := h.saveResults()
		h.saveReport()
		err = errors.Join(err, h.output.closeProfiles())
		left := h.output.left(context.Background())
		if err = errors.Join(err, h.output.close()); err != nil { // the next start sweeps it
			h.log.WithError(err).Warn("the run did not end cleanly")
		}
		h.summary = Summary{Counts: end.Counts, Open: end.Open, Deferred: h.output.later, Took: time.Since(h.begun),
			ResultsErr: saved, Leftovers: left}
		h.onEvent(messages.RunCleaned{Leftovers: append([]string{}, left...)}) // never nil
		if end.Cause != "" {
			h.err = ended(end.Cause, end.Detail)
		} else if saved != nil {
			h.err = saved
		}
	})
	return h.summary, h.err
}

// saveReport writes the report for the last time. That it cannot be written is no error of
// the run.
func (h *Handle) saveReport() {
	if h.output.report == nil {
		return
	}
	if err := h.output.report.Save(context.Background(), false); err != nil {
		h.log.WithError(err).Warn("the report could not be written")
		h.onEvent(messages.ResultsWarning{File: outdir.ReportFile, Text: "the report could not be written: " + err.Error()})
	}
}

// saveResults writes the results for the last time.
func (h *Handle) saveResults() error {
	h.saver()
	if h.output.results == nil {
		return nil
	}
	err := h.output.results.Save(context.Background())
	if err != nil {
		h.log.WithError(err).Error("the results could not be written")
		return userError(err)
	}
	return nil
}

// browsers makes the launcher a port of the actors.
type browsers struct{ launcher *browser.Launcher }

func (b browsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.launcher.Open(ctx)
	if err != nil {
		return nil, err // not a session that is a nil *browser.Session
	}
	return session{s}, nil
}

// session makes a browser's session a port of the actors.
type session struct{ *browser.Session }

// Memory implements the port.
func (s session) Memory() int64 { return 0 }
