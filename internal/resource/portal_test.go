package resource

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/po"
)

// answer feeds one answer that was begun after the last change.
func answer(p Portal, a Answer, workers int, at time.Duration) Portal {
	return p.Answered(a, workers, start.Add(at))
}

// window feeds a full window of like answers.
func window(p Portal, a Answer, workers int, at time.Duration) Portal {
	for range windowSize {
		p = answer(p, a, workers, at)
	}
	return p
}

func TestPortal(t *testing.T) {
	t.Parallel()
	known := window(window(Portal{}, page(time.Second), 8, 10*time.Second), page(time.Second), 8, 20*time.Second)
	if known.Limit(8) != 8 {
		t.Fatalf("limit %d after two good windows", known.Limit(8))
	}
	single := known
	single.limit, single.decreased = 1, true
	throttled := func(after time.Duration) Answer {
		return Answer{Took: 100 * time.Millisecond, Cause: po.Throttled, RetryAfter: after}
	}
	for _, c := range []struct {
		name  string
		was   Portal
		get   func(Portal) Portal
		limit int
		hold  time.Duration // from one hour on
		text  string
	}{
		{"begins low", Portal{}, func(p Portal) Portal { return p }, 4, 0, "must show first"},
		{"goes on as it is", known, func(p Portal) Portal { return window(p, page(time.Second), 8, time.Hour) }, 8, 0, ""},
		{"twice the best", known, func(p Portal) Portal { return window(p, page(2100*time.Millisecond), 8, time.Hour) }, 6, 0, "the portal answers in 2.1 s, 2.1 times its best"},
		{"somewhat slower", known, func(p Portal) Portal { return window(p, page(1900*time.Millisecond), 8, time.Hour) }, 8, 0, ""},
		{"twice of nothing", window(Portal{}, page(100*time.Millisecond), 8, 0), func(p Portal) Portal { return window(p, page(300*time.Millisecond), 8, time.Hour) }, 8, 0, ""},
		{"a window that is not full", known, func(p Portal) Portal {
			p = window(p, page(9*time.Second), 8, time.Hour)
			return answer(p, page(9*time.Second), 8, time.Hour+10*time.Second)
		}, 6, 0, "9.0 s"},
		{"our own CPU is short", known, func(p Portal) Portal {
			return window(p, Answer{Took: 9 * time.Second, Sign: po.SignAttachments, Strained: true}, 8, time.Hour)
		}, 8, 0, ""},
		{"errors while our own CPU is short", Portal{}, func(p Portal) Portal {
			return window(p, Answer{Took: time.Second, Cause: po.Timeout, Strained: true}, 8, time.Hour)
		}, 4, 0, ""},
		{"not-found pages are no measure", known, func(p Portal) Portal {
			return window(p, Answer{Took: 9 * time.Second, Sign: po.SignNotFound}, 8, time.Hour)
		}, 8, 0, ""},
		{"a dead browser is not the portal's", known, func(p Portal) Portal {
			return window(p, Answer{Took: time.Second, Cause: po.BrowserDied}, 8, time.Hour)
		}, 8, 0, ""},
		{"errors", known, func(p Portal) Portal {
			return window(p, Answer{Took: time.Second, Cause: po.PortalError}, 8, time.Hour)
		}, 6, 0, "the portal answers with errors"},
		{"timeouts", known, func(p Portal) Portal { return window(p, Answer{Took: time.Second, Cause: po.Timeout}, 8, time.Hour) }, 6, 0, "errors"},
		{"429 without a time", known, func(p Portal) Portal { return answer(p, throttled(0), 8, time.Hour) }, 7, time.Second, "the portal asked for fewer requests"},
		{"429 with a time", known, func(p Portal) Portal { return answer(p, throttled(30*time.Second), 8, time.Hour) }, 7, 30 * time.Second, "the portal asked for a pause of 30 s"},
		{"a time beyond belief", known, func(p Portal) Portal { return answer(p, throttled(24*time.Hour), 8, time.Hour) }, 7, 15 * time.Minute, "15 min"},
		{"a time on another cause", known, func(p Portal) Portal {
			return answer(p, Answer{Cause: po.PortalError, RetryAfter: time.Minute}, 8, time.Hour)
		}, 7, time.Minute, "60 s"},
		{"refused together", known, func(p Portal) Portal {
			return answer(answer(p, throttled(10*time.Second), 8, time.Hour), throttled(20*time.Second), 8, time.Hour)
		}, 7, 20 * time.Second, "20 s"},
		{"refused together, without a time", known, func(p Portal) Portal {
			return answer(answer(p, throttled(0), 8, time.Hour), throttled(0), 8, time.Hour)
		}, 7, time.Second, ""},
		{"refused twice", known, func(p Portal) Portal {
			return answer(answer(p, throttled(0), 8, time.Hour-time.Minute), throttled(0), 8, time.Hour)
		}, 4, 2 * time.Second, "fewer requests"},
		{"refused now and then", known, func(p Portal) Portal {
			p = answer(p, throttled(0), 8, time.Hour-time.Minute)
			for range windowSize {
				p = answer(p, Answer{Took: time.Second, Sign: po.SignNotFound}, 8, time.Hour-30*time.Second)
			}
			return answer(p, throttled(0), 8, time.Hour)
		}, 7, time.Second, "fewer requests"}, // it was 8 again
		{"refused again and again", known, func(p Portal) Portal {
			for i := range 4 { // 1, 2, 4 and 8 s
				p = answer(p, throttled(0), 8, time.Hour-time.Duration(40-10*i)*time.Second)
			}
			return answer(p, throttled(0), 8, time.Hour)
		}, 1, 16 * time.Second, ""},
		{"refused once more after an answer", known, func(p Portal) Portal {
			p = answer(answer(p, throttled(0), 8, time.Hour-time.Minute), throttled(0), 8, time.Hour-40*time.Second)
			return answer(answer(p, page(time.Second), 8, time.Hour-20*time.Second), throttled(0), 8, time.Hour)
		}, 2, time.Second, ""},
		{"for a single worker", known, func(p Portal) Portal { return window(p, page(9*time.Second), 1, time.Hour) }, 8, 0, ""},
		{"slow for a single reader is its best", single, func(p Portal) Portal { return window(p, page(9*time.Second), 8, time.Hour) }, 2, 0, "the portal answers in 9.0 s"},
	} {
		p := c.get(c.was)
		hold := max(0, p.NotBefore().Sub(start.Add(time.Hour)))
		if p.Limit(8) != c.limit || hold != c.hold || !strings.Contains(p.Text(), c.text) {
			t.Errorf("%s: limit %d, hold %v, %q; want %d, %v, %q", c.name, p.Limit(8), hold, p.Text(), c.limit, c.hold, c.text)
		}
	}
}

