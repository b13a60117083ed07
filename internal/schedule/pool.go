package schedule

import (
	"math"
	"time"

	"github.com/poactor/poactor/messages"
)

// Limits of the pool's changes.
const (
	lossWindow  = 10 * time.Minute // two workers lost within it: the pool is halved
	growAfter   = 5 * time.Minute  // without a loss, before the pool grows again
	growLongest = time.Hour        // of that, after relapses
)

// pool decides how many workers there should be: as many as the user requests, fewer
// where machine or portal limit them, and fewer where workers were lost for good. One
// worker is sequential mode.
type pool struct {
	requested int // by the user

	limited   int // by the governor; unlimited where nothing limits
	limitedBy messages.LimitedBy
	reason    string

	sustained  int       // how many stay alive, by experience
	lossReason string    // why that is less than requested
	lastLoss   time.Time // zero: never
	quiet      time.Duration
}

// unlimited is a number of workers that nobody has.
const unlimited = math.MaxInt

func newPool(requested int) pool {
	return pool{requested: requested, limited: unlimited, sustained: requested, quiet: growAfter}
}

// request takes it that the user wishes for another number of workers: 1 or more.
func (p *pool) request(n int) {
	if p.sustained >= p.requested { // none was lost, or all are back
		p.sustained = n
	}
	p.requested = n
}

// size is how many workers there should be now, and what keeps them from being more.
func (p *pool) size() (n int, limitedBy messages.LimitedBy, reason string) {
	switch n = min(p.requested, p.limited, p.sustained); {
	case n == p.sustained && p.sustained < p.requested:
		return n, messages.LimitedByBrowsers, p.lossReason
	case n == p.limited && p.limited < p.requested:
		return n, p.limitedBy, p.reason
	}
	return n, messages.LimitedByUser, "as many as wished"
}

// limit takes the governor's word: one worker at least. What it says by the user's wish
// limits nothing: that may have changed since.
func (p *pool) limit(n int, limitedBy messages.LimitedBy, reason string) {
	p.limited, p.limitedBy, p.reason = max(1, n), limitedBy, reason
	if limitedBy == messages.LimitedByUser {
		p.limited = unlimited
	}
}

// lose takes it that a worker was given up: the pool is one smaller; where that happens
// again soon, or no browser has ever lived, it is halved. It reports whether the run can
// go on: not without any worker.
func (p *pool) lose(now time.Time, everReady bool, reason string) bool {
	n, _, _ := p.size()
	if n <= 1 {
		return false
	}
	smaller := n - 1
	if again := !p.lastLoss.IsZero() && now.Sub(p.lastLoss) < lossWindow; again || !everReady {
		smaller = max(1, n/2)
	}
	if !p.lastLoss.IsZero() && p.sustained < p.requested { // a relapse: more patience before the next growth
		p.quiet = min(2*p.quiet, growLongest)
	}
	p.sustained, p.lastLoss = smaller, now
	p.lossReason = "a worker was given up: " + reason
	return true
}

// growIn is how long to wait until the pool may grow after workers were lost; 0 if it
// need not.
func (p *pool) growIn(now time.Time) time.Duration {
	if p.sustained >= p.requested {
		return 0
	}
	return max(p.lastLoss.Add(p.quiet).Sub(now), time.Millisecond)
}

// grow doubles the pool after a quiet while.
func (p *pool) grow(now time.Time) {
	if p.sustained >= p.requested || now.Before(p.lastLoss.Add(p.quiet)) {
		return
	}
	p.sustained = min(p.requested, 2*p.sustained)
	p.lastLoss = now // the next step is as far away
}
