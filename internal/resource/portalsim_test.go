package resource

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/poactor/poactor/po"
)

// site makes the answer to an order that is begun at a moment, with so many
// others under way, itself included.
type site func(at time.Duration, together int, r *rand.Rand) Answer

// visit is what a simulated portal saw.
type visit struct {
	limits    []limitAt       // one for each change, the first included
	answers   []time.Duration // when each order was read
	throttled int
	failed    int // orders that were refused too often
	most      int // orders under way at once
	portal    Portal
}

type limitAt struct {
	at    time.Duration
	limit int
}

// call is an order under way.
type call struct {
	end    time.Duration
	answer Answer
	order
}

// order is one of the batch; those that were refused wait for another try.
type order struct {
	number, tries int
	due           time.Duration
}

// triesMost is how often an order is tried, as by default.
const triesMost = 4

// simulatePortal lets so many workers read from a site for a time. Of the orders
// themselves one in broken is refused always, and another one the first time,
// whatever the site would say; 0: none.
func simulatePortal(workers int, length time.Duration, s site, broken int) visit {
	r := rand.New(rand.NewPCG(*seed, 2))
	var v visit
	var calls []call
	var later []order
	begun := 0
	next := func(at time.Duration) order {
		if i := slices.IndexFunc(later, func(o order) bool { return o.due <= at }); i >= 0 {
			o := later[i]
			later = slices.Delete(later, i, i+1)
			return o
		}
		begun++
		return order{number: begun}
	}
	note := func(at time.Duration) {
		if n := v.portal.Limit(workers); len(v.limits) == 0 || v.limits[len(v.limits)-1].limit != n {
			v.limits = append(v.limits, limitAt{at, n})
		}
	}
	for at := time.Duration(0); at < length; {
		note(at)
		opens := v.portal.NotBefore().Sub(start)
		for len(calls) < v.portal.Limit(workers) && at >= opens {
			o := next(at)
			a := s(at, len(calls)+1, r)
			if broken > 0 && (o.number%broken == 1 || o.number%broken == broken/2 && o.tries == 0) {
				a = Answer{Took: time.Second / 5, Cause: po.Throttled, RetryAfter: time.Second}
			}
			a.Again = o.tries > 0
			calls = append(calls, call{at + a.Took, a, o})
			v.most = max(v.most, len(calls))
		}
		if len(calls) == 0 {
			at = opens
			continue
		}
		slices.SortFunc(calls, func(a, b call) int { return int(a.end - b.end) })
		c := calls[0]
		calls, at = calls[1:], c.end
		v.portal = v.portal.Answered(c.answer, workers, start.Add(at))
		if c.answer.Cause == "" {
			v.answers = append(v.answers, at)
		} else if c.answer.Cause == po.Throttled {
			v.throttled++
			if c.tries++; c.tries == triesMost {
				v.failed++
				continue
			}
			c.due = at + max(c.answer.RetryAfter, 2*time.Second<<c.tries)
			later = append(later, c.order)
		}
	}
	return v
}

// page is an order that was read.
func page(took time.Duration) Answer { return Answer{Took: took, Sign: po.SignAttachments} }

// noise scatters a time by a log-normal factor.
func noise(d time.Duration, deviation float64, r *rand.Rand) time.Duration {
	return time.Duration(float64(d) * math.Exp(deviation*r.NormFloat64()))
}

// changes counts those of the limit within a time.
func (v visit) changes(from, to time.Duration) int {
	n := 0
	for _, l := range v.limits {
		if l.at >= from && l.at < to && l.at > 0 {
			n++
		}
	}
	return n
}

// rate is orders read a second within a time.
func (v visit) rate(from, to time.Duration) float64 {
	n := 0
	for _, at := range v.answers {
		if at >= from && at < to {
			n++
		}
	}
	return float64(n) / (to - from).Seconds()
}

// limit is the mean limit within a time, weighted by it.
func (v visit) limit(from, to time.Duration) float64 {
	sum := 0.0
	for i, l := range v.limits {
		end := to
		if i+1 < len(v.limits) {
			end = min(to, v.limits[i+1].at)
		}
		if begin := max(from, l.at); end > begin {
			sum += float64(l.limit) * (end - begin).Seconds()
		}
	}
	return sum / (to - from).Seconds()
}

// String sums up a visit of two hours: mean limit and orders read a second in the
// second hour, changes of the limit in each hour, refusals and orders given up in all.
func (v visit) String() string {
	return fmt.Sprintf("%.2f|%.2f|%d|%d|%d|%d", v.limit(time.Hour, 2*time.Hour), v.rate(time.Hour, 2*time.Hour),
		v.changes(0, time.Hour), v.changes(time.Hour, 2*time.Hour), v.throttled, v.failed)
}
