package resource

import (
	"time"

	"github.com/poactor/poactor/po"
)

// Portal is how much of us the portal bears: a limit on the orders that are read
// at once, for all workers together, and a moment before which none is begun.
// It is a value: Answered gives the next one. Its zero value is that of a run
// that begins.
//
// The limit goes up by one and down by a factor, as TCP's window does (AIMD,
// RFC 5681). A refusal takes one, and one that follows soon takes half; but where
// a lower limit had as many refused, it is the orders that the portal minds, and
// not their number. A time to answer of twice the best takes a quarter: the median
// of a window of answers against the least such median, the gradient of Netflix's
// concurrency-limits and Envoy's adaptive concurrency.
// What a single reader gets is the best there is, so that a portal which is slow
// by itself is measured anew there and comes up again.
type Portal struct {
	limit    int  // 0: none was set yet
	lowered  bool // it was, once: from then on it rises by one
	why      string
	since    time.Time     // when the limit was set
	changed  time.Time     // what was begun before says nothing about this limit: its start, or a pause's end
	raised   time.Time     // when it last was; zero if it was lowered since
	patience time.Duration // how long a limit stays before it is raised

	window [longWindow]time.Duration // times to answer since the last judgement
	filled int
	best   time.Duration // median when all is well; 0 if there is none yet
	bestAt int           // the limit at which it was learnt

	throttles int                // in a row
	refused   bool               // once
	pressed   bool               // a refusal is why the limit was last lowered
	fine      int                // answers since the last refusal
	answers   bool               // there was one since the last refusal, of whatever order
	tally     [tallied + 1]tally // by limit: how many were refused
	notBefore time.Time
}

// Answer is what came of one order's page.
type Answer struct {
	Took time.Duration // from the start of the reading to its end
	Sign po.Sign       // what the page was; empty if it was not read
	// Cause is why it was not read; empty if it was. po.Throttled also stands
	// for a file that the portal refused for now.
	Cause      po.Cause
	RetryAfter time.Duration // what the portal asked for; 0 if nothing
	Again      bool          // the order has failed before, perhaps for this
	// Strained is set where our own CPU is short (Policy.Strained): the time
	// then says nothing about the portal.
	Strained bool
}

const (
	// firstLimit is the default number of workers: a larger pool must earn it.
	firstLimit = 4
	// A median of 32 times that scatter by half (a log-normal deviation of 0.5)
	// is off by a fifth in one case of 20. To begin with half of that must do.
	shortWindow = 16
	longWindow  = 32

	slowFactor = 2.0 // times the best: too slow
	fineFactor = 1.5 // times the best: may be given more
	// Below this nobody waits for the portal.
	noticeable = 250 * time.Millisecond

	raiseLeast = 5 * time.Second
	raiseMost  = 30 * time.Minute
)

// failed is the time of an answer that was none: it makes a median only where
// half of the answers are.
const failed = 24 * time.Hour

// Limit is how many orders may be read at once by so many workers, 1 or more.
func (p Portal) Limit(workers int) int {
	limit := p.limit
	if limit == 0 {
		limit = firstLimit
	}
	return max(1, min(limit, workers))
}

// NotBefore is the moment before which no order may be begun; it may be past.
func (p Portal) NotBefore() time.Time { return p.notBefore }

// Text says in words why the limit is what it is, for people.
func (p Portal) Text() string {
	if p.why == "" {
		return "how fast the portal is must show first"
	}
	return p.why
}

// Answered takes in what came of a page. workers is how many there are now.
func (p Portal) Answered(a Answer, workers int, now time.Time) Portal {
	stale := now.Add(-a.Took).Before(p.changed)
	if a.Cause == "" {
		p.fine++
		p.answers = true
		if !stale {
			p.at(workers).add(false)
		}
	}
	switch {
	case a.Cause == po.Throttled || a.RetryAfter > 0:
		own := a.Again && p.answers // the order's own trouble: others were not refused since
		if p.answers = false; own {
			return p
		}
		return p.throttle(a.RetryAfter, stale, workers, now)
	case stale:
		return p
	case a.Cause == po.PortalError || a.Cause == po.Timeout:
		a.Took = failed
	case a.Cause != "":
		return p // a browser's or an order's trouble
	default:
		p.throttles = 0
		p = p.relax(workers, now)
		if a.Sign != po.SignAttachments && a.Sign != po.SignEmpty {
			return p.untimed(workers, now) // it may be much faster than an order
		}
	}
	if a.Strained {
		return p
	}
	return p.time(a.Took, workers, now)
}

// untimed takes in an answer whose time says nothing. Where the portal gives only
// such, and nothing was ever wrong, it gets more all the same.
func (p Portal) untimed(workers int, now time.Time) Portal {
	if limit := p.Limit(workers); !p.lowered && p.filled == 0 && p.fine >= shortWindow && limit < workers {
		p.limit, p.fine = min(2*limit, workers), 0
		p.why = "the portal answers at once"
		p.changed, p.since, p.raised = now, now, now
	}
	return p
}
