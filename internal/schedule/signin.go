package schedule

import (
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// When a session that is lost again is not restored any more: a user who may be signed in
// only once is signed out by each browser that comes, and cookies that are bound or rotate
// do not live in several browsers. To try on would only lock the user out.
const (
	maxLosses     = 3                // that are restored within sessionWindow
	sessionWindow = 10 * time.Minute // losses older than this are forgotten
	soonAgain     = time.Minute      // after it was restored: too soon to be a session's usual end
)

// signIn is the pool's one session as it is being restored. Every browser has a copy of
// it: when one finds it over, all pause, and all get the one that has been restored.
type signIn struct {
	over      string                   // why it is over, until it is being restored; empty otherwise
	restoring bool                     // it is being restored; nothing is handed out meanwhile
	losses    []time.Time              // within the window
	restored  time.Time                // when it was last; zero: never
	old       map[messages.Worker]bool // browsers that have the lost one
}

// lose takes a loss, and says why it is not to be restored; empty if it is.
func (s *signIn) lose(now time.Time) string {
	s.losses = slices.DeleteFunc(s.losses, func(t time.Time) bool { return now.Sub(t) > sessionWindow })
	s.losses = append(s.losses, now)
	const why = ": this user seems to be allowed one session only, or the session lives in one browser only; " +
		"try --workers 1"
	switch {
	case !s.restored.IsZero() && now.Sub(s.restored) < soonAgain:
		return fmt.Sprintf("the portal has ended the session again within %v%s", soonAgain, why)
	case len(s.losses) > maxLosses:
		return fmt.Sprintf("the portal has ended the session %d times within %v%s", len(s.losses), sessionWindow, why)
	}
	return ""
}

// sessionOver takes it that the session is over: the run ends, or pauses until the session
// has been restored. What is in hand goes back unharmed.
func (s *Scheduler) sessionOver(detail string) []Effect {
	switch {
	case s.stopCause != "" || s.signIn.restoring || s.signIn.over != "":
		return nil
	case !s.restores || s.draining:
		return s.stop(po.SignedOut, detail)
	}
	s.signIn.over = detail
	return nil
}

// restoreSession puts back everything in hand, and all answers that the lost session may
// have faked, and asks for the session to be restored.
func (s *Scheduler) restoreSession(now time.Time) []Effect {
	detail := s.signIn.over
	s.signIn.over = ""
	if why := s.signIn.lose(now); why != "" {
		return s.stop(po.SignedOut, why)
	}
	s.signIn.restoring, s.signIn.old = true, map[messages.Worker]bool{}
	for _, slot := range s.workers.slots {
		if slot.live != (messages.Worker{}) {
			s.signIn.old[slot.live] = true
		}
	}
	fx := []Effect{Notify{messages.SessionLost{Detail: detail}}, CancelFetch{}} // of all
	// Probes under way are answered, and say nothing any more.
	clear(s.sessions.held)
	clear(s.sessions.changed)
	s.sessions.away = nil
	failure := po.Failure{Cause: po.SignedOut, Detail: detail}
	fx = append(fx, s.putBack(failure)...)
	fx = append(fx, s.reopen(s.sessions.takeUnconfirmed(true), detail)...)
	fx = append(fx, s.sessionLost(detail)...)
	return append(fx, Restore{detail})
}

// Restored says that the session has been restored, or why not: the run ends then.
func (s *Scheduler) Restored(m messages.SessionRestored, now time.Time) []Effect {
	if !s.signIn.restoring || s.stopCause != "" {
		return nil
	}
	s.signIn.restoring = false
	if m.Failure != "" {
		return append(s.stop(po.SignedOut, m.Failure), s.advance(now)...)
	}
	s.signIn.restored = now
	var fx []Effect
	for _, w := range slices.Clone(s.workers.idle) {
		if s.signIn.old[w] {
			s.workers.notIdle(w.Name)
			fx = append(fx, s.renew(w))
		}
	}
	return append(fx, s.advance(now)...)
}

// hasOldSession says whether a browser's session is the one that is over: what it still
// answers says nothing.
func (s *Scheduler) hasOldSession(w messages.Worker) bool {
	return s.signIn.restoring || s.signIn.old[w]
}

// renew gives an idle worker a fresh browser with the session that has been restored.
func (s *Scheduler) renew(w messages.Worker) Effect {
	delete(s.signIn.old, w)
	s.workers.slots[w.Name].live = messages.Worker{}
	return Recycle{w, "its session is over, and another has been restored"}
}
