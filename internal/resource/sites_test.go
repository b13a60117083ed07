package resource

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// Two hours with made-up portals: the limit finds what each bears, changes
// seldom, and no order starves.
func TestSites(t *testing.T) {
	t.Parallel()
	const s = time.Second
	refuse := Answer{Took: s / 5, Cause: po.Throttled}
	refuseFor := func(d time.Duration) Answer { a := refuse; a.RetryAfter = d; return a }
	during := func(at, from, to time.Duration) bool { return at >= from && at < to }
	for _, c := range []struct {
		name    string
		workers int
		site    site
		// the mean limit, and orders a second, in the second hour
		limitLeast, limitMost float64
		rateLeast             float64
		changes1, changes2    int // of the limit in each hour, at most
		throttled             int // answers in all, at most
	}{
		{"bears everything", 8, func(_ time.Duration, _ int, r *rand.Rand) Answer {
			return page(noise(s, 0.3, r))
		}, 8, 8, 7.5, 1, 0, 0},
		{"bears a large pool", 16, func(_ time.Duration, _ int, r *rand.Rand) Answer {
			return page(noise(s, 0.3, r))
		}, 16, 16, 15, 2, 0, 0},
		{"gets slow at 5", 8, func(_ time.Duration, n int, r *rand.Rand) Answer {
			return page(noise(s*time.Duration(max(1, n-3)), 0.3, r))
		}, 4, 4.5, 3.7, 25, 4, 0},
		{"has 4 places and a queue", 8, func(_ time.Duration, n int, r *rand.Rand) Answer {
			return page(noise(s*time.Duration(max(4, n))/4, 0.3, r))
		}, 5, 7, 3.7, 25, 4, 0},
		{"has 3 places and a queue", 16, func(_ time.Duration, n int, r *rand.Rand) Answer {
			return page(noise(s*time.Duration(max(3, n))/3, 0.3, r))
		}, 4, 7, 2.8, 25, 8, 0},
		{"throttles at 3", 8, func(_ time.Duration, n int, r *rand.Rand) Answer {
			if n >= 3 {
				return refuse
			}
			return page(noise(s, 0.3, r))
		}, 2, 2.2, 1.8, 25, 4, 20},
		{"throttles at 3 and says for how long", 8, func(_ time.Duration, n int, r *rand.Rand) Answer {
			if n >= 3 {
				return refuseFor(30 * s)
			}
			return page(noise(s, 0.3, r))
		}, 2, 2.2, 1.8, 25, 4, 20},
		{"gives 2 a second and refuses more", 8, tokens(2, refuseFor(5*s)), 2, 2.2, 1.85, 25, 4, 20},
		{"gives 4 a second and refuses more", 8, tokens(4, refuseFor(5*s)), 2.5, 4.5, 2.5, 25, 4, 20},
		{"bears 32, then 2", 32, func(at time.Duration, n int, r *rand.Rand) Answer {
			if n > 2 && at > 10*time.Minute {
				return refuse
			}
			return page(noise(s, 0.3, r))
		}, 2, 2.2, 1.8, 35, 4, 100},
		{"refuses everything", 8, func(time.Duration, int, *rand.Rand) Answer { return refuse }, 1, 1, 0, 3, 0, 2*60 + 15},
		{"is noisy", 8, func(_ time.Duration, _ int, r *rand.Rand) Answer {
			return page(outlier(noise(s, 0.5, r), r))
		}, 7.5, 8, 4.5, 8, 8, 0},
		{"is very noisy", 8, func(_ time.Duration, _ int, r *rand.Rand) Answer {
			return page(outlier(noise(s, 0.8, r), r))
		}, 7, 8, 3.5, 12, 12, 0},
		{"is slow for a minute", 8, func(at time.Duration, _ int, r *rand.Rand) Answer {
			if during(at, 20*time.Minute, 21*time.Minute) {
				return page(noise(5*s, 0.3, r))
			}
			return page(noise(s, 0.3, r))
		}, 8, 8, 7.5, 10, 0, 0},
		{"is slow from then on", 8, func(at time.Duration, _ int, r *rand.Rand) Answer {
			if at > 20*time.Minute {
				return page(noise(4*s, 0.3, r))
			}
			return page(noise(s, 0.3, r))
		}, 8, 8, 1.85, 15, 0, 0},
		{"is broken for three minutes", 8, func(at time.Duration, _ int, r *rand.Rand) Answer {
			if during(at, 20*time.Minute, 23*time.Minute) {
				return Answer{Took: s / 3, Cause: po.PortalError}
			}
			return page(noise(s, 0.3, r))
		}, 8, 8, 7.5, 15, 0, 0},
		{"says not found to half, at once", 8, func(_ time.Duration, _ int, r *rand.Rand) Answer {
			if r.Float64() < 0.5 {
				return Answer{Took: s / 5, Sign: po.SignNotFound}
			}
			return page(noise(s, 0.3, r))
		}, 8, 8, 12, 1, 0, 0},
	} {
		v := simulatePortal(c.workers, 2*time.Hour, c.site, 0)
		t.Logf("SITE|%s|%s", c.name, v)
		if n := v.limit(time.Hour, 2*time.Hour); n < c.limitLeast || n > c.limitMost {
			t.Errorf("%s: a limit of %.2f in the second hour, want %v to %v", c.name, n, c.limitLeast, c.limitMost)
		}
		if n := v.rate(time.Hour, 2*time.Hour); n < c.rateLeast {
			t.Errorf("%s: %.2f orders a second in the second hour, want %v", c.name, n, c.rateLeast)
		}
		first, second := v.changes(0, time.Hour), v.changes(time.Hour, 2*time.Hour)
		if first > c.changes1 || second > c.changes2 {
			t.Errorf("%s: %d changes in the first hour and %d in the second, want %d and %d", c.name, first, second, c.changes1, c.changes2)
		}
		if v.throttled > c.throttled {
			t.Errorf("%s: refused %d times, want at most %d", c.name, v.throttled, c.throttled)
		}
	}
}

