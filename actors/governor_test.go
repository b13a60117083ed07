package actors

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// fakeLimiter says what a scenario wants.
type fakeLimiter struct {
	mu           sync.Mutex
	begun        time.Time
	measurements int
	measure      func(at time.Duration) Limits
	answered     func(a Answer) Limits
	answers      []Answer
	last         Limits
}

func (l *fakeLimiter) Measure(context.Context) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.measurements++
	l.last = l.measure(time.Since(l.begun))
	return l.last
}

func (l *fakeLimiter) Answered(a Answer) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
	if l.answered != nil {
		l.last = l.answered(a)
	}
	return l.last
}

// Under memory pressure the pool shrinks to one worker, sequential, and grows
// back when it passes; each change is told with what binds.
func TestMemoryPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLimiter{begun: time.Now(), measure: func(at time.Duration) Limits {
			b := Limits{Workers: 4, Reading: 4, LimitedBy: messages.LimitedByUser}
			if at > 5*time.Second && at < 60*time.Second {
				b = Limits{Workers: 1, Reading: 1, LimitedBy: messages.LimitedByMemory,
					Reason: "memory is at 93 % of the container's 2.0 GB"}
			}
			return b
		}}
		s := &scenario{workers: 4, orders: 400, limiter: l}
		s.run(t)
		s.want(t, "", 0, completed(400))
		resized := all[messages.PoolResized](s)
		if len(resized) != 2 || resized[0].To != 1 || resized[1].To != 4 {
			t.Errorf("%+v", resized)
		} else if first := resized[0]; first.LimitedBy != messages.LimitedByMemory || first.Reason == "" {
			t.Errorf("%+v", first)
		}
		if len(l.answers) != 400 || l.measurements < 60 {
			t.Errorf("%d answers, %d measurements", len(l.answers), l.measurements)
		}
	})
}

// What the portal asks of one order holds for all: nobody begins another until
// its pause is over, and then fewer read at once.
func TestPortalPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		normal := Limits{Workers: 4, Reading: 4, LimitedBy: messages.LimitedByUser}
		l := &fakeLimiter{begun: time.Now(), last: normal, measure: func(time.Duration) Limits { return normal }}
		l.answered = func(a Answer) Limits {
			if a.Cause == po.Throttled {
				normal = Limits{Workers: 4, Reading: 2, LimitedBy: messages.LimitedByPortal, Reason: "the portal asked for a pause of 20 s"}
				b := normal
				b.Hold = a.RetryAfter
				return b
			}
			return normal
		}
		s := &scenario{workers: 4, orders: 60, limiter: l}
		var mu sync.Mutex
		var throttled time.Time
		var begun []time.Duration
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			mu.Lock()
			if !throttled.IsZero() {
				begun = append(begun, time.Since(throttled))
			}
			mu.Unlock()
			if key == "K8" && n == 1 {
				time.Sleep(time.Second)
				mu.Lock()
				throttled = time.Now()
				mu.Unlock()
				return po.Reading{}, &po.ReadFailure{Cause: po.Throttled, RetryAfter: 20 * time.Second, Answered: true}
			}
			return f.good(ctx)
		}}
		s.run(t)
		s.want(t, "", 0, completed(60))
		for _, d := range begun {
			if d > time.Millisecond && d < 20*time.Second {
				t.Errorf("an order was begun %v after the portal asked for a pause", d)
			}
		}
		paced := all[messages.PortalPaced](s)
		if len(paced) != 1 || paced[0].Reading != 2 || time.Duration(paced[0].Hold) != 20*time.Second {
			t.Errorf("%+v", paced)
		}
		if resized := all[messages.PoolResized](s); len(resized) > 0 {
			t.Errorf("%+v", resized)
		}
	})
}

// A governor that fails costs the run nothing but its advice.
func TestGovernorFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLimiter{begun: time.Now(), measure: func(time.Duration) Limits { panic("no such file") }}
		s := &scenario{workers: 2, orders: 20, limiter: l}
		s.run(t)
		s.want(t, "", 0, completed(20))
	})
}
