package schedule

import (
	"time"

	"github.com/poactor/poactor/messages"
)

// Pause begins no more orders until Resume; those in hand are finished. What has been
// claimed and not begun is kept.
func (s *Scheduler) Pause(now time.Time) []Effect {
	if s.userPause || s.shuttingDown() || s.ended {
		return nil
	}
	s.userPause = true
	return append([]Effect{Notify{messages.RunPaused{}}}, s.advance(now)...)
}

// Resume ends a pause of the user's.
func (s *Scheduler) Resume(now time.Time) []Effect {
	if !s.userPause || s.shuttingDown() || s.ended {
		return nil
	}
	s.userPause = false
	return append([]Effect{Notify{messages.RunResumed{}}}, s.advance(now)...)
}

// SetWorkers takes it that the user wishes for another number of workers: 1 at least. It
// does nothing where no worker is needed.
func (s *Scheduler) SetWorkers(n int, now time.Time) []Effect {
	from := s.pool.requested
	if n = max(n, 1); n == from || from == 0 || s.shuttingDown() || s.ended {
		return nil
	}
	s.pool.request(n)
	fx := []Effect{Notify{messages.WorkersRequested{From: from, To: n}}}
	fx = append(fx, s.adjustPool(now)...)
	return append(fx, s.advance(now)...)
}
