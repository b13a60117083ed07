package actors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// incarnations are unique in the process.
var incarnations atomic.Uint64

// releaseTimeout is how long a job may take to notice that its context ended.
// What takes longer is stuck.
const releaseTimeout = 5 * time.Second

// worker owns one browser and one profile, and reads one order at a time. It
// has one method per state: closed, opening, idle, busy, proving. A dead browser is a
// panic: the supervisor's restart makes a new incarnation with a fresh profile.
type worker struct {
	id         messages.Worker
	browsers   Browsers
	dispatcher *actor.PID
	observer   *actor.PID
	timeout    time.Duration // of one reading

	state    func(actor.Context)
	session  Session
	job      *job
	watchdog *time.Timer        // of the reading: when it counts as stuck
	stuck    bool               // the job ignores its context
	order    messages.ReadOrder // while busy
	asked    time.Time          // when the browser was asked for
	started  time.Time          // of the job
	orders   int                // that this browser has read
	hasRead  bool               // it has read an order well
	memory   int64              // in bytes, when that was last looked at
}

// jobTimedOut says that a job has not ended although its time was over.
type jobTimedOut struct {
	quiet
	number uint64
}

// sessionDied is a worker's private message: its browser is gone.
type sessionDied struct {
	quiet
	incarnation uint64
}

// browserReady tells the coordinator that browsers can live here at all.
type browserReady struct{ quiet }

// openResult is the answer of the opening job.
type openResult struct {
	session Session
	err     error
}

// readResult is the answer of the reading job.
type readResult struct {
	reading po.Reading
	err     error
	memory  int64 // in bytes; 0 if it was not looked at
}

// proofResult is the answer of the proving job.
type proofResult struct {
	proof po.Proof
	err   error
}

func newWorker(name string, browsers Browsers, dispatcher, observer *actor.PID, timeout time.Duration) actor.Actor {
	w := &worker{
		id:       messages.Worker{Name: name, Incarnation: incarnations.Add(1)},
		browsers: browsers, dispatcher: dispatcher, observer: observer, timeout: timeout,
	}
	w.state = w.closed
	return w
}

// Receive implements actor.Actor. A restart sends no Stopped, so that the
// browser is released in Restarting and in Stopping.
func (w *worker) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started, *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		w.release(c)
	case sessionDied:
		if m.incarnation == w.id.Incarnation {
			w.crash(fmt.Errorf("%w: its process ended", po.BrowserDied))
		}
	case schedule.Replace:
		if m.Worker == w.id {
			w.crash(fmt.Errorf("%w: %s", po.BrowserHung, m.Reason))
		}
	case jobTimedOut:
		if w.job != nil && m.number == w.job.number {
			w.stuck = true
			w.crash(fmt.Errorf("%w: the reading did not end in its time", po.BrowserHung))
		}
	case schedule.Recycle:
		if m.Worker == w.id { // and idle, or it would not be asked
			w.recycle(c)
		}
	case messages.ReadOrder:
		if m.Worker == w.id { // else it was meant for a former incarnation, and came late
			w.state(c)
		}
	case messages.ProveSession:
		if m.Worker == w.id {
			w.state(c)
		}
	case *actor.DeadLetterResponse: // the dispatcher has gone before us
	case jobEnded:
		if w.job != nil && m.number == w.job.number {
			w.job = nil
			w.stopWatchdog()
			if m.crash != nil {
				m.crash.worked = w.hasRead
				panic(m.crash)
			}
			w.state(c)
		}
	default:
		w.state(c)
	}
}

// crash ends this incarnation: the supervisor makes another.
func (w *worker) crash(err error) { panic(&crash{err: err, worked: w.hasRead}) }

// closed: no browser, and none asked for.
func (w *worker) closed(c actor.Context) {
	switch m := c.Message().(type) {
	case messages.OpenBrowser:
		w.asked = time.Now()
		w.job = startJob(c, func(ctx context.Context) any { return w.open(ctx, m.After) })
		w.state = w.opening
	default:
		unexpected(c)
	}
}

// open is the opening job.
func (w *worker) open(ctx context.Context, after time.Duration) openResult {
	t := time.NewTimer(after)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return openResult{err: ctx.Err()}
	}
	s, err := w.browsers.Open(ctx)
	return openResult{s, err}
}

// opening: the browser is on its way.
func (w *worker) opening(c actor.Context) {
	switch m := c.Message().(type) {
	case jobEnded:
		o := m.answer.(openResult)
		if o.err != nil {
			w.crash(o.err)
		}
		w.session = o.session
		c.Send(c.Parent(), browserReady{})
		w.watch(c)
		w.becomeIdle(c, time.Since(w.asked))
	default:
		unexpected(c)
	}
}

// watch tells the worker when its browser dies. The goroutine ends with the
// session, which is closed on every path.
func (w *worker) watch(c actor.Context) {
	root, self, s, n := c.ActorSystem().Root, c.Self(), w.session, w.id.Incarnation
	go func() {
		<-s.Done()
		root.Send(self, sessionDied{incarnation: n})
	}()
}

// becomeIdle makes the worker idle and asks for an order.
func (w *worker) becomeIdle(c actor.Context, took time.Duration) {
	w.state = w.idle
	c.Request(w.dispatcher, messages.WorkerReady{Worker: w.id, Profile: w.session.Profile(), Took: messages.Duration(took),
		Worn: schedule.RecycleReason(w.orders, w.memory)})
}

