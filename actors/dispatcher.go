package actors

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

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
	cfg     Config
	board   *board
	clerk   *clerk
	workers map[string]ready // who said to be ready, by name
	peers   peers

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

// hire and dismiss ask the coordinator for a worker, or to end one.
type (
	hire    doHire
	dismiss doDismiss
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
		cfg:     cfg,
		board:   newBoard(cfg.Attempts, cfg.Workers, rand.Float64),
		clerk:   &clerk{ledger: cfg.Ledger, files: cfg.Files, ttl: leaseTime},
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
		d.release()
	case meet:
		d.peers = m.peers
		d.extendLater(c)
		d.do(c, d.board.begin(now))
	case messages.WorkerReady:
		d.workers[m.Worker.Name] = ready{c.Sender(), m.Profile}
		if m.Took > 0 {
			c.Send(d.peers.observer, m)
		}
		d.do(c, d.board.ready(m, now))
	case messages.WorkerLost:
		d.do(c, d.board.lost(m, now))
	case messages.OrderRead:
		if m.Token == "" { // nobody's: a probe
			c.Send(d.peers.observer, messages.SessionProbed{Worker: m.Worker.Name, Key: m.Key, Written: m.Written, Sign: m.Reading.Sign, Cause: m.Failure.Cause, Detail: m.Failure.Detail, Took: m.Took})
			d.do(c, d.board.probed(m, now))
			return
		}
		again := d.board.again(m.Token)
		d.do(c, d.board.read(m, now))
		d.tellRead(c, m)
		d.tellGovernor(c, Answer{Took: m.Took, Sign: m.Reading.Sign, Cause: m.Failure.Cause, RetryAfter: m.Failure.RetryAfter, Again: again})
	case messages.FilesFetched:
		c.Send(d.peers.observer, m)
		for _, f := range m.Result.Missing {
			if f.Cause == po.Throttled {
				d.tellGovernor(c, Answer{Took: m.Took, Cause: f.Cause, RetryAfter: f.RetryAfter, Again: d.board.again(m.Token)})
				break // the others were refused together with it
			}
		}
		d.do(c, d.board.fetched(m, now))
	case messages.Resize:
		d.do(c, d.board.resize(m, now))
	case messages.Drain:
		d.do(c, d.board.drain(po.Interrupted, m.Reason, now))
	case messages.Stop:
		d.do(c, d.board.halt(m.Cause, m.Detail, now))
	case jobEnded:
		for _, n := range d.clerk.ended(c, m) {
			d.do(c, d.noted(c, n, now))
		}
	case wake:
		d.timer = nil
		d.do(c, d.board.wake(now))
	case extendLeases:
		d.extendLater(c)
		d.do(c, d.board.extend())
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
		case doRead:
			e.profile = d.workers[e.worker.Name].profile
			d.clerk.add(c, e)
		case doCancel:
			c.Send(d.peers.fetcher, cancelFetches(e))
		case doHire:
			c.Send(d.peers.coordinator, hire(e))
		case doDismiss:
			delete(d.workers, e.name)
			c.Send(d.peers.coordinator, dismiss(e))
			c.Send(d.peers.observer, messages.WorkerDismissed{Worker: e.name})
		case doProbe:
			c.Send(d.workers[e.worker.Name].pid, messages.ReadOrder{Worker: e.worker, Lease: po.Lease{Order: e.order}})
		case doCondemn:
			c.Send(d.workers[e.worker.Name].pid, condemn{e.worker.Incarnation, e.why})
		case doRecycle:
			c.Send(d.workers[e.worker.Name].pid, recycle{e.worker.Incarnation})
			c.Send(d.peers.observer, messages.WorkerRecycled{Worker: e.worker.Name, Reason: e.reason})
		case doTell:
			c.Send(d.peers.observer, e.event)
		case doWake:
			d.wakeIn(c, e.after)
		case doSettle:
			e.outcome.Folder = d.cfg.Files.Final(e.order, e.outcome.Supplier, e.kept, e.outcome.Status)
			e.outcome.Time = time.Now()
			d.clerk.add(c, e)
		case doEnd:
			c.Send(d.peers.coordinator, dispatchEnded{d.board.cause(), d.board.detail, d.board.open, d.counts})
		default: // a write
			d.clerk.add(c, e)
		}
	}
}

// noted brings the clerk's answer to the board, and tells the world.
func (d *dispatcher) noted(c actor.Context, n noted, now time.Time) []any {
	if n.err != nil && !errors.Is(n.err, po.ErrFenced) {
		return d.board.broken(n.effect, n.err, now)
	}
	switch e := n.effect.(type) {
	case doExtend:
		return d.board.fenced(n.fenced, now)
	case doRead:
		return d.handOut(c, e, n.err, now)
	case doFetch:
		return d.handOn(c, e, n.err, now)
	case doClaim:
		return d.board.claimed(e.n, n.claim, now)
	case doSettle:
		if n.err == nil {
			d.counts[e.outcome.Status]++
			c.Send(d.peers.observer, messages.OrderSettled{Outcome: e.outcome, Worker: e.worker, Took: now.Sub(e.started)})
		}
		return d.board.recorded(e.token, n.err == nil, now)
	case doRetry:
		c.Send(d.peers.observer, messages.OrderRetried{Key: e.order.Key, Written: e.order.Written, Attempt: e.attempt, Worker: e.worker, Failure: e.failure, After: e.after})
		return d.board.recorded(e.token, false, now)
	case doReopen:
		for _, o := range n.opened {
			d.counts[o.Status]--
		}
		if len(n.opened) > 0 {
			c.Send(d.peers.observer, messages.OrdersReopened{Outcomes: n.opened, Reason: e.why})
		}
		return d.board.reopened(len(n.opened), now)
	case doRelease:
		c.Send(d.peers.observer, messages.OrderReleased{Key: e.order.Key, Written: e.order.Written, Failure: e.failure})
		return d.board.recorded(e.token, false, now)
	}
	return nil
}

// handOut gives an order to its worker when the ledger has who that is, unless
// something has come between.
func (d *dispatcher) handOut(c actor.Context, e doRead, err error, now time.Time) []any {
	if err != nil { // fenced
		return append(d.board.fenced([]string{e.lease.Token}, now), d.board.unread(e.worker, now)...)
	}
	if !d.board.reads(e.worker, e.lease.Token) {
		return d.board.unread(e.worker, now)
	}
	o := e.lease.Order
	c.Send(d.peers.observer, messages.OrderStarted{Worker: e.worker, Key: o.Key, Written: o.Written, Attempt: e.lease.Attempt})
	c.Send(d.workers[e.worker.Name].pid, messages.ReadOrder{Worker: e.worker, Lease: e.lease, ByBrowser: e.byBrowser})
	return nil
}

// handOn gives an order to the fetcher when the ledger has where its files will
// be, unless something has come between.
func (d *dispatcher) handOn(c actor.Context, e doFetch, err error, now time.Time) []any {
	if err != nil { // fenced
		return d.board.fenced([]string{e.token}, now)
	}
	if !d.board.fetches(e.token) {
		return d.board.fetched(messages.FilesFetched{Token: e.token, Failure: po.Interrupted}, now)
	}
	c.Send(d.peers.fetcher, messages.FetchFiles{Token: e.token, Job: e.job})
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
