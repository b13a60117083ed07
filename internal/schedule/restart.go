package schedule

import (
	"slices"
	"time"
)

// Limits of a worker's restarts.
const (
	// RestartLimit is how many restarts a worker may have within two minutes.
	RestartLimit = 5

	restartWindow  = 2 * time.Minute // failures older than this are forgotten
	stillbornLimit = 1               // restarts of a worker where no browser of the run ever lived
	restartBase    = 500 * time.Millisecond
	restartLongest = 30 * time.Second
)

// Restarts remembers the failures of one worker, and says what follows from them. The
// zero value is a worker that has not failed.
type Restarts struct {
	failures []time.Time
	inRow    int // failures since it last read an order well
}

// Worked says that the worker has read an order well since its last failure.
func (r *Restarts) Worked() { r.inRow = 0 }

// Failed takes a failure, and says how long the worker waits before it opens its next
// browser, or that it is given up. everReady says that some browser of the run has
// lived; random is from [0,1).
func (r *Restarts) Failed(now time.Time, everReady bool, random float64) (pause time.Duration, giveUp bool) {
	r.failures = append(r.failures, now)
	r.failures = slices.DeleteFunc(r.failures, func(t time.Time) bool { return now.Sub(t) > restartWindow })
	r.inRow = min(r.inRow+1, len(r.failures))
	return restartDelay(len(r.failures), r.inRow, everReady, random)
}

// restartDelay says how long a worker waits before it opens its next browser after the
// given number of failures within the window, and of those in a row since it last read
// an order well, this one included in both; and whether it is given up instead. The
// pause is for a cause that lasts, of which the first in a row tells nothing yet: only
// jitter follows it, so that workers that died together do not start together. Of the
// later ones half is jitter. Where no browser of the run has ever lived, the cause will
// hardly pass: the user shall not wait for it.
func restartDelay(failures, inRow int, everReady bool, random float64) (delay time.Duration, giveUp bool) {
	limit := RestartLimit
	if !everReady {
		limit = stillbornLimit
	}
	if failures > limit {
		return 0, true
	}
	jitter := func(d time.Duration) time.Duration { return time.Duration(random * float64(d)) }
	if inRow == 1 {
		return jitter(restartBase / 2), false
	}
	d := backoff(inRow, restartBase, restartLongest)
	return d/2 + jitter(d/2), false
}
