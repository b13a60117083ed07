package poactor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/outdir"
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

// Handle is a run under way, or one that is ready for its coordinator.
type Handle struct {
	config  actors.Config
	log     *logrus.Logger
	begun   time.Time
	output  *resources
	load    *governor // nil where no browser is needed
	onEvent func(event any)
	host    *handler    // whom onEvent tells at last
	system  *actors.Run // nil where the host spawns the coordinator

	beside  sync.WaitGroup
	audited chan struct{}      // closed when what earlier starts have settled was looked at
	stop    context.CancelFunc // of what goes on beside the run
	saver   func()             // ends the saving of results and report now and then

	mu      sync.Mutex
	control *actors.Control        // nil until the coordinator has started
	waiting []func(actors.Control) // for that
	result  messages.RunEnded      // when ended is closed
	ended   chan struct{}

	once    sync.Once
	summary Summary
	err     error
}

// Coordinator is what a host spawns in an actor system of its own, once:
//
//	system.Root.Spawn(actors.Props(handle.Coordinator()))
//
// It is for handles that Prepare has made; one of Start has a coordinator already.
func (h *Handle) Coordinator() actors.Config { return h.config }

// Drain takes no more orders; those in hand are finished.
func (h *Handle) Drain() { h.steer(func(c actors.Control) { c.Drain("interrupted") }) }

// Pause begins no more orders until Resume; those in hand are finished. Browsers stay open,
// and what is claimed stays claimed. Events say that the run is paused (messages.RunPaused)
// and goes on (messages.RunResumed). Drain and Stop end a paused run, too.
func (h *Handle) Pause() { h.steer(actors.Control.Pause) }

// Resume ends a pause.
func (h *Handle) Resume() { h.steer(actors.Control.Resume) }

// SetWorkers changes how many workers the run is to have, as Config.Workers: 1 to MaxWorkers,
// what is outside becomes the nearest. Machine and portal may still allow fewer: they keep
// the pool within what they bear, and messages.PoolResized says what limits it. A worker
// that goes finishes its order first; with one worker the run is sequential from then on.
func (h *Handle) SetWorkers(n int) {
	n = min(max(n, 1), MaxWorkers)
	if h.load != nil {
		h.load.request(n)
	}
	h.steer(func(c actors.Control) { c.SetWorkers(n) })
}

// steer does something to the run, as soon as it has a coordinator.
func (h *Handle) steer(do func(actors.Control)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.control == nil {
		h.waiting = append(h.waiting, do)
		return
	}
	do(*h.control)
}

// onStart is called before the coordinator begins the run: what goes on beside it begins now.
func (h *Handle) onStart(ctx context.Context, control actors.Control) {
	h.mu.Lock()
	h.control = &control
	waiting := h.waiting
	h.mu.Unlock()
	for _, do := range waiting {
		do(control)
	}
	out := h.output
	out.faults.SetSink(control.Publish)
	out.archive.OnProgress(func(o po.Order, p po.FileProgress) {
		control.Publish(messages.FileProgress{Key: o.Key, RawNumber: o.RawNumber, FileProgress: p})
	})
	if out.audit == nil {
		close(h.audited)
		return
	}
	h.beside.Go(func() {
		defer close(h.audited)
		h.audit(ctx, control)
	})
}

// onEnd is called when everything of the coordinator has gone.
func (h *Handle) onEnd(end messages.RunEnded) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(end)
}

// end keeps the first of a run's ends, with the lock held.
func (h *Handle) end(end messages.RunEnded) {
	select {
	case <-h.ended:
	default:
		h.result = end
		close(h.ended)
	}
}

// interrupt ends the run, also one whose coordinator was never spawned: that ends at once.
func (h *Handle) interrupt() {
	h.steer(func(c actors.Control) { c.Stop(po.Interrupted, "interrupted") })
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.control == nil {
		h.end(messages.RunEnded{Open: h.output.orders, Cause: po.Interrupted, Detail: "interrupted"})
	}
}

// audit looks at what is settled while the run goes on.
func (h *Handle) audit(ctx context.Context, control actors.Control) {
	err := h.output.audit.settled(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		control.Stop(po.CauseOf(err), "audit: "+po.DetailOf(err))
	default:
		control.Publish(h.output.audit.found)
	}
	h.output.ledger.Audit(false)
}

// Wait waits for the run's end, when every event has been delivered, the results are
// written, and every browser and profile is gone. An error is a *po.Error: the run ended
// before every order was settled, or the results could not be written; the same run
// begun again goes on.
func (h *Handle) Wait() (Summary, error) {
	h.once.Do(func() {
		<-h.ended
		if h.system != nil {
			h.system.Wait()
		}
		h.stop()
		h.beside.Wait()
		end := h.result
		err := h.output.ended(end)
		saved := h.saveResults()
		h.saveReport()
		err = errors.Join(err, h.output.closeProfiles(), h.output.removeLoose())
		left := h.output.left(context.Background())
		if err = errors.Join(err, h.output.close()); err != nil { // the next start sweeps it
			h.log.WithError(err).Warn("the run did not end cleanly")
		}
		h.summary = Summary{Counts: end.Counts, Open: end.Open, Deferred: h.output.later, Took: time.Since(h.begun),
			ResultsErr: saved, Leftovers: left}
		h.onEvent(messages.RunCleaned{Leftovers: append([]string{}, left...)}) // never nil
		if reason := h.host.panicReason(); reason != "" && end.Cause == "" {   // too late to end the run
			end.Cause, end.Detail = po.Internal, reason
		}
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