// tokens is a portal that gives so many answers a second, ten of them at once,
// and refuses the others: the usual limit by rate.
func tokens(rate float64, refuse Answer) site {
	left, last := 10.0, time.Duration(0)
	return func(at time.Duration, _ int, r *rand.Rand) Answer {
		left, last = min(10, left+rate*(at-last).Seconds()), at
		if left < 1 {
			return refuse
		}
		left--
		return page(noise(time.Second, 0.3, r))
	}
}

// outlier makes one in 20 ten times as long.
func outlier(d time.Duration, r *rand.Rand) time.Duration {
	if r.Float64() < 0.05 {
		return 10 * d
	}
	return d
}

// A Retry-After holds all back until its end, and then only a few are let in.
func TestRetryAfterHoldsAllBack(t *testing.T) {
	t.Parallel()
	var first time.Duration // the first refusal
	late := 0
	v := simulatePortal(8, 5*time.Minute, func(at time.Duration, n int, r *rand.Rand) Answer {
		switch {
		case at > time.Minute && first == 0:
			first = at
			return Answer{Took: time.Second / 10, Cause: po.Throttled, RetryAfter: time.Minute}
		case first > 0 && at > first+time.Second/10 && at < first+time.Minute:
			late++
		}
		return page(time.Second)
	}, 0)
	if first == 0 || late > 0 {
		t.Errorf("%d orders begun during the pause that began at %v", late, first)
	}
	if n := v.limit(first+time.Minute, first+64*time.Second); n != 7 {
		t.Errorf("limit %v after the pause", n)
	}
}

// Small runs are not held up: with the usual pool nothing limits them.
func TestSmallRunIsNotSlowedDown(t *testing.T) {
	t.Parallel()
	v := simulatePortal(4, 15*time.Second, func(_ time.Duration, _ int, r *rand.Rand) Answer { return page(noise(time.Second, 0.3, r)) }, 0)
	if len(v.limits) != 1 || v.most != 4 {
		t.Errorf("limits %v, %d at once", v.limits, v.most)
	}
}

// Orders that the portal refuses by themselves, some always and as many only once,
// do not take the others' places: whatever the share, a long run has all of them.
func TestOrdersOfTheirOwnTrouble(t *testing.T) {
	t.Parallel()
	good := func(_ time.Duration, _ int, r *rand.Rand) Answer { return page(noise(time.Second, 0.3, r)) }
	for _, c := range []struct {
		broken  int     // one in so many, each way
		limit   float64 // least, in the second hour
		rate    float64 // orders read a second, of 7.65
		changes int     // of the limit, at most; each such order may cost one, and bring it back
	}{{15, 6, 3.5, 200}, {30, 7.9, 5.2, 40}, {60, 7.9, 6.2, 0}, {1000, 7.5, 7.3, 120}} {
		v := simulatePortal(8, 2*time.Hour, good, c.broken)
		t.Logf("SITE|one order in %d refused by itself|%s", c.broken, v)
		if n := v.limit(time.Hour, 2*time.Hour); n < c.limit {
			t.Errorf("one in %d: a limit of %.2f in the second hour", c.broken, n)
		}
		if n := v.rate(time.Hour, 2*time.Hour); n < c.rate {
			t.Errorf("one in %d: %.2f orders a second in the second hour", c.broken, n)
		}
		if n := v.changes(time.Hour, 2*time.Hour); n > c.changes {
			t.Errorf("one in %d: %d changes in the second hour", c.broken, n)
		}
	}
	// Those that are refused by rate are told from them all the same.
	v := simulatePortal(8, 2*time.Hour, tokens(4, Answer{Took: time.Second / 5, Cause: po.Throttled, RetryAfter: 5 * time.Second}), 60)
	t.Logf("SITE|gives 4 a second, one order in 60 refused by itself|%s", v)
	if n, rate := v.limit(time.Hour, 2*time.Hour), v.rate(time.Hour, 2*time.Hour); n < 3 || n > 5 || rate < 2.7 {
		t.Errorf("4 a second and orders of their own trouble: a limit of %.2f, %.2f orders a second in the second hour", n, rate)
	}
}

// An order that is refused again while others are not says nothing about them.
func TestRefusedAgain(t *testing.T) {
	t.Parallel()
	p := window(Portal{}, page(time.Second), 4, time.Minute)
	again := Answer{Took: time.Second, Cause: po.Throttled, RetryAfter: time.Minute, Again: true}
	if p = answer(p, again, 4, time.Hour); p.Limit(4) != 4 || !p.NotBefore().IsZero() {
		t.Errorf("a limit of %d, held until %v", p.Limit(4), p.NotBefore())
	}
	first := again
	first.Again = false
	p = answer(p, first, 4, 2*time.Hour)
	if p = answer(p, again, 4, 3*time.Hour); p.Limit(4) != 2 {
		t.Errorf("a limit of %d where nothing but refusals came", p.Limit(4))
	}
}