// recycle gives the worker a fresh browser, and with it a new incarnation.
func (w *worker) recycle(c actor.Context) {
	old := w.session
	w.session, w.orders, w.memory, w.asked = nil, 0, 0, time.Now()
	w.id.Incarnation = incarnations.Add(1)
	w.job = startJob(c, func(ctx context.Context) any {
		_ = old.Close() // which tells the log what it could not remove
		return w.open(ctx, 0)
	})
	w.state = w.opening
}

// startWatchdog has the worker told when the reading is past its time.
func (w *worker) startWatchdog(c actor.Context) {
	root, self, timedOut := c.ActorSystem().Root, c.Self(), jobTimedOut{number: w.job.number}
	w.watchdog = time.AfterFunc(w.timeout+releaseTimeout, func() { root.Send(self, timedOut) })
}

func (w *worker) stopWatchdog() {
	if w.watchdog != nil {
		w.watchdog.Stop()
	}
}

// idle: waits for an order.
func (w *worker) idle(c actor.Context) {
	switch m := c.Message().(type) {
	case messages.ReadOrder:
		w.order, w.started, w.state = m, time.Now(), w.busy
		s := w.session
		lookAtMemory := w.orders%schedule.MemoryCheckEvery == schedule.MemoryCheckEvery-1
		w.orders++
		w.job = startJob(c, func(ctx context.Context) any {
			ctx, cancel := context.WithTimeout(ctx, w.timeout)
			defer cancel()
			a := readResult{}
			if m.Look.Cause != "" {
				a.reading, a.err = s.Look(ctx, m.Lease.Order, m.Look)
			} else if a.reading, a.err = s.Read(ctx, m.Lease.Order, m.ByBrowser); lookAtMemory && a.err == nil {
				a.memory = s.Memory()
			}
			return a
		})
		w.startWatchdog(c)
	case messages.ProveSession:
		w.order, w.started, w.state = messages.ReadOrder{}, time.Now(), w.proving
		s := w.session
		w.job = startJob(c, func(ctx context.Context) any {
			ctx, cancel := context.WithTimeout(ctx, w.timeout)
			defer cancel()
			proof, err := s.Prove(ctx)
			return proofResult{proof, err}
		})
		w.startWatchdog(c)
	default:
		unexpected(c)
	}
}

// proving: opens the page that shows who is signed in.
func (w *worker) proving(c actor.Context) {
	switch m := c.Message().(type) {
	case jobEnded:
		a := m.answer.(proofResult)
		if errors.Is(a.err, po.BrowserDied) || errors.Is(a.err, po.BrowserHung) {
			w.crash(a.err)
		}
		c.Send(w.dispatcher, messages.SessionProved{Worker: w.id, Proof: a.proof, Failure: failureOf(a.err),
			Took: messages.Duration(time.Since(w.started))})
		w.becomeIdle(c, 0)
	default:
		unexpected(c)
	}
}

// busy: reads an order.
func (w *worker) busy(c actor.Context) {
	switch m := c.Message().(type) {
	case jobEnded:
		a := m.answer.(readResult)
		if errors.Is(a.err, po.BrowserDied) || errors.Is(a.err, po.BrowserHung) {
			w.crash(a.err)
		}
		w.memory = cmp.Or(a.memory, w.memory)
		w.hasRead = w.hasRead || a.err == nil
		c.Send(w.dispatcher, messages.OrderRead{
			Worker: w.id, Token: w.order.Lease.Token, Key: w.order.Lease.Order.Key, RawNumber: w.order.Lease.Order.RawNumber,
			Reading: a.reading, Failure: failureOf(a.err), Took: messages.Duration(time.Since(w.started)),
		})
		w.becomeIdle(c, 0)
	default:
		unexpected(c)
	}
}

// failureOf makes a plain value of a reading's error.
func failureOf(err error) po.ReadFailure {
	if err == nil {
		return po.ReadFailure{}
	}
	if f, ok := errors.AsType[*po.ReadFailure](err); ok {
		masked := *f
		masked.Detail, masked.URL = po.MaskAddresses(f.Detail), po.PublicURL(f.URL)
		return masked
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return po.ReadFailure{Cause: po.Timeout, Detail: "the page was not read in its time"}
	}
	return po.ReadFailure{Cause: po.CauseOf(err), Detail: po.DetailOf(err)}
}

// release ends the job, the browser and the profile. It waits for them, within
// bounds; a job that ignores its context is left to end by itself, and what it
// may still open is closed then.
func (w *worker) release(c actor.Context) {
	w.stopWatchdog()
	j := w.job
	if j != nil {
		j.cancel()
	}
	cancelled := time.Now()
	if w.session != nil {
		w.session.Close()
	}
	switch {
	case j == nil:
	case !w.stuck && j.wait(releaseTimeout):
		j.closeOpened()
	default:
		w.abandon(c, j, cancelled)
	}
}

// abandon leaves a job that is stuck to itself, and tells of it, and of its end
// if there is one.
func (w *worker) abandon(c actor.Context, j *job, cancelled time.Time) {
	written := w.order.Lease.Order.RawNumber
	root, observer, name := c.ActorSystem().Root, w.observer, w.id.Name
	root.Send(observer, messages.JobStuck{Worker: name, RawNumber: written, For: messages.Duration(time.Since(w.started))})
	go func() {
		<-j.done
		j.closeOpened()
		root.Send(observer, messages.JobReturned{Worker: name, RawNumber: written, After: messages.Duration(time.Since(cancelled))})
	}()
}

// closeOpened closes the session of an opening job whose worker is gone.
func (j *job) closeOpened() {
	if o, ok := j.answer.(openResult); ok && o.session != nil {
		o.session.Close()
	}
}
