package schedule

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// startProbes has idle browsers see how the session is, and the portal, where that must be.
func (s *Scheduler) startProbes(now time.Time) []Effect {
	if s.stopCause != "" || s.paused(now) || s.signIn.restoring {
		return nil
	}
	var fx []Effect
	for _, w := range slices.Clone(s.workers.idle) {
		if by := s.lastCheck(); by != "" && s.allSettled() && !s.workers.isIsolated(w) &&
			!s.sessions.isProbed(s.lane.ways[by].last.order.Key) {
			way := s.lane.ways[by]
			s.workers.notIdle(w.Name)
			s.sessions.probes[w.Name] = probe{worker: w, key: way.last.order.Key, check: by}
			way.checks++
			fx = append(fx, Probe{Worker: w, Order: way.last.order})
			continue
		}
		if !s.needsProbe(w) {
			continue
		}
		if held := s.sessions.held[w.Name]; s.sessions.proves && (held.session || held.task == nil && !s.portalSuspected()) {
			s.workers.notIdle(w.Name)
			s.sessions.probes[w.Name] = probe{worker: w}
			fx = append(fx, Prove{w})
			continue
		}
		if s.sessions.isLost(w) { // known good orders have been claimed since it was asked
			return append(fx, s.sessionOver(sessionOver+"does not show what it has shown before")...)
		}
		o, ok := s.sessions.pick(w)
		if !ok {
			continue
		}
		s.workers.notIdle(w.Name)
		s.sessions.probes[w.Name] = probe{worker: w, key: o.Key}
		fx = append(fx, Probe{Worker: w, Order: o})
	}
	return fx
}

// needsProbe says whether an idle browser is to read a known good order.
func (s *Scheduler) needsProbe(w messages.Worker) bool {
	n := len(s.sessions.unconfirmed[w])
	switch {
	case s.workers.isIsolated(w):
		return false
	case s.sessions.held[w.Name].task != nil:
		return true
	case s.sessions.canConfirm() && (n >= probeAfter || n > 0 && s.allSettled()):
		return true
	}
	return s.portalSuspected() && len(s.sessions.probes) == 0 // one tells for all
}

// Probed brings the answer of a browser that has read a known good order.
func (s *Scheduler) Probed(m messages.OrderRead, now time.Time) []Effect {
	name := m.Worker.Name
	if s.sessions.probes[name].worker != m.Worker {
		return nil
	}
	check := s.sessions.probes[name].check
	delete(s.sessions.probes, name)
	if check != "" {
		return s.checked(check, m, now)
	}
	var fx []Effect
	switch why := refusalReason(m); {
	case s.stopCause != "", s.hasOldSession(m.Worker):
	case m.Failure.Cause == "" && m.Reading.Sign == po.SignAttachments:
		s.sessions.confirm(m.Worker)
		s.portal.end()
		fx = s.resolveHeld(name, po.Failure{})
	case m.Failure.Cause == "" && m.Reading.Sign == po.SignSignedOut:
		fx = s.sessionOver(wantsSignIn)
	case m.Failure.Unreachable || m.Failure.PortalWide || why != "":
		f := m.Failure
		f.Cause, f.Detail = cmp.Or(f.Cause, po.PortalError), cmp.Or(why, f.Detail)
		s.portal.suspect() // until a probe does better, of another order
		s.sessions.askLast(m.Key)
		held := s.resolveHeld(name, asFailure(f))
		fx = slices.Concat(held, s.reopenRefused(), s.waitForPortal(f, now))
	default:
		s.sessions.changed[m.Worker] = append(s.sessions.changed[m.Worker], m.Key)
		if s.sessions.isLost(m.Worker) { // else another order is asked for
			if cause, detail := lostReason(m); cause == po.SignedOut {
				fx = s.sessionOver(detail)
			} else {
				fx = s.stop(cause, detail)
			}
		}
	}
	return append(fx, s.advance(now)...)
}

// Proved brings the answer of a browser that has opened the page which shows who is
// signed in.
func (s *Scheduler) Proved(m messages.SessionProved, now time.Time) []Effect {
	name := m.Worker.Name
	if s.sessions.probes[name].worker != m.Worker {
		return nil
	}
	delete(s.sessions.probes, name)
	var fx []Effect
	switch f := m.Failure; {
	case s.stopCause != "", s.hasOldSession(m.Worker):
	case f.Definition: // no order is to suffer for it
		fx = s.stop(f.Cause, f.Detail)
	case f.Cause != "": // the portal does not say; it is asked again
		f.Detail = "the page that shows who is signed in: " + f.Detail
		held := s.resolveHeld(name, asFailure(f))
		fx = append(held, s.waitForPortal(f, now)...)
	case m.Proof.SignedIn:
		s.sessions.confirm(m.Worker)
		s.portal.answered()
		fx = s.resolveHeld(name, po.Failure{})
	default:
		fx = s.sessionOver(sessionOver + "shows nobody as signed in: " + m.Proof.Detail)
	}
	return append(fx, s.advance(now)...)
}

// wantsSignIn is how a session's end is told that the portal itself tells.
const wantsSignIn = "the portal asks for a sign-in"

const sessionOver = "the session seems to be over: the portal "

