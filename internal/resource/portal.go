package resource

import (
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/po"
)

// Portal is how much of us the portal bears: a limit on the orders that are read
// at once, for all workers together, and a moment before which none is begun.
// It is a value: Answered gives the next one. Its zero value is that of a run
// that begins.
//
// The limit is AIMD (additive increase, multiplicative decrease), as TCP's window
// is. It goes up by one per window of good answers, and down when the portal
// refuses (429, 503, Retry-After) or slows down: the median of a window against
// a smoothed baseline, as in Netflix's concurrency-limits. An increase that is
// soon taken back doubles the time to the next.
//
// Some orders are refused whatever the limit. Answers are counted per limit, and
// a lower limit at which as many were refused is not tried again.
type Portal struct {
	limit     int  // 0: none was set yet
	decreased bool // ever: until then an increase doubles the limit (slow start)
	reason    string
	changed   time.Time     // what was begun before says nothing about this limit: its start, or a pause's end
	since     time.Time     // when the limit was set; a pause that set it included
	raised    time.Time     // when it was last increased; zero if it was decreased since
	patience  time.Duration // how long a limit stays before it is increased
	pressed   bool          // a refusal is why the limit was last decreased

	inBrowsers, without speed // of pages that browsers read, and of those read without one

	good      int // answers since the last refusal
	pauses    int // in a row, without an answer between
	notBefore time.Time
	counts    [maxCounted + 1]tally // by limit
}

// speed is how fast the portal answers one kind of request: only like times can be compared.
type speed struct {
	window   [windowSize]time.Duration // times to answer; 0: answered, in a time that says nothing
	filled   int
	baseline time.Duration // median when all is well; 0 if there is none yet
	learntAt int           // the limit at which it was learnt
}

// tally counts answers, and the refusals among them.
type tally struct{ answers, refused float64 }

// at is the tally of a limit.
func (p *Portal) at(limit int) *tally { return &p.counts[min(limit, maxCounted)] }

// Answer is what came of one order's page.
type Answer struct {
	Took time.Duration // from the start of the reading to its end
	// WithoutBrowser is set where no browser has read it, which takes less time.
	WithoutBrowser bool
	Sign           po.Sign // what the page was; empty if it was not read
	// Cause is why it was not read; empty if it was. po.Throttled also stands
	// for a file that the portal refused for now.
	Cause      po.Cause
	RetryAfter time.Duration // what the portal asked for; 0 if nothing
	Retried    bool          // the order has failed before, perhaps for this
	// Strained is set where our own CPU is short (Capacity.Strained): the time
	// then says nothing about the portal.
	Strained bool
}

const (
	firstLimit = 4 // the default number of workers: a larger pool must earn it
	// A median of 32 times that scatter by half is off by a fifth in one case of 20.
	// Until the first decrease half of that must do.
	windowSize = 32
	slowFactor = 2.0 // times the baseline, which counts as noticeable at least
	noticeable = 250 * time.Millisecond
	failed     = 24 * time.Hour // the time of an error: it makes a median only where half are

	minPatience = 5 * time.Second
	maxPatience = 30 * time.Minute
	// An increase that lasts for so many patiences has proved itself. That it made
	// the portal slow takes a full window to show, a refusal shows at once.
	refusalProof, slowProof = 4, 8

	// The pause after a refusal without Retry-After, doubled each time in a row.
	minPause      = time.Second
	maxPause      = time.Minute
	maxRetryAfter = 15 * time.Minute // the longest that is believed, as for a single order

	maxCounted = 64 // workers at most
	// A refusal says little, and neither do the first few answers: a decrease is
	// in vain if below this limit at least two were refused, and at least half
	// the share of those here.
	inVainRefused = 2
	inVainShare   = 2
	inVainAnswers = 16 // added to those here
)

// Limit is how many orders may be read at once by so many workers, 1 or more.
func (p Portal) Limit(workers int) int {
	if p.limit == 0 {
		return max(1, min(firstLimit, workers))
	}
	return max(1, min(p.limit, workers))
}

// NotBefore is the moment before which no order may be begun; it may be past.
func (p Portal) NotBefore() time.Time { return p.notBefore }

// Text says in words why the limit is what it is, for people.
func (p Portal) Text() string {
	if p.reason == "" {
		return "how fast the portal is must show first"
	}
	return p.reason
}

// Answered takes in what came of a page. workers is how many there are now.
func (p Portal) Answered(a Answer, workers int, now time.Time) Portal {
	stale := now.Add(-a.Took).Before(p.changed)
	took := a.Took
	switch {
	case a.Cause == po.Throttled || a.RetryAfter > 0:
		if a.Retried && p.good > 0 {
			p.good = 0 // the order's own trouble: others were answered meanwhile
			return p
		}
		return p.refused(min(a.RetryAfter, maxRetryAfter), stale, workers, now)
	case (a.Cause == po.PortalError || a.Cause == po.Timeout) && !a.Strained:
		took = failed
	case a.Cause != "":
		return p // a browser's or an order's trouble, or our own
	default:
		p.good++
		if !stale {
			p.at(p.Limit(workers)).answers++
			p.pauses = 0
			p = p.relax(workers, now)
		}
		if a.Sign != po.SignAttachments && a.Sign != po.SignEmpty { // SignDone: a task takes what its work takes
			took = 0 // it may be much faster than an order
		}
	}
	if stale {
		return p
	}
	if a.Strained {
		took = 0
	}
	if a.WithoutBrowser {
		return p.timed(&p.without, took, workers, now)
	}
	return p.timed(&p.inBrowsers, took, workers, now)
}

