package resource

import (
	"fmt"
	"slices"
	"time"
)

// time takes in how long an answer took, and judges when the window is full.
func (p Portal) time(took time.Duration, workers int, now time.Time) Portal {
	p.window[p.filled] = took
	p.filled++
	if p.filled < p.windowSize() {
		return p
	}
	return p.judge(median(p.window[:p.filled]), workers, now)
}

// windowSize makes the first judgement soon, and those of a low limit, at which
// answers come slowly.
func (p Portal) windowSize() int {
	if !p.lowered {
		return shortWindow
	}
	return min(max(8, 6*p.limit), longWindow)
}

// judge compares the median of a full window with the best.
func (p Portal) judge(took time.Duration, workers int, now time.Time) Portal {
	p.filled = 0
	limit := p.Limit(workers)
	if took == failed {
		return p.lower(threeQuarters(limit), "the portal answers with errors", workers, now)
	}
	slow := p.best > 0 && took-p.best > noticeable && took > scaled(p.best, slowFactor)
	if slow && limit > 1 {
		why := fmt.Sprintf("the portal answers in %s, %.1f times its best", span(took), took.Seconds()/p.best.Seconds())
		return p.lower(threeQuarters(limit), why, workers, now)
	}
	p.learn(took, limit, slow)
	if took-p.best > noticeable && took > scaled(p.best, fineFactor) || limit >= workers {
		return p
	}
	return p.raise(took, workers, now)
}

// learn moves the best towards a median: down by a quarter of the way, so that a
// lucky window does not set it, and up a little where no more are let in than
// when it was learnt, so that it does not creep up with the queue.
func (p *Portal) learn(took time.Duration, limit int, slow bool) {
	switch {
	case slow || p.best == 0:
		p.best, p.bestAt = took, limit
	case took < p.best:
		p.best -= (p.best - took) / 4
		p.bestAt = max(p.bestAt, limit)
	case limit <= p.bestAt && took < scaled(p.best, fineFactor):
		p.best += (took - p.best) / 16
	}
}

// threeQuarters rounds up, so that one too many is taken back by one.
func threeQuarters(n int) int { return (3*n + 3) / 4 }

// lower sets a lower limit, at least by one. If it had only just been raised,
// the next try waits twice as long, and half as long if it had proved itself.
func (p Portal) lower(limit int, why string, workers int, now time.Time) Portal {
	if !p.raised.IsZero() {
		p.patience = nextPatience(p.waits(), now.Sub(p.raised), raiseLeast, raiseMost)
	}
	p.limit = max(1, min(limit, p.Limit(workers)-1))
	p.lowered, p.pressed, p.why = true, false, why
	p.changed, p.since, p.raised, p.filled = now, now, time.Time{}, 0
	return p
}

// raise lets one more in after a while; twice as many while nothing was ever
// wrong.
func (p Portal) raise(took time.Duration, workers int, now time.Time) Portal {
	limit := p.Limit(workers)
	switch {
	case !p.lowered:
		p.limit = min(2*limit, workers)
	case now.Sub(p.since) >= p.waits():
		p.limit = limit + 1
	default:
		return p
	}
	p.why = fmt.Sprintf("the portal answers in %s", span(took))
	p.changed, p.since, p.raised = now, now, now
	return p
}

func (p Portal) waits() time.Duration { return max(p.patience, raiseLeast) }

func scaled(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * factor)
}

// median sorts a copy.
func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
