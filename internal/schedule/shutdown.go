package schedule

import (
	"slices"
	"time"

	"github.com/poactor/poactor/po"
)

// Drain takes no more orders; those in hand are finished.
func (s *Scheduler) Drain(cause po.Cause, detail string, now time.Time) []Effect {
	if s.shuttingDown() {
		return s.advance(now)
	}
	s.draining, s.detail = true, detail
	var fx []Effect
	for _, t := range slices.Clone(s.queue.waiting) {
		if !t.begun() {
			fx = append(fx, s.release(t, po.Failure{Cause: cause, Detail: detail}))
		}
	}
	return append(fx, s.advance(now)...)
}

// Stop puts back everything in hand, and ends the run. The first cause counts.
func (s *Scheduler) Stop(cause po.Cause, detail string, now time.Time) []Effect {
	return append(s.stop(cause, detail), s.advance(now)...)
}

// stop puts back everything in hand. What is being fetched, or read without a browser, is
// cancelled, and goes back when that is answered, with the files it got. What nothing has confirmed is
// put back as well.
func (s *Scheduler) stop(cause po.Cause, detail string) []Effect {
	if s.stopCause != "" {
		return nil
	}
	s.stopCause, s.detail = cause, detail
	fx := append([]Effect{CancelFetch{}}, s.putBack(s.stopFailure())...) // of all
	if s.ended {
		return fx
	}
	return append(fx, s.reopen(s.sessions.takeUnconfirmed(cause == po.SignedOut), detail)...)
}

// putBack puts back what is in hand, but for files that are being fetched. An order whose page is
// being read without a browser goes when that has ended: nobody is to ask for it meanwhile.
func (s *Scheduler) putBack(f po.Failure) []Effect {
	var fx []Effect
	for _, t := range s.queue.inHand() {
		switch t.stage {
		case waiting, reading:
			fx = append(fx, s.release(t, f))
		case paging:
			t.back = f
		}
	}
	return fx
}

// stopFailure is why orders go back that are in hand when the run stops. No browser has
// died with them in hand, even if the run stops for one.
func (s *Scheduler) stopFailure() po.Failure {
	if s.stopCause.Deadly() {
		return po.Failure{Cause: po.Interrupted, Detail: s.detail}
	}
	return po.Failure{Cause: s.stopCause, Detail: s.detail}
}

// shuttingDown says that no more orders are taken.
func (s *Scheduler) shuttingDown() bool { return s.draining || s.stopCause != "" }

// finished says that nothing is in hand and nothing more will be.
func (s *Scheduler) finished() bool {
	unconfirmed := s.stopCause == "" && s.sessions.pending()
	restoring := s.signIn.restoring && !s.shuttingDown()
	return s.queue.quiet() && (s.shuttingDown() || s.queue.settled()) && !unconfirmed && !restoring && s.lastCheck() == ""
}

// allSettled says that all is done but for answers that are not confirmed yet.
func (s *Scheduler) allSettled() bool {
	return s.queue.quiet() && (s.queue.settled() || s.draining)
}
