package schedule

import (
	"fmt"
	"time"

	"github.com/poactor/poactor/po"
)

// verdict says what becomes of an order after something went wrong.
type verdict int

const (
	settle  verdict = iota // it ends here
	retry                  // another try later; this one counts
	putBack                // another try at once; this one does not count
	stopRun                // nothing more can be done in this run
)

// decide says what a cause leads to. attempt is the try that failed, 1 for the
// first; limit is how many there may be. The table is SPEC §5.
func decide(cause po.Cause, attempt, limit int) verdict {
	switch cause {
	case po.SignedOut, po.DiskFull:
		return stopRun
	case po.BrowserDied, po.BrowserHung, po.ProfileFailed, po.Interrupted:
		return putBack
	case po.InvalidNumber, po.CauseNotFound, po.Forbidden, po.BlockedHost, po.Quarantined:
		return settle
	}
	if attempt < limit {
		return retry
	}
	return settle
}

// Bounds of the pause before an order's next try.
const (
	retryBase      = time.Second
	retryLongest   = time.Minute
	retryObeyed    = 15 * time.Minute // longest Retry-After that is believed
	restartBase    = 500 * time.Millisecond
	restartLongest = 30 * time.Second
)

// backoff doubles base with each failure after the first, up to longest.
func backoff(failures int, base, longest time.Duration) time.Duration {
	d := base
	for range failures - 1 {
		if d *= 2; d >= longest {
			return longest
		}
	}
	return min(d, longest)
}

// retryDelay is the pause before the next try of an order: full jitter (Amazon
// Builders' Library, "Timeouts, retries and backoff with jitter") over a
// doubling, capped backoff; never less than the portal asked for. random is
// from [0,1).
func retryDelay(attempt int, asked time.Duration, random float64) time.Duration {
	d := time.Duration(random * float64(backoff(attempt, retryBase, retryLongest)))
	return max(d, min(asked, retryObeyed))
}

// Limits of a worker's restarts.
const (
	RestartWindow  = 2 * time.Minute // failures older than this are forgotten
	RestartLimit   = 5               // restarts within the window
	stillbornLimit = 1               // restarts of a worker where no browser of the run ever lived
)

// restartDelay says how long a worker waits before it opens its next browser
// after the given number of failures within the window, and of those in a row
// since it last read an order well, this one included in both; and whether it is
// given up instead. The pause is for a cause that lasts, of which the first in a
// row tells nothing yet: only jitter follows it, so that workers that died
// together do not start together. Of the later ones half is jitter. Where no
// browser of the run has ever lived, the cause will hardly pass: the user shall
// not wait for it.
func RestartDelay(failures, inRow int, everReady bool, random float64) (delay time.Duration, giveUp bool) {
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

// Limits of the patience with a portal that is not there for anybody.
const (
	unreachableCount = 3                // waves in a row
	unreachableNever = 2 * time.Second  // patience if it gives no answer at all, and has never given one
	unreachableSince = 30 * time.Second // patience if it has
	awayLongest      = 3 * time.Minute  // patience if it answers everybody alike: maintenance passes
)

// unreachable says whether a portal that has given no answer to the last count
// waves of readings, for the time given, is given up. An order whose portal is away
// has done nothing wrong: it is put back, and the run stops.
func unreachable(count int, since time.Duration, answered bool) bool {
	patience := unreachableNever
	if answered {
		patience = unreachableSince
	}
	return count >= unreachableCount && since >= patience
}

// closed says the same of a portal that has answered everybody alike.
func closed(count int, since time.Duration) bool {
	return count >= unreachableCount && since >= awayLongest
}

// statusOf says how an order with attachments ends.
func statusOf(found, saved int) po.Status {
	switch {
	case saved >= found:
		return po.Completed
	case saved > 0:
		return po.Partial
	}
	return po.Failed
}

// worst picks the missing file that decides what becomes of its order: one
// that stops the run, else one that ends the order, else the first that may
// pass. The portal's wishes are joined: the longest Retry-After counts.
func worst(missing []po.Missing, attempt, limit int) (po.Missing, verdict) {
	var w po.Missing
	found, asked := retry, time.Duration(0)
	for i, m := range missing {
		asked = max(asked, m.RetryAfter)
		v := decide(m.Cause, attempt, limit)
		if i == 0 || rank(v) > rank(found) {
			w, found = m, v
		}
	}
	w.RetryAfter = asked
	return w, found
}

// rank orders verdicts on files: while one file of an order may still come,
// the order is tried again, so that retry outranks settle.
func rank(v verdict) int {
	return map[verdict]int{settle: 0, retry: 1, putBack: 2, stopRun: 3}[v]
}

// When a browser is worn: its renderer's memory grows for some forty pages and
// then stays (measured: 86 to 135 MB), a fresh one costs 0.6 s of CPU time, so
// that there is no hurry; what a page leaks all the same is bounded.
const (
	recycleAfter = 250
	recycleAt  = 1 << 30
	WeighEvery = 10 // orders between two looks at the memory
)

// worn says why a browser should be replaced by a fresh one: empty if it need
// not be. bytes is 0 if it is not known.
func RecycleReason(orders int, bytes int64) string {
	switch {
	case bytes > recycleAt:
		return fmt.Sprintf("it takes up %d MB", bytes>>20)
	case orders >= recycleAfter:
		return fmt.Sprintf("it has read %d orders", orders)
	}
	return ""
}