// lostReason says why the run ends where of the known good orders none is to be seen any
// more; m is the answer for the last.
func lostReason(m messages.OrderRead) (po.Cause, string) {
	order := fmt.Sprintf("order %s, of which it has shown the attachments before", m.RawNumber)
	switch m.Reading.Sign {
	case po.SignNotFound:
		return po.SignedOut, sessionOver + "knows nothing of " + order
	case po.SignEmpty:
		return po.SignedOut, sessionOver + "shows nothing for " + order
	}
	switch {
	case m.Failure.LeftPortal:
		return po.SignedOut, sessionOver + "leads elsewhere for " + order + ": " + m.Failure.Detail
	case m.Failure.Cause == po.UnrecognisedPage:
		return po.SignedOut, sessionOver + "shows another page for " + order
	}
	return po.PortalError, "the portal does not show " + order + ": " + m.Failure.Detail
}

// forgetClaimed forgets the known good orders that have been claimed: an audit has found
// files of theirs missing. Where none is left, nothing can tell what held orders are
// worth.
func (s *Scheduler) forgetClaimed(leases []po.Lease) []Effect {
	for _, l := range leases {
		s.sessions.forget(l.Order.Key)
	}
	if s.sessions.canProbe() {
		return nil
	}
	var fx []Effect
	for _, name := range slices.Sorted(maps.Keys(s.sessions.held)) {
		if s.sessions.held[name].session && s.sessions.proves {
			continue
		}
		fx = append(fx, s.resolveHeld(name, po.Failure{Cause: po.Interrupted})...)
	}
	return fx
}

// canHold says whether a probe can tell if an order's answer is the portal's to everybody.
func (s *Scheduler) canHold(t *task) bool { return s.sessions.canProbe() && !t.isolated }

// hold holds an order until a probe has told whether its answer is everybody's. No order
// is handed out meanwhile.
func (s *Scheduler) hold(t *task, own po.ReadFailure) []Effect {
	t.stage = waiting
	s.sessions.held[t.worker.Name] = heldOrder{task: t, own: own}
	return nil
}

// holdForSession holds an order whose answer is that of a lost session, until a probe has
// told.
func (s *Scheduler) holdForSession(t *task, own po.ReadFailure) []Effect {
	t.stage = waiting
	s.sessions.held[t.worker.Name] = heldOrder{task: t, own: own, session: true}
	return nil
}

// mayHoldSignIn says whether an order that asks for a sign-in may do so by itself. Where
// only orders can tell, two at once leave no doubt that the session is over, nor do many.
func (s *Scheduler) mayHoldSignIn(t *task) bool {
	if s.sessions.proves {
		return !t.isolated
	}
	return s.canHold(t) && len(s.sessions.held) == 0 && s.sessions.signInsHeld < maxSignInsHeld
}

// holdSignIn holds an order that asks for a sign-in.
func (s *Scheduler) holdSignIn(t *task, m messages.OrderRead) []Effect {
	s.sessions.signInsHeld++
	return s.holdForSession(t, po.ReadFailure{Cause: po.Forbidden, URL: m.Reading.URL,
		Detail: "the portal asks for a sign-in for this order, and shows others"})
}

// leftPortal handles an order whose page leads off the portal's hosts. Portals do so with
// everybody whose session is over; one order may do so by itself.
func (s *Scheduler) leftPortal(t *task, f po.ReadFailure) []Effect {
	enough := awayAfter
	if s.workers.pagesRead == 0 { // all that were asked for, in a short list
		enough = max(1, min(enough, s.queue.open))
	}
	switch {
	case s.sessions.canConfirm() && !t.isolated:
		return s.holdForSession(t, f)
	case s.sessions.leadsAway(t.key(), enough):
		released := s.release(t, po.Failure{Cause: po.SignedOut, Detail: f.Detail})
		return append([]Effect{released}, s.sessionOver("the session seems to be over: of several orders in a row "+f.Detail)...)
	}
	return s.failed(t, f)
}

// resolveHeld takes what a probe has told of the order that is held for it: that the
// trouble is its own, or, for the cause given, not.
func (s *Scheduler) resolveHeld(name string, f po.Failure) []Effect {
	held, ok := s.sessions.held[name]
	delete(s.sessions.held, name)
	switch t := held.task; {
	case !ok || s.queue.tasks[t.lease.Token] != t || t.stage != waiting: // stopped, or fenced
		return nil
	case f.Cause == "":
		return s.failed(t, held.own)
	default:
		return []Effect{s.release(t, f)}
	}
}

// reopenRefused puts back what has failed since the portal began to refuse everybody.
func (s *Scheduler) reopenRefused() []Effect {
	return s.reopen(s.portal.takeFailed(), "the portal refuses everybody")
}

// reopenOrphans puts back the unconfirmed answers of browsers that are gone: no probe can
// confirm them any more, and another browser asks again.
func (s *Scheduler) reopenOrphans() []Effect {
	if !s.sessions.canConfirm() || s.stopCause != "" {
		return nil
	}
	return s.reopen(s.sessions.takeOrphans(s.workers.isLive),
		"the browser that was told so is gone before it could be seen that its session lived")
}

// reopen has the ledger open orders again.
func (s *Scheduler) reopen(keys []po.Key, reason string) []Effect {
	if len(keys) == 0 {
		return nil
	}
	s.queue.reopening++
	return []Effect{Reopen{slices.Clone(keys), reason}}
}

// Reopened says that the ledger has opened n orders again, or, with 0, could not.
func (s *Scheduler) Reopened(n int, now time.Time) []Effect {
	s.queue.reopening--
	s.queue.open += n
	s.queue.exhausted = false
	return s.advance(now)
}
