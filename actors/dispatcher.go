package actors

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// leaseTime is how long a claim holds without a sign of life. The dispatcher
// extends what it has in hand three times in that time; only after its death
// does a lease run out.
const leaseTime = time.Minute

// dispatcher owns the orders in hand. All decisions are its scheduler's; it only
// carries the effects out and brings the answers back.
type dispatcher struct {
	cfg       Config
	scheduler *schedule.Scheduler
	writer    *ledgerWriter
	workers   map[string]ready // who said to be ready, by name
	peers     peers

	counts      map[po.Status]int
	wakeTimer   *time.Timer // nil if none
	wakeAt      time.Time   // when it goes off
	extendTimer *time.Timer
}

// ready is a worker as it said of itself.
type ready struct {
	pid     *actor.PID
	profile string
}

// peers are the actors a dispatcher talks to.
type peers struct {
	coordinator, fetcher, observer *actor.PID
	governor                       *actor.PID // nil: nothing binds
	pageReader                     *actor.PID // nil: all pages are read by browsers
	sessionKeeper                  *actor.PID // nil: a session that is over ends the run
}

// setPeers tells the dispatcher its peers; it begins then.
type setPeers struct {
	quiet
	peers peers
}

// wake and extendLeases are the dispatcher's timers.
type (
	wake         struct{ quiet }
	extendLeases struct{ quiet }
)

// dispatchEnded tells the coordinator that nothing is in hand and nothing more
// will be.
type dispatchEnded struct {
	quiet
	cause  po.Cause
	detail string
	open   int
	counts map[po.Status]int // handed over: the dispatcher does not touch it again
}

func newDispatcher(cfg Config) actor.Actor {
	return &dispatcher{
		cfg: cfg,
		scheduler: schedule.New(schedule.Config{Attempts: cfg.Attempts, Workers: cfg.Workers, Random: rand.Float64,
			Proves: cfg.Proves, Restores: cfg.SignIn != nil, Fast: cfg.Pages != nil}),
		writer:  &ledgerWriter{ledger: cfg.Ledger},
		workers: map[string]ready{},
		counts:  map[po.Status]int{},
	}
}

// Receive implements actor.Actor.
func (d *dispatcher) Receive(c actor.Context) {
	now := time.Now()
	switch m := c.Message().(type) {
	case *actor.Started, *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		d.close()
	case setPeers:
		d.peers = m.peers
		d.extendLater(c)
		d.do(c, d.scheduler.Begin(now))
	case messages.WorkerReady:
		d.workers[m.Worker.Name] = ready{c.Sender(), m.Profile}
		if m.Took > 0 {
			c.Send(d.peers.observer, m)
		}
		d.do(c, d.scheduler.Ready(m, now))
	case messages.WorkerLost:
		d.do(c, d.scheduler.Lost(m, now))
	case messages.OrderRead:
		if m.Token == "" { // nobody's: a probe
			c.Send(d.peers.observer, messages.SessionProbed{Worker: m.Worker.Name, Key: m.Key, RawNumber: m.RawNumber,
				Sign: m.Reading.Sign, Cause: m.Failure.Cause, Detail: m.Failure.Detail, Took: m.Took})
			d.do(c, d.scheduler.Probed(m, now))
			return
		}
		hasFailed := d.scheduler.HasFailed(m.Token)
		d.do(c, d.scheduler.Read(m, now))
		d.publishRead(c, m)
		d.informGovernor(c, Answer{Took: time.Duration(m.Took), Sign: m.Reading.Sign, Cause: m.Failure.Cause,
			RetryAfter: m.Failure.RetryAfter, Retried: hasFailed})
	case messages.PageRead:
		hasFailed := d.scheduler.HasFailed(m.Token)
		d.do(c, d.scheduler.PageRead(m, now))
		m.Page.Credentials, m.Reason = po.Credentials{}, d.scheduler.WhyBrowser(m.Token)
		c.Send(d.peers.observer, m)
		d.informGovernor(c, Answer{Took: time.Duration(m.Took), WithoutBrowser: true, Sign: m.Page.Sign,
			Cause: m.Failure.Cause, RetryAfter: m.Failure.RetryAfter, Retried: hasFailed})
	case messages.SessionProved:
		c.Send(d.peers.observer, m)
		d.do(c, d.scheduler.Proved(m, now))
	case messages.SessionRestored:
		c.Send(d.peers.observer, m)
		d.do(c, d.scheduler.Restored(m, now))
	case messages.FilesFetched:
		c.Send(d.peers.observer, m)
		for _, f := range m.Result.Missing {
			if f.Cause == po.Throttled {
				d.informGovernor(c, Answer{Took: time.Duration(m.Took), Cause: f.Cause, RetryAfter: f.RetryAfter,
					Retried: d.scheduler.HasFailed(m.Token)})
				break // the others were refused together with it
			}
		}
		d.do(c, d.scheduler.Fetched(m, now))
	case messages.Resize:
		d.do(c, d.scheduler.Resize(m, now))
	case messages.Pause:
		d.do(c, d.scheduler.Pause(now))
	case messages.Resume:
		d.do(c, d.scheduler.Resume(now))
	case messages.SetWorkers:
		d.do(c, d.scheduler.SetWorkers(m.Workers, now))
	case messages.Drain:
		d.do(c, d.scheduler.Drain(po.Interrupted, m.Reason, now))
	case messages.Stop:
		d.do(c, d.scheduler.Stop(m.Cause, m.Detail, now))
	case jobEnded:
		d.applyResults(c, d.writer.ended(c, m), now)
	case wake:
		d.wakeTimer = nil
		d.do(c, d.scheduler.Wake(now))
	case extendLeases:
		d.extendLater(c)
		d.do(c, d.scheduler.ExtendLeases())
	default:
		unexpected(c)
	}
}

