package schedule

import (
	"cmp"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// maxChecks bounds the tries to compare the last order at a run's end.
const maxChecks = 3

// lastCheck is the way whose last order that was completed without a browser one is still to read: a
// release of the portal may have come after the last comparison. Empty: there is none.
func (s *Scheduler) lastCheck() po.ReadBy {
	if !s.lane.on || s.shuttingDown() {
		return ""
	}
	for _, by := range po.Ways() { // also of one that was turned off since too few pages needed none
		if t := s.lane.ways[by]; len(t.unproved) > 0 && t.checks < maxChecks {
			return by
		}
	}
	return ""
}

// checked brings what a browser has read of that order.
func (s *Scheduler) checked(by po.ReadBy, m messages.OrderRead, now time.Time) []Effect {
	t := s.lane.ways[by]
	if s.stopCause != "" || len(t.unproved) == 0 { // there is nothing to be checked any more
		return s.advance(now)
	}
	if m.Failure.Cause != "" || m.Reading.Sign == po.SignSignedOut || s.hasOldSession(m.Worker) ||
		slices.ContainsFunc(m.Reading.Attachments, unreached) {
		if t.checks < maxChecks {
			return s.advance(now)
		}
		return append(s.unchecked(t, "the last order could not be compared"), s.advance(now)...)
	}
	own := s.lane.requests.ask(t.last.order.Key, m.Reading.Requests, t.last.page.Asked)
	verdict, again := t.compare(t.last.order.Key, t.last.at+1, t.last.page, len(own) > 0, m.Reading)
	switch verdict {
	case unsuited:
		again = append(again, t.takeUnproved()...)
		t.off = cmp.Or(t.off, "the last order's page says nothing: its scripts ask for more")
		return append(s.readAgain(t.last.page, again), s.advance(now)...)
	case different:
		return append(s.readAgain(t.last.page, again), s.advance(now)...)
	}
	return s.advance(now)
}

// unchecked puts back what was completed in a way that no comparison has confirmed, and none will.
func (s *Scheduler) unchecked(t *trust, why string) []Effect {
	t.off = cmp.Or(t.off, why)
	return s.readAgain(t.last.page, t.takeUnproved())
}

// endUnproved puts back the same where the run ends without a last check, but with all orders settled: where
// some are open, the next start does so.
func (s *Scheduler) endUnproved() []Effect {
	if !s.lane.on || !s.draining || s.stopCause != "" || !s.allSettled() || s.queue.open != 0 {
		return nil
	}
	var fx []Effect
	for _, by := range po.Ways() {
		if t := s.lane.ways[by]; len(t.unproved) > 0 {
			fx = append(fx, s.unchecked(t, "the run was ended before the last order was compared")...)
		}
	}
	return fx
}

// sessionLost puts back the same where the session has ended in which they were read: what its last pages
// showed, no comparison within another one confirms.
func (s *Scheduler) sessionLost(detail string) []Effect {
	s.lane.credentials, s.lane.lost = po.Credentials{}, s.lane.read
	var fx []Effect
	for _, by := range po.Ways() {
		keys := s.lane.ways[by].takeUnproved()
		s.lane.readAgain += len(keys)
		fx = append(fx, s.reopen(keys, detail)...)
	}
	return fx
}
