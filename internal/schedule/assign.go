package schedule

import (
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// advance hands out work and asks for more, or ends the run. Every fact ends in it.
func (s *Scheduler) advance(now time.Time) []Effect {
	if s.ended {
		return nil
	}
	var fx []Effect
	if s.signIn.over != "" && s.stopCause == "" {
		fx = s.restoreSession(now)
	}
	fx = append(fx, s.endUnproved()...)
	if s.finished() {
		return append(fx, s.end()...)
	}
	if s.lane.on {
		fx = append(fx, s.adjustPool(now)...)
	}
	fx = append(fx, s.startProbes(now)...)
	if s.finished() { // nothing is left to be probed by
		return append(fx, s.end()...)
	}
	if s.allSettled() {
		fx = append(fx, s.reopenOrphans()...)
	}
	fx = append(fx, s.readPages(now)...)
	fx = append(fx, s.assignAll(now)...)
	if s.draining && s.stopCause == "" && s.workers.active() == 0 && len(s.queue.waiting) > 0 { // for what is begun
		fx = append(fx, s.workers.hire(false))
	}
	fx = append(fx, s.isolate()...)
	if s.paused(now) {
		fx = append(fx, Wake{s.pausedUntil().Sub(now)})
	}
	n := s.wanted(now)
	if (n > 0 || s.queue.moreInvalid) && !s.queue.claiming && !s.shuttingDown() {
		fx = append(fx, s.queue.claim(n))
	}
	return fx
}

// assignAll hands out orders as long as one is for a worker that is idle.
func (s *Scheduler) assignAll(now time.Time) []Effect {
	var fx []Effect
	for {
		t, w := s.nextAssignment(now)
		if t == nil {
			return fx
		}
		s.workers.assign(w, t)
		s.queue.pull(t)
		fx = append(fx, Assign{Worker: w, Lease: t.lease, ByBrowser: t.byBrowser, Reason: s.lane.whyBrowser(t), Look: t.lookFor()})
	}
}

// nextAssignment picks the next task and the idle worker that gets it: not the
// one that failed at it last, where there is another. It returns nil if there is none.
func (s *Scheduler) nextAssignment(now time.Time) (*task, messages.Worker) {
	none := messages.Worker{}
	if s.stopCause != "" || s.paused(now) || s.suspended() || !s.mayReadMore() {
		return nil, none
	}
	for _, t := range s.queue.waiting {
		if s.sessions.isProbed(t.key()) || s.lane.isFor(t) {
			continue
		}
		if !t.begun() && (s.draining || s.userPause || !t.isolated && s.queue.inFlight() >= s.maxInFlight()) {
			continue
		}
		for _, w := range s.workers.idle {
			if !s.workers.mayRead(w, t) {
				continue
			}
			if w.Name != t.lease.Worker || s.workers.withBrowser() == 1 || len(s.queue.waiting) > s.maxInFlight() {
				return t, w
			}
		}
	}
	return nil, none
}

// Unassigned says that an order which was meant for a worker was not handed to it: the
// worker is idle.
func (s *Scheduler) Unassigned(w messages.Worker, now time.Time) []Effect {
	t, slot := s.workers.busy[w.Name], s.workers.slots[w.Name]
	if t == nil || t.worker != w || slot == nil {
		return s.advance(now)
	}
	s.workers.vacate(w.Name)
	if slot.retiring {
		return append(s.dismiss(w.Name), s.advance(now)...)
	}
	if s.signIn.old[w] && !s.signIn.restoring {
		return append([]Effect{s.renew(w)}, s.advance(now)...)
	}
	s.workers.setIdle(w)
	return s.advance(now)
}

// wanted is how many orders are to be claimed.
func (s *Scheduler) wanted(now time.Time) int {
	if s.queue.exhausted || s.userPause || s.paused(now) || s.suspended() {
		return 0
	}
	n := min(s.workers.idleInPool(), s.maxInFlight()-s.queue.inFlight())
	if s.maxReading > 0 {
		n = min(n, s.maxReading-len(s.workers.busy)-s.lane.reading)
	}
	if s.lane.usable() { // some more, so that none waits for the ledger
		n = 2*s.poolSize - (len(s.queue.waiting) - s.forBrowser())
	}
	return max(0, n)
}

// maxInFlight is how many tasks may be in flight at once: each worker reads one while
// the files of its last are fetched; in sequential mode one.
func (s *Scheduler) maxInFlight() int {
	if s.poolSize == 1 {
		return 1
	}
	if s.lane.usable() { // which reads as many pages
		return 3 * s.poolSize
	}
	return 2 * s.poolSize
}

// paused says that the portal is given a rest.
func (s *Scheduler) paused(now time.Time) bool { return now.Before(s.pausedUntil()) }

// pausedUntil is when the portal has had its rest.
func (s *Scheduler) pausedUntil() time.Time {
	if s.heldUntil.After(s.portal.pausedUntil) {
		return s.heldUntil
	}
	return s.portal.pausedUntil
}

// suspended says that no order is handed out until a probe has told what is wrong, or the
// session is restored.
func (s *Scheduler) suspended() bool {
	return s.portalSuspected() || len(s.sessions.held) > 0 || s.signIn.restoring
}

// portalSuspected says that the portal may refuse everybody, and that a probe can tell.
func (s *Scheduler) portalSuspected() bool { return s.portal.suspected() && s.sessions.canProbe() }

// isolate sees to it that an order in quarantine gets a worker of its own: one at a
// time.
func (s *Scheduler) isolate() []Effect {
	if s.workers.isolated != "" || s.stopCause != "" || s.signIn.restoring {
		return nil
	}
	for _, t := range s.queue.waiting {
		if t.isolated && (!s.draining && !s.userPause || t.begun()) {
			h := s.workers.hire(true)
			return []Effect{h, Notify{messages.OrderQuarantined{
				Key: t.key(), RawNumber: t.lease.Order.RawNumber, Deaths: t.lease.Deaths, Worker: h.Name}}}
		}
	}
	return nil
}

// isolatedLost handles the end of a throw-away browser: with its order in hand, which
// the ledger counts, or before it had one.
func (s *Scheduler) isolatedLost(m messages.WorkerLost, hadOrder bool) []Effect {
	s.workers.remove(m.Worker)
	if hadOrder || m.Cause == po.SignedOut { // which is no browser's fault
		return nil
	}
	if s.workers.isolatedFails++; s.workers.isolatedFails < quarantineDeaths {
		return nil // another will be hired
	}
	s.workers.isolatedFails = 0
	for _, t := range s.queue.waiting {
		if t.isolated {
			s.queue.pull(t)
			return []Effect{s.settle(t, t.failedStatus(), po.Quarantined,
				"no throw-away browser could be started: "+m.Detail)}
		}
	}
	return nil
}