// publishRead passes a reading on as an event, without the credentials and what a task's work
// has returned, which may be large.
func (d *dispatcher) publishRead(c actor.Context, m messages.OrderRead) {
	m.Reading.Credentials, m.Reading.Result = po.Credentials{}, nil
	c.Send(d.peers.observer, m)
}

// informGovernor says how the portal does.
func (d *dispatcher) informGovernor(c actor.Context, a Answer) {
	if d.peers.governor != nil {
		c.Send(d.peers.governor, a)
	}
}

// do carries effects out.
func (d *dispatcher) do(c actor.Context, effects []schedule.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case schedule.Claim:
			d.claim(c, e)
		case schedule.Assign:
			d.assign(c, e)
		case schedule.ReadPage:
			d.readPage(c, e)
		case schedule.Fetch:
			d.fetch(c, e)
		case schedule.Save:
			d.save(c, e)
		case schedule.Settle:
			d.settle(c, e)
		case schedule.Retry:
			d.retry(c, e)
		case schedule.Release:
			d.release(c, e)
		case schedule.Reopen:
			d.reopen(c, e)
		case schedule.Extend:
			d.extend(c, e)
		case schedule.CancelFetch:
			c.Send(d.peers.fetcher, e)
			if d.peers.pageReader != nil {
				c.Send(d.peers.pageReader, e)
			}
		case schedule.Hire:
			c.Send(d.peers.coordinator, e)
		case schedule.Dismiss:
			delete(d.workers, e.Name)
			c.Send(d.peers.coordinator, e)
			c.Send(d.peers.observer, messages.WorkerDismissed{Worker: e.Name})
		case schedule.Probe:
			c.Send(d.workers[e.Worker.Name].pid, messages.ReadOrder{Worker: e.Worker, Lease: po.Lease{Order: e.Order}})
		case schedule.Prove:
			c.Send(d.workers[e.Worker.Name].pid, messages.ProveSession{Worker: e.Worker})
		case schedule.Restore:
			c.Send(d.peers.sessionKeeper, e)
		case schedule.Replace:
			c.Send(d.workers[e.Worker.Name].pid, e)
		case schedule.Recycle:
			c.Send(d.workers[e.Worker.Name].pid, e)
			c.Send(d.peers.observer, messages.WorkerRecycled{Worker: e.Worker.Name, Reason: e.Reason})
		case schedule.Notify:
			c.Send(d.peers.observer, e.Event)
		case schedule.Wake:
			d.wakeIn(c, e.After)
		case schedule.End:
			c.Send(d.peers.coordinator, dispatchEnded{
				cause: d.scheduler.Cause(), detail: d.scheduler.Detail(), open: d.scheduler.Open(), counts: d.counts})
		default: // TestEveryEffectIsCarriedOut sees to it that there is none
			panic(&crash{err: fmt.Errorf("no case for the effect %T", effect)})
		}
	}
}

// applyResults brings the ledger writer's results to the scheduler.
func (d *dispatcher) applyResults(c actor.Context, results []writeResult, now time.Time) {
	for _, r := range results {
		switch {
		case r.err != nil && !errors.Is(r.err, po.ErrFenced):
			d.do(c, d.scheduler.WriteFailed(r.write.effect, r.err, now))
		case r.write.done != nil:
			d.do(c, r.write.done(now, r.err))
		}
	}
}

// wakeIn sets the timer, unless it goes off earlier anyway.
func (d *dispatcher) wakeIn(c actor.Context, after time.Duration) {
	due := time.Now().Add(after)
	if d.wakeTimer != nil {
		if !due.Before(d.wakeAt) {
			return
		}
		d.wakeTimer.Stop()
	}
	d.wakeAt, d.wakeTimer = due, sendLater(c, after, wake{})
}

func (d *dispatcher) extendLater(c actor.Context) {
	d.extendTimer = sendLater(c, leaseTime/3, extendLeases{})
}

// sendLater sends a message to the actor itself after a while.
func sendLater(c actor.Context, after time.Duration, m any) *time.Timer {
	root, self := c.ActorSystem().Root, c.Self()
	return time.AfterFunc(after, func() { root.Send(self, m) })
}

// close ends the timers and the writing.
func (d *dispatcher) close() {
	for _, t := range []*time.Timer{d.wakeTimer, d.extendTimer} {
		if t != nil {
			t.Stop()
		}
	}
	d.writer.stop()
}
