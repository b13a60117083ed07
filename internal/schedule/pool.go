package schedule

import (
	"fmt"
	"time"

	"github.com/poactor/poactor/messages"
)

// Limits of the pool's changes.
const (
	strainWindow = 10 * time.Minute // two workers given up within it: the pool cannot be held
	growAfter    = 5 * time.Minute  // without a worker given up, before the pool grows again
	growLongest  = time.Hour        // of that, after relapses
)

// pool decides how many workers there should be: as many as the user wishes,
// fewer where machine or portal bind, and fewer where workers could not be held.
// One worker is sequential mode. It reads no clock and does nothing.
type pool struct {
	wish int // the user's

	bound  int // by the governor; as wish where nothing binds
	binds  messages.Binds
	reason string

	held    int       // what could be held
	heldFor string    // why it is less than wished
	gaveUp  time.Time // the last time that a worker was given up; zero: never
	patient time.Duration
}

func newPool(wish int) pool {
	return pool{wish: wish, bound: wish, held: wish, binds: messages.BindsUser, patient: growAfter}
}

// size is how many workers there should be now, and what binds.
func (p *pool) size() (n int, binds messages.Binds, reason string) {
	switch n = min(p.wish, p.bound, p.held); {
	case n == p.held && p.held < p.wish:
		return n, messages.BindsBrowsers, p.heldFor
	case n == p.bound && p.bound < p.wish:
		return n, p.binds, p.reason
	}
	return n, messages.BindsUser, "as many as wished"
}

// bind takes the governor's word: between one worker and as many as wished.
func (p *pool) bind(n int, binds messages.Binds, reason string) {
	p.bound, p.binds, p.reason = max(min(1, p.wish), min(n, p.wish)), binds, reason
}

// lose takes it that a worker was given up: the pool is one smaller; where that
// happens again soon, or no browser has ever lived, it is halved. It reports
// whether the run can go on: not without any worker.
func (p *pool) lose(now time.Time, lived bool, why string) bool {
	n, _, _ := p.size()
	if n <= 1 {
		return false
	}
	smaller := n - 1
	if again := !p.gaveUp.IsZero() && now.Sub(p.gaveUp) < strainWindow; again || !lived {
		smaller = max(1, n/2)
	}
	if !p.gaveUp.IsZero() && p.held < p.wish { // a relapse: more patience before the next growth
		p.patient = min(2*p.patient, growLongest)
	}
	p.held, p.gaveUp = smaller, now
	p.heldFor = fmt.Sprintf("a worker was given up: %s", why)
	return true
}

// growIn is how long to wait until the pool may grow after workers were given up;
// 0 if it need not.
func (p *pool) growIn(now time.Time) time.Duration {
	if p.held >= p.wish {
		return 0
	}
	return max(p.gaveUp.Add(p.patient).Sub(now), time.Millisecond)
}

// grow doubles what could be held after a quiet while.
func (p *pool) grow(now time.Time) {
	if p.held >= p.wish || now.Before(p.gaveUp.Add(p.patient)) {
		return
	}
	p.held = min(p.wish, 2*p.held)
	p.gaveUp = now // the next step is as far away
}