// timed takes a time into a window of p's own, and moves the limit by what a full one shows.
func (p *Portal) timed(s *speed, took time.Duration, workers int, now time.Time) Portal {
	s.window[s.filled] = took
	if s.filled++; s.filled < windowSize/2 || p.decreased && s.filled < windowSize {
		return *p
	}
	limit := p.Limit(workers)
	lower := (3*limit + 3) / 4
	reason := fmt.Sprintf("the portal has refused none of the last %s", orders(s.filled))
	times := slices.DeleteFunc(s.window[:s.filled], func(d time.Duration) bool { return d == 0 })
	seen := s.filled
	s.filled = 0
	if len(times) >= seen/2 {
		slices.Sort(times)
		median := times[len(times)/2]
		slow := s.baseline > 0 && float64(median) > slowFactor*float64(max(s.baseline, noticeable))
		switch {
		case median == failed:
			return p.decrease(lower, slowProof, "the portal answers with errors", workers, now)
		case slow && limit > 1:
			return p.decrease(lower, slowProof, fmt.Sprintf("the portal answers in %s, %.1f times its best",
				span(median), median.Seconds()/s.baseline.Seconds()), workers, now)
		}
		s.learn(median, limit, slow)
		reason = "the portal answers in " + span(median)
	}
	if limit >= workers || p.decreased && now.Sub(p.since) < max(p.patience, minPatience) {
		return *p
	}
	p.limit = limit + 1
	if !p.decreased {
		p.limit = min(2*limit, workers)
	}
	p.reason, p.changed, p.since, p.raised = reason, now, now, now
	return *p
}

// relax lets one more in where a refusal had decreased the limit and the portal has
// taken for a while what it gets: how fast it is need not be known for that, and a
// short run has no time for a full window.
func (p Portal) relax(workers int, now time.Time) Portal {
	limit := p.Limit(workers)
	if !p.pressed || limit >= workers || p.good < 2*limit || now.Sub(p.since) < max(p.patience, minPatience) {
		return p
	}
	p.limit, p.inBrowsers.filled, p.without.filled = limit+1, 0, 0
	p.reason = "the portal has refused none of the last " + orders(p.good)
	p.changed, p.since, p.raised = now, now, now
	return p
}

// learn smooths the baseline: down by a quarter of the way, so that a lucky window
// does not set it, and up a little where no more are let in than when it was
// learnt, so that it does not creep up with the queue. What a single reader gets
// is the best there is.
func (s *speed) learn(median time.Duration, limit int, slow bool) {
	switch {
	case slow || s.baseline == 0:
		s.baseline, s.learntAt = median, limit
	case median < s.baseline:
		s.baseline -= (s.baseline - median) / 4
		s.learntAt = max(s.learntAt, limit)
	case limit <= s.learntAt:
		s.baseline += (median - s.baseline) / 16
	}
}

// decrease sets a lower limit, at least by one.
func (p Portal) decrease(limit, proof int, reason string, workers int, now time.Time) Portal {
	if !p.raised.IsZero() {
		// Soon taken back: the next try waits twice as long, and half as long if
		// the increase had proved itself.
		p.patience = max(p.patience, minPatience)
		if now.Sub(p.raised) < time.Duration(proof)*p.patience {
			p.patience = min(2*p.patience, maxPatience)
		} else {
			p.patience /= 2
		}
	}
	p.limit = max(1, min(limit, p.Limit(workers)-1))
	p.decreased, p.pressed, p.reason = true, false, reason
	p.inBrowsers.filled, p.without.filled = 0, 0
	p.changed, p.since, p.raised = now, now, time.Time{}
	return p
}

// refused holds everything back for as long as the portal asks, and takes one from
// the limit; a second refusal soon after the first halves it. Of several orders
// that were refused together only the first counts.
func (p Portal) refused(pause time.Duration, stale bool, workers int, now time.Time) Portal {
	asked, decreased := pause, false
	if !stale {
		limit := p.Limit(workers)
		p.at(limit).refused++
		p.at(limit).answers++
		switch {
		case p.inVain(limit):
			p.patience, p.pauses = 0, 0
		case limit > 1:
			lower := limit - 1
			if !p.notBefore.IsZero() && p.good < 2*limit {
				lower = (limit + 1) / 2
			}
			p, decreased = p.decrease(lower, refusalProof, "the portal asked for fewer requests", workers, now), true
			p.pressed = true
		}
		pause = max(pause, min(minPause<<min(p.pauses, 10), maxPause))
		p.pauses++
	}
	p.good = 0
	if until := now.Add(pause); pause > 0 && until.After(p.notBefore) {
		p.notBefore, p.changed = until, until
		if decreased {
			p.since = until
		}
		if asked > 0 {
			p.reason = "the portal asked for a pause of " + span(asked)
		}
	}
	return p
}

// inVain says that a lower limit does not help, for as many were refused there:
// then it is not the number at once that the portal minds.
func (p *Portal) inVain(limit int) bool {
	var answers, refused float64
	for _, c := range p.counts[:min(limit, maxCounted)] {
		answers += c.answers
		refused += c.refused
	}
	here := p.at(limit)
	return refused >= inVainRefused && here.refused/(here.answers+inVainAnswers) < inVainShare*refused/answers
}
