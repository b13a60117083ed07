package schedule

import (
	"cmp"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// quarantineDeaths is how many browsers may die with an order in hand before it is run
// once more, alone in a throw-away browser.
const quarantineDeaths = 2

// Ready says that a worker is idle. If it has an order in hand all the same, that was
// lost with a former incarnation.
func (s *Scheduler) Ready(m messages.WorkerReady, now time.Time) []Effect {
	w := m.Worker
	fx := s.takeBack(w.Name, po.Failure{Cause: po.BrowserDied})
	if held := s.sessions.held[w.Name].task; held != nil && held.worker != w {
		fx = append(fx, s.resolveHeld(w.Name, po.Failure{Cause: po.Interrupted})...)
	}
	s.workers.everReady = true
	if s.workers.recycling != w {
		s.workers.recycled(w.Name)
	}
	slot := s.workers.slots[w.Name]
	if slot != nil {
		slot.live = w
		if s.signIn.restoring {
			s.signIn.old[w] = true // it may have been opened before
		}
	}
	switch {
	case slot == nil: // dismissed before it was heard
	case slot.unhealthy == w: // it is being replaced
	case slot.retiring:
		fx = append(fx, s.dismiss(w.Name)...)
	case s.signIn.old[w] && !s.signIn.restoring:
		fx = append(fx, s.renew(w))
	case m.Worn != "" && s.mayRecycle(w):
		s.workers.recycling, slot.live = w, messages.Worker{}
		fx = append(fx, Recycle{w, m.Worn})
	default:
		s.workers.setIdle(w)
	}
	return append(fx, s.advance(now)...)
}

// mayRecycle says whether a worker may open a fresh browser now: one at a time, and not
// before a probe has confirmed what the old one was told.
func (s *Scheduler) mayRecycle(w messages.Worker) bool {
	confirmed := !s.sessions.canConfirm() || len(s.sessions.unconfirmed[w]) == 0
	return s.workers.recycling.Name == "" && !s.workers.isIsolated(w) && !s.shuttingDown() && !s.signIn.restoring && confirmed
}

// Lost says that a worker's browser is gone: for now, or the worker with it.
func (s *Scheduler) Lost(m messages.WorkerLost, now time.Time) []Effect {
	hadOrder := s.workers.busy[m.Worker] != nil
	if t := s.workers.busy[m.Worker]; t != nil && len(m.Trace.Pages)+len(m.Trace.Evidence) > 0 {
		t.trace = m.Trace
	}
	fx := s.takeBack(m.Worker, po.Failure{Cause: m.Cause, Detail: m.Detail})
	fx = append(fx, s.resolveHeld(m.Worker, po.Failure{Cause: po.Interrupted})...)
	s.workers.recycled(m.Worker)
	slot := s.workers.slots[m.Worker]
	if slot == nil {
		return append(fx, s.advance(now)...)
	}
	delete(s.signIn.old, slot.live)
	slot.live = messages.Worker{}
	if m.Cause == po.SignedOut { // its browser was opened, and found that nobody is signed in
		fx = append(fx, s.sessionOver(m.Detail)...)
	}
	switch {
	case slot.isolated:
		fx = append(fx, s.isolatedLost(m, hadOrder)...)
	case m.GaveUp:
		s.workers.remove(m.Worker)
		if !slot.retiring && !s.pool.lose(now, s.workers.everReady, m.Detail) {
			cause := m.Cause
			if cause == po.Internal { // the last of many crashes does not say what the others were
				cause = po.BrowserDied
			}
			return append(fx, s.Stop(cause, "no worker is left: "+m.Detail, now)...)
		}
	case slot.retiring:
		fx = append(fx, s.dismiss(m.Worker)...)
	default:
		slot.health, slot.unhealthy = health{}, messages.Worker{}
	}
	fx = append(fx, s.adjustPool(now)...)
	return append(fx, s.advance(now)...)
}

// takeBack puts back what a worker had in hand.
func (s *Scheduler) takeBack(name string, f po.Failure) []Effect {
	t := s.workers.vacate(name)
	delete(s.sessions.probes, name)
	if t == nil || t.stage != reading || s.queue.tasks[t.lease.Token] != t {
		return nil
	}
	return []Effect{s.release(t, f)}
}

// Resize takes the governor's word on how much machine and portal bear.
func (s *Scheduler) Resize(m messages.Resize, now time.Time) []Effect {
	s.pool.limit(m.Workers, m.LimitedBy, m.Reason)
	fx := s.adjustPool(now)
	most := m.Reading
	if most >= s.poolSize {
		most = 0
	}
	until := s.heldUntil
	if m.Hold > 0 {
		until = now.Add(m.Hold)
	}
	if most != s.maxReading || until.Sub(s.heldUntil) > time.Second {
		s.maxReading, s.heldUntil = most, until
		fx = append(fx, Notify{messages.PortalPaced{
			Reading: cmp.Or(most, s.poolSize), Hold: messages.Duration(max(0, until.Sub(now))),
			LimitedBy: messages.LimitedByPortal, Reason: m.Reason}})
	}
	return append(fx, s.advance(now)...)
}

// adjustPool hires and retires workers until there are as many as there should be.
func (s *Scheduler) adjustPool(now time.Time) []Effect {
	if s.shuttingDown() || s.ended {
		return nil
	}
	n, limitedBy, reason := s.pool.size()
	var fx []Effect
	if n != s.poolSize {
		if s.poolSize >= 0 { // not the first time
			fx = append(fx, Notify{messages.PoolResized{
				From: s.poolSize, To: n, Sequential: n == 1, LimitedBy: limitedBy, Reason: reason}})
		}
		s.poolSize = n
	}
	n = s.browsersFor(n)
	for s.workers.active() < n {
		fx = append(fx, s.workers.hire(false))
	}
	for s.workers.active() > n {
		name, free := s.workers.pickToDismiss(s.sessions.probing)
		if free {
			fx = append(fx, s.dismiss(name)...)
		} else {
			s.workers.slots[name].retiring = true
		}
	}
	if d := s.pool.growIn(now); d > 0 {
		fx = append(fx, Wake{d})
	}
	return fx
}

// dismiss ends a worker that has nothing in hand.
func (s *Scheduler) dismiss(name string) []Effect {
	s.workers.remove(name)
	delete(s.sessions.probes, name)
	return append(s.resolveHeld(name, po.Failure{Cause: po.Interrupted}), Dismiss{name})
}