// Pages that no browser reads are compared with their like: they are faster than those that one
// reads, and slow where they take as long.
func TestPortalComparesLikeWithLike(t *testing.T) {
	t.Parallel()
	plain := func(took time.Duration) Answer {
		return Answer{Took: took, WithoutBrowser: true, Sign: po.SignAttachments}
	}
	p := window(Portal{}, page(time.Second), 8, 10*time.Second)
	p = window(p, page(time.Second), 8, 20*time.Second)
	p = window(p, plain(300*time.Millisecond), 8, time.Minute)
	p = window(p, page(time.Second), 8, time.Hour)
	if p.Limit(8) != 8 {
		t.Errorf("limit %d: a browser's time was held against a page's", p.Limit(8))
	}
	p = window(p, plain(time.Second), 8, 2*time.Hour)
	if p.Limit(8) != 6 {
		t.Errorf("limit %d where pages take three times as long", p.Limit(8))
	}
}

// What was begun before the limit changed says nothing about it.
func TestPortalForgetsStaleAnswers(t *testing.T) {
	t.Parallel()
	p := window(Portal{}, page(time.Second), 8, 10*time.Second)
	p = window(p, page(3*time.Second), 8, time.Minute)
	if p.Limit(8) != 6 {
		t.Fatalf("limit %d", p.Limit(8))
	}
	for range 2 * windowSize {
		p = answer(p, page(5*time.Second), 8, time.Minute+4*time.Second)
	}
	if p.Limit(8) != 6 {
		t.Errorf("limit %d after answers that were begun at 8", p.Limit(8))
	}
}

// The closed list of causes: which are the portal's.
func TestPortalCauses(t *testing.T) {
	t.Parallel()
	known := window(window(Portal{}, page(time.Second), 8, 10*time.Second), page(time.Second), 8, 20*time.Second)
	lowers := map[po.Cause]int{po.Throttled: 7, po.PortalError: 6, po.Timeout: 6}
	for _, cause := range po.Causes() {
		p := known
		for range windowSize {
			p = answer(p, Answer{Took: time.Second, Cause: cause}, 8, time.Hour)
		}
		want := 8
		if n, ok := lowers[cause]; ok {
			want = n
		}
		if got := p.Limit(8); got != want {
			t.Errorf("%s: limit %d, want %d", cause, got, want)
		}
	}
}

// Whatever comes: a limit from 1 to the workers, up by one (or to twice in the
// beginning), and no pause beyond what is believed.
func TestPortalProperties(t *testing.T) {
	t.Parallel()
	causes := append(po.Causes(), "")
	rapid.Check(t, func(t *rapid.T) {
		var p Portal
		workers := rapid.IntRange(1, 64).Draw(t, "workers")
		now := start
		for range rapid.IntRange(1, 40).Draw(t, "phases") {
			a := Answer{
				Took:       time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "took")),
				Sign:       rapid.SampledFrom(po.Signs()).Draw(t, "sign"),
				Cause:      rapid.SampledFrom(causes).Draw(t, "cause"),
				RetryAfter: time.Duration(rapid.SampledFrom([]int64{0, 0, 0, int64(time.Second), int64(48 * time.Hour)}).Draw(t, "asked")),
				Strained:   rapid.Bool().Draw(t, "strained"),
			}
			pace := time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "pace"))
			for range rapid.IntRange(1, 80).Draw(t, "answers") {
				now = now.Add(pace)
				was := p.Limit(workers)
				p = p.Answered(a, workers, now)
				n := p.Limit(workers)
				if n < 1 || n > workers || n > was+1 && (n > 2*was || p.decreased) {
					t.Fatalf("limit %d after %d, of %d workers", n, was, workers)
				}
				if p.NotBefore().Sub(now) > maxRetryAfter {
					t.Fatalf("a pause of %v", p.NotBefore().Sub(now))
				}
				if p.Text() == "" {
					t.Fatal("no text")
				}
			}
		}
	})
}
