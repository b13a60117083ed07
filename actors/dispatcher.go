package actors

import (
	"errors"
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

// dispatcher owns the orders in hand. All decisions are its board's; it only
// carries the effects out and brings the answers back.
type dispatcher struct {
	cfg       Config
	scheduler *schedule.Scheduler
	clerk     *clerk
	workers   map[string]ready // who said to be ready, by name
	peers     peers

	counts map[po.Status]int
	timer  *time.Timer // of the next wake; nil if none
	due    time.Time   // of the timer
	extend *time.Timer
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
}

// meet tells the dispatcher its peers; it begins then.
type meet struct{ peers peers }

// wake and extendLeases are the dispatcher's timers.
type (
	wake         struct{}
	extendLeases struct{}
)

// dispatchEnded tells the coordinator that nothing is in hand and nothing more
// will be.
type dispatchEnded struct {
	cause  po.Cause
	detail string
	open   int
	counts map[po.Status]int // handed over: the dispatcher does not touch it again
}

func newDispatcher(cfg Config) actor.Actor {
	return &dispatcher{
		cfg:       cfg,
		scheduler: schedule.New(cfg.Attempts, cfg.Workers, rand.Float64),
		clerk:     &clerk{ledger: cfg.Ledger, files: cfg.Files, ttl: leaseTime},
		workers:   map[string]ready{},
		counts:    map[po.Status]int{},
	}
}

// Receive implements actor.Actor.
func (d *dispatcher) Receive(c actor.Context) {
	now := time.Now()
	switch m := c.Message().(type) {
	case *actor.Started, *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		d.release()
	case meet:
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
			c.Send(d.peers.observer, messages.SessionProbed{Worker: m.Worker.Name, Key: m.Key, Written: m.Written, Sign: m.Reading.Sign, Cause: m.Failure.Cause, Detail: m.Failure.Detail, Took: m.Took})
			d.do(c, d.scheduler.Probed(m, now))
			return
		}
		again := d.scheduler.Retried(m.Token)
		d.do(c, d.scheduler.Read(m, now))
		d.tellRead(c, m)
		d.tellGovernor(c, Answer{Took: m.Took, Sign: m.Reading.Sign, Cause: m.Failure.Cause, RetryAfter: m.Failure.RetryAfter, Again: again})
	case messages.FilesFetched:
		c.Send(d.peers.observer, m)
		for _, f := range m.Result.Missing {
			if f.Cause == po.Throttled {
				d.tellGovernor(c, Answer{Took: m.Took, Cause: f.Cause, RetryAfter: f.RetryAfter, Again: d.scheduler.Retried(m.Token)})
				break // the others were refused together with it
			}
		}
		d.do(c, d.scheduler.Fetched(m, now))
	case messages.Resize:
		d.do(c, d.scheduler.Resize(m, now))
	case messages.Drain:
		d.do(c, d.scheduler.Drain(po.Interrupted, m.Reason, now))
	case messages.Stop:
		d.do(c, d.scheduler.Stop(m.Cause, m.Detail, now))
	case jobEnded:
		for _, n := range d.clerk.ended(c, m) {
			d.do(c, d.noted(c, n, now))
		}
	case wake:
		d.timer = nil
		d.do(c, d.scheduler.Wake(now))
	case extendLeases:
		d.extendLater(c)
		d.do(c, d.scheduler.ExtendLeases())
	default:
		unexpected(c)
	}
}

// tellRead passes a reading on as an event, without the credentials.
func (d *dispatcher) tellRead(c actor.Context, m messages.OrderRead) {
	m.Reading.Credentials = po.Credentials{}
	c.Send(d.peers.observer, m)
}

// tellGovernor says how the portal does.
func (d *dispatcher) tellGovernor(c actor.Context, a Answer) {
	if d.peers.governor != nil {
		c.Send(d.peers.governor, a)
	}
}

// do carries effects out.
func (d *dispatcher) do(c actor.Context, effects []any) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case schedule.Assign:
			e.Profile = d.workers[e.Worker.Name].profile
			d.clerk.add(c, e)
		case schedule.CancelFetch:
			c.Send(d.peers.fetcher, e)
		case schedule.Hire:
			c.Send(d.peers.coordinator, e)
		case schedule.Dismiss:
			delete(d.workers, e.Name)
			c.Send(d.peers.coordinator, e)
			c.Send(d.peers.observer, messages.WorkerDismissed{Worker: e.Name})
		case schedule.Probe:
			c.Send(d.workers[e.Worker.Name].pid, messages.ReadOrder{Worker: e.Worker, Lease: po.Lease{Order: e.Order}})
		case schedule.Replace:
			c.Send(d.workers[e.Worker.Name].pid, e)
		case schedule.Recycle:
			c.Send(d.workers[e.Worker.Name].pid, e)
			c.Send(d.peers.observer, messages.WorkerRecycled{Worker: e.Worker.Name, Reason: e.Reason})
		case schedule.Notify:
			c.Send(d.peers.observer, e.Event)
		case schedule.Wake:
			d.wakeIn(c, e.After)
		case schedule.Settle:
			e.Outcome.Folder = d.cfg.Files.Final(e.Order, e.Outcome.Supplier, e.Kept, e.Outcome.Status)
			e.Outcome.Time = time.Now()
			d.clerk.add(c, e)
		case schedule.End:
			c.Send(d.peers.coordinator, dispatchEnded{d.scheduler.Cause(), d.scheduler.Detail(), d.scheduler.Open(), d.counts})
		default: // a write
			d.clerk.add(c, e)
		}
	}
}

