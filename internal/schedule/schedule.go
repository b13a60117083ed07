package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Scheduler decides who has which order and what comes next. It is a pure state
// machine: each method takes one fact and returns the effects that it calls for, to be
// carried out in order. It is not safe for concurrent use.
//
// Whatever goes wrong with an order in hand, it ends in exactly one write to the
// ledger: Settle, Retry or Release.
type Scheduler struct {
	attempts int            // tries an order may have
	random   func() float64 // from [0,1), for jitter
	restores bool           // a session that is over may be restored

	queue    queue    // the orders in hand
	workers  roster   // who there is to read them
	pool     pool     // how many there should be
	portal   outage   // whether it is there for anybody
	sessions sessions // whose answers are confirmed
	signIn   signIn   // whether the session is being restored
	lane     lane     // what is read without a browser

	poolSize   int       // as the workers were hired for; -1: not yet
	maxReading int       // orders that are read at once; 0: one for each worker
	heldUntil  time.Time // no order is begun until then: the portal has asked for it

	userPause bool     // no order is begun
	draining  bool     // no more orders are taken
	stopCause po.Cause // not empty: what is in hand is put back
	detail    string   // of stopCause, or why it drains
	ended     bool     // End was returned
}

// Config is what a scheduler decides by.
type Config struct {
	Attempts int            // tries an order may have
	Workers  int            // that the user wishes for
	Random   func() float64 // numbers from [0,1), for jitter
	Proves   bool           // a browser can show by a page of the portal that its session lives
	Restores bool           // a session that is over may be restored; else the run ends
	Fast     bool           // pages are read without a browser, where that can be trusted
}

// New makes a scheduler.
func New(c Config) *Scheduler {
	return &Scheduler{attempts: c.Attempts, random: c.Random, restores: c.Restores, poolSize: -1,
		queue: newQueue(), workers: newRoster(), pool: newPool(c.Workers), portal: newOutage(), sessions: newSessions(c.Proves), lane: newLane(c.Fast)}
}

// Begin hires the workers and asks how much there is to do.
func (s *Scheduler) Begin(now time.Time) []Effect {
	return append(s.adjustPool(now), s.queue.claim(0))
}

// Open is how many orders are not settled; -1 until the ledger has told.
func (s *Scheduler) Open() int { return s.queue.open }

// Cause says why the run ended before it was known that no order is open; empty if that is.
func (s *Scheduler) Cause() po.Cause {
	if s.stopCause == "" && s.draining && !s.queue.settled() {
		return po.Interrupted
	}
	return s.stopCause
}

// Detail says in words why the run stops or drains; empty if it does not.
func (s *Scheduler) Detail() string { return s.detail }

// Claimed brings the leases that a claim of n gave.
func (s *Scheduler) Claimed(n int, c po.Claim, now time.Time) []Effect {
	s.queue.claimed(n, c)
	s.sessions.remember(c.Known)
	fx := s.forgetClaimed(c.Leases)
	for _, l := range slices.Concat(c.Invalid, c.Leases) {
		t := s.queue.add(l, now)
		switch {
		case s.shuttingDown():
			fx = append(fx, s.release(t, po.Failure{Cause: po.Interrupted}))
		case l.Order.Invalid != "":
			fx = append(fx, s.settle(t, po.Failed, po.InvalidNumber, l.Order.Invalid))
		case l.Deaths > quarantineDeaths:
			t.trace.Evidence = l.Evidence
			fx = append(fx, s.settle(t, t.failedStatus(), po.Quarantined,
				strings.TrimSuffix(fmt.Sprintf("%d browsers died with it in hand, the last its own: %s", l.Deaths, l.Died), ": ")))
		default:
			t.isolated = l.Deaths == quarantineDeaths
			s.queue.push(t)
		}
	}
	if s.queue.exhausted && c.Wait > 0 {
		fx = append(fx, Wake{c.Wait})
	}
	return append(fx, s.advance(now)...)
}

// Recorded says that the ledger has a task's end, or has refused it since the lease
// was no longer ours; either way it is no longer in hand.
func (s *Scheduler) Recorded(token string, settled bool, now time.Time) []Effect {
	t, ok := s.queue.tasks[token]
	if !ok {
		return nil
	}
	s.queue.remove(t)
	s.queue.exhausted = false
	if settled {
		s.queue.open--
	}
	var fx []Effect
	isolated := s.workers.isolated // it was for this one order
	if isolated != "" && t.isolated && (t.worker.Name == isolated || !s.queue.anyIsolated()) {
		fx = s.dismiss(isolated)
	}
	return append(fx, s.advance(now)...)
}

// Fenced says that leases are no longer ours: what was in hand under them is somebody
// else's now. Answers that still come change nothing.
func (s *Scheduler) Fenced(tokens []string, now time.Time) []Effect {
	var fx []Effect
	for _, token := range tokens {
		t, ok := s.queue.tasks[token]
		if !ok || t.stage == recording { // the write will be refused
			continue
		}
		if t.stage == fetching || t.stage == paging {
			fx = append(fx, CancelFetch{token})
		}
		s.queue.remove(t)
		s.queue.exhausted = false
	}
	return append(fx, s.advance(now)...)
}

// ExtendLeases keeps the leases of all that is in hand.
func (s *Scheduler) ExtendLeases() []Effect {
	var tokens []string
	for _, t := range s.queue.inHand() {
		tokens = append(tokens, t.lease.Token)
	}
	if tokens == nil {
		return nil
	}
	return []Effect{Extend{tokens}}
}

// Wake says that a time that was waited for has come.
func (s *Scheduler) Wake(now time.Time) []Effect {
	s.queue.exhausted = false
	s.pool.grow(now)
	return append(s.adjustPool(now), s.advance(now)...)
}

// WriteFailed says that an effect could not be recorded, or that a folder could not
// get its name: a run that cannot keep its record must not go on. What the write was
// about is no longer in hand; the next start finds it.
func (s *Scheduler) WriteFailed(e Effect, err error, now time.Time) []Effect {
	fx := s.stop(po.CauseOf(err), po.DetailOf(err))
	switch e := e.(type) {
	case Claim:
		s.queue.claiming = false
		s.queue.open = max(s.queue.open, 1) // not known to be done
	case Settle:
		delete(s.queue.tasks, e.Token)
	case Retry:
		delete(s.queue.tasks, e.Token)
	case Release:
		delete(s.queue.tasks, e.Token)
	case Reopen:
		s.queue.reopening-- // the next start opens them
	case Assign: // its worker was not told
		return append(fx, s.Unassigned(e.Worker, now)...)
	case ReadPage: // the reader was not told
		return append(fx, s.PageRead(messages.PageRead{Token: e.Lease.Token}, now)...)
	case Fetch: // the fetcher was not told
		return append(fx, s.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, now)...)
	}
	return append(fx, s.advance(now)...)
}

// IsReading says whether a worker still is to read under a lease.
func (s *Scheduler) IsReading(w messages.Worker, token string) bool {
	t := s.queue.in(reading, token)
	return t != nil && t.worker == w
}

// IsFetching says whether files still are to be fetched under a lease.
func (s *Scheduler) IsFetching(token string) bool {
	return s.queue.in(fetching, token) != nil && s.stopCause == ""
}

// HasFailed says whether the order that is in hand under a lease has failed before.
func (s *Scheduler) HasFailed(token string) bool {
	t, ok := s.queue.tasks[token]
	return ok && t.lease.Attempt > 1
}
