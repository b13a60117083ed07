package resource

import (
	"fmt"
	"time"
)

const (
	// tallied is the largest limit that is told from those above it.
	tallied = 64
	// remembered is how many answers at a limit count in full.
	remembered = 256
	// A lower limit is of no use if at least half as many are refused there. It
	// takes two refusals there to say so; here some answers are added, for one
	// refusal in few says little. In the simulations 1.5 takes chance for a
	// difference, and 3 overlooks that a portal refuses by rate where it refuses
	// single orders as well.
	sameFactor  = 2
	sureAnswers = 16
	sureRefused = 2

	// A portal that throttles without saying for how long is left alone for this
	// time, twice as long each time in a row.
	holdLeast = time.Second
	holdMost  = time.Minute
	// The longest Retry-After that is believed, as for a single order.
	holdObeyed = 15 * time.Minute
)

// tally counts what came of the orders that were begun at one limit, without the
// refusals that are an order's own.
type tally struct{ answers, refused float64 }

func (t *tally) add(refused bool) {
	if t.answers >= remembered {
		t.answers, t.refused = t.answers/2, t.refused/2
	}
	t.answers++
	if refused {
		t.refused++
	}
}

// at is the tally of the present limit.
func (p *Portal) at(workers int) *tally { return &p.tally[min(p.Limit(workers), tallied)] }

// inVain says that a lower limit would not help, for as many are refused there:
// then it is not the number at once that the portal minds.
func (p *Portal) inVain(workers int) bool {
	var below tally
	for _, t := range p.tally[:min(p.Limit(workers), tallied)] {
		below.answers += t.answers
		below.refused += t.refused
	}
	here := p.at(workers)
	return below.refused >= sureRefused &&
		here.refused/(here.answers+sureAnswers) < sameFactor*below.refused/below.answers
}

// throttle holds everything back for as long as the portal asks, and lowers the
// limit by one; a second refusal soon after the first halves it. Of several orders
// that were refused together only the first counts.
func (p Portal) throttle(asked time.Duration, stale bool, workers int, now time.Time) Portal {
	asked = min(asked, holdObeyed)
	pause, lowered := asked, false
	if !stale {
		p.at(workers).add(true)
		limit := p.Limit(workers)
		switch {
		case p.inVain(workers):
			p.patience, p.throttles = 0, 0
		case limit > 1:
			soon := p.refused && p.fine < 2*limit
			if limit--; soon {
				limit = (limit + 2) / 2
			}
			p = p.lower(limit, "the portal asked for fewer requests", workers, now)
			p.pressed, lowered = true, true
		}
		pause = max(asked, doubled(holdLeast, p.throttles, holdMost))
		p.throttles++
		p.refused, p.fine = true, 0
	}
	if until := now.Add(pause); pause > 0 && until.After(p.notBefore) {
		p.notBefore, p.changed = until, until
		if lowered {
			p.since = until
		}
		if asked > 0 {
			p.why = "the portal asked for a pause of " + span(asked)
		}
	}
	return p
}

// relax lets one more in where a refusal had lowered the limit, and the portal has
// taken for a while what it gets: how fast it is need not be known for that.
func (p Portal) relax(workers int, now time.Time) Portal {
	limit := p.Limit(workers)
	if !p.pressed || limit >= workers || p.fine < 2*limit || now.Sub(p.since) < p.waits() {
		return p
	}
	p.limit, p.filled = limit+1, 0
	p.why = fmt.Sprintf("the portal has refused none of the last %d orders", p.fine)
	p.changed, p.since, p.raised = now, now, now
	return p
}

// doubled doubles a time so many times, up to a longest.
func doubled(d time.Duration, times int, longest time.Duration) time.Duration {
	for range times {
		if d *= 2; d >= longest {
			return longest
		}
	}
	return d
}