// noted brings the clerk's answer to the board, and tells the world.
func (d *dispatcher) noted(c actor.Context, n noted, now time.Time) []any {
	if n.err != nil && !errors.Is(n.err, po.ErrFenced) {
		return d.scheduler.WriteFailed(n.effect, n.err, now)
	}
	switch e := n.effect.(type) {
	case schedule.Extend:
		return d.scheduler.Fenced(n.fenced, now)
	case schedule.Assign:
		return d.handOut(c, e, n.err, now)
	case schedule.Fetch:
		return d.handOn(c, e, n.err, now)
	case schedule.Claim:
		return d.scheduler.Claimed(e.N, n.claim, now)
	case schedule.Settle:
		if n.err == nil {
			d.counts[e.Outcome.Status]++
			c.Send(d.peers.observer, messages.OrderSettled{Outcome: e.Outcome, Worker: e.Worker, Took: now.Sub(e.Started)})
		}
		return d.scheduler.Recorded(e.Token, n.err == nil, now)
	case schedule.Retry:
		c.Send(d.peers.observer, messages.OrderRetried{Key: e.Order.Key, Written: e.Order.Written, Attempt: e.Attempt, Worker: e.Worker, Failure: e.Failure, After: e.After})
		return d.scheduler.Recorded(e.Token, false, now)
	case schedule.Reopen:
		for _, o := range n.opened {
			d.counts[o.Status]--
		}
		if len(n.opened) > 0 {
			c.Send(d.peers.observer, messages.OrdersReopened{Outcomes: n.opened, Reason: e.Why})
		}
		return d.scheduler.Reopened(len(n.opened), now)
	case schedule.Release:
		c.Send(d.peers.observer, messages.OrderReleased{Key: e.Order.Key, Written: e.Order.Written, Failure: e.Failure})
		return d.scheduler.Recorded(e.Token, false, now)
	}
	return nil
}

// handOut gives an order to its worker when the ledger has who that is, unless
// something has come between.
func (d *dispatcher) handOut(c actor.Context, e schedule.Assign, err error, now time.Time) []any {
	if err != nil { // fenced
		return append(d.scheduler.Fenced([]string{e.Lease.Token}, now), d.scheduler.Unassigned(e.Worker, now)...)
	}
	if !d.scheduler.StillReads(e.Worker, e.Lease.Token) {
		return d.scheduler.Unassigned(e.Worker, now)
	}
	o := e.Lease.Order
	c.Send(d.peers.observer, messages.OrderStarted{Worker: e.Worker, Key: o.Key, Written: o.Written, Attempt: e.Lease.Attempt})
	c.Send(d.workers[e.Worker.Name].pid, messages.ReadOrder{Worker: e.Worker, Lease: e.Lease, ByBrowser: e.ByBrowser})
	return nil
}

// handOn gives an order to the fetcher when the ledger has where its files will
// be, unless something has come between.
func (d *dispatcher) handOn(c actor.Context, e schedule.Fetch, err error, now time.Time) []any {
	if err != nil { // fenced
		return d.scheduler.Fenced([]string{e.Token}, now)
	}
	if !d.scheduler.StillFetches(e.Token) {
		return d.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, now)
	}
	c.Send(d.peers.fetcher, messages.FetchFiles{Token: e.Token, Job: e.Job})
	return nil
}

// wakeIn sets the timer, unless it goes off earlier anyway.
func (d *dispatcher) wakeIn(c actor.Context, after time.Duration) {
	due := time.Now().Add(after)
	if d.timer != nil {
		if !due.Before(d.due) {
			return
		}
		d.timer.Stop()
	}
	d.due, d.timer = due, sendLater(c, after, wake{})
}

func (d *dispatcher) extendLater(c actor.Context) {
	d.extend = sendLater(c, leaseTime/3, extendLeases{})
}

// sendLater sends a message to the actor itself after a while.
func sendLater(c actor.Context, after time.Duration, m any) *time.Timer {
	root, self := c.ActorSystem().Root, c.Self()
	return time.AfterFunc(after, func() { root.Send(self, m) })
}

func (d *dispatcher) release() {
	for _, t := range []*time.Timer{d.timer, d.extend} {
		if t != nil {
			t.Stop()
		}
	}
	d.clerk.stop()
}
