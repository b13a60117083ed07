package schedule

import (
	"fmt"
	"time"

	"github.com/poactor/poactor/po"
)

// action says what becomes of an order after something went wrong.
type action int

const (
	settleOrder  action = iota // it ends here
	retryOrder                 // another try later; this one counts
	releaseOrder               // another try at once; this one does not count
	endSession                 // the session is over for all
	stopRun                    // nothing more can be done in this run
)

// decide says what a cause leads to. attempt is the try that failed, 1 for the first;
// limit is how many there may be.
func decide(cause po.Cause, attempt, limit int) action {
	switch cause {
	case po.SignedOut:
		return endSession
	case po.DiskFull:
		return stopRun
	case po.BrowserDied, po.BrowserHung, po.ProfileFailed, po.Interrupted:
		return releaseOrder
	case po.InvalidNumber, po.CauseNotFound, po.Forbidden, po.BlockedHost, po.Quarantined:
		return settleOrder
	}
	if attempt < limit {
		return retryOrder
	}
	return settleOrder
}

// Bounds of the pause before an order's next try.
const (
	retryBase     = time.Second
	retryLongest  = time.Minute
	maxRetryAfter = 15 * time.Minute // longest Retry-After that is believed
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
// Builders' Library, "Timeouts, retries and backoff with jitter") over a doubling,
// capped backoff; never less than the portal asked for. random is from [0,1).
func retryDelay(attempt int, retryAfter time.Duration, random float64) time.Duration {
	d := time.Duration(random * float64(backoff(attempt, retryBase, retryLongest)))
	return max(d, min(retryAfter, maxRetryAfter))
}

// Limits of the patience with a portal that is not there for anybody.
const (
	outageRounds          = 3                // at least, before it is given up
	patienceNeverAnswered = 2 * time.Second  // if it gives no answer at all, and has never given one
	patienceSilent        = 30 * time.Second // if it has
	patienceRefusing      = 3 * time.Minute  // if it answers everybody alike: maintenance passes
)

// silentTooLong says whether a portal that has given no answer in the last rounds of
// readings, for the time given, is given up. An order whose portal is away has done
// nothing wrong: it is put back, and the run stops.
func silentTooLong(rounds int, since time.Duration, answered bool) bool {
	patience := patienceNeverAnswered
	if answered {
		patience = patienceSilent
	}
	return rounds >= outageRounds && since >= patience
}

// refusesTooLong says the same of a portal that has answered everybody alike.
func refusesTooLong(rounds int, since time.Duration) bool {
	return rounds >= outageRounds && since >= patienceRefusing
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

// decisiveMissing picks the missing file that decides what becomes of its order: one
// that stops the run, else one whose order is tried again, since while one file may
// still come there is hope, else the first. The portal's wishes are joined: the longest
// Retry-After counts.
func decisiveMissing(missing []po.Missing, attempt, limit int) (po.Missing, action) {
	var decisive po.Missing
	next, retryAfter := settleOrder, time.Duration(0)
	for i, m := range missing {
		retryAfter = max(retryAfter, m.RetryAfter)
		if a := decide(m.Cause, attempt, limit); i == 0 || a > next {
			decisive, next = m, a
		}
	}
	decisive.RetryAfter = retryAfter
	return decisive, next
}

// When a browser is replaced by a fresh one: its renderer's memory grows for some forty
// pages and then stays, and a fresh one costs CPU time, so that there is no hurry; what
// a page leaks all the same is bounded.
const (
	// MemoryCheckEvery is how many orders a browser reads between two looks at its memory.
	MemoryCheckEvery = 10

	recycleAfter = 250     // orders
	recycleAt    = 1 << 30 // bytes
)

// RecycleReason says why a browser should be replaced by a fresh one: empty if it need
// not be. orders is how many it has read, bytes what it takes up, 0 if not known.
func RecycleReason(orders int, bytes int64) string {
	switch {
	case bytes > recycleAt:
		return fmt.Sprintf("it takes up %d MB", bytes>>20)
	case orders >= recycleAfter:
		return fmt.Sprintf("it has read %d orders", orders)
	}
	return ""
}
