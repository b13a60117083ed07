package actors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// killBrowser ends a browser while it reads, and returns what that reading comes to.
func killBrowser(f *fakeSession) (po.Reading, error) {
	f.die()
	return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied, Detail: "boom"}
}

// An order that kills every browser is tried twice, then once more alone in a
// throw-away browser, and ends there. The orders beside it keep their tries and
// nobody is given up.
func TestPoisonOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 3, orders: 30}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K7" {
				return killBrowser(f)
			}
			return f.good(ctx)
		}}
		s.run(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 29, po.Failed: 1})
		const detail = "3 browsers died with it in hand, the last its own: boom"
		if o := s.outcome("K7"); o.Cause != po.Quarantined || o.Attempts != 1 || o.Detail != detail {
			t.Errorf("%+v", o)
		}
		r := s.readers("K7")
		if len(r) != 3 || !strings.HasPrefix(r[2], "isolated-") || strings.HasPrefix(r[1], "isolated-") {
			t.Errorf("read by %v", r)
		}
		for _, o := range all[messages.OrderSettled](s) {
			if o.Outcome.Key != "K7" && o.Outcome.Attempts != 1 {
				t.Errorf("%s took %d tries", o.Outcome.Key, o.Outcome.Attempts)
			}
		}
		for _, o := range all[messages.OrderStarted](s) { // the throw-away browser reads nothing else
			if o.Key != "K7" && o.Worker.Name == r[2] {
				t.Errorf("%s was read by %s", o.Key, o.Worker.Name)
			}
		}
		if q := all[messages.OrderQuarantined](s); len(q) != 1 || q[0].Worker != r[2] || q[0].Deaths != 2 {
			t.Errorf("quarantined: %+v", q)
		}
		if resized := all[messages.PoolResized](s); len(resized) > 0 {
			t.Errorf("resized: %+v", resized)
		}
	})
}

// An order that two browsers died with by accident comes back from quarantine,
// and its browser is thrown away.
func TestQuarantineIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, workers := range []int{1, 3} {
			s := &scenario{workers: workers, orders: 10}
			s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
				if key == "K4" && n <= 2 {
					return killBrowser(f)
				}
				return f.good(ctx)
			}}
			s.run(t)
			s.want(t, "", 0, completed(10))
			r := s.readers("K4")
			if len(r) != 3 || !strings.HasPrefix(r[2], "isolated-") {
				t.Errorf("read by %v", r)
			}
			if d := all[messages.WorkerDismissed](s); len(d) != 1 || d[0].Worker != r[2] {
				t.Errorf("dismissed: %+v", d)
			}
		}
	})
}

// Several poison orders are run alone one after another.
func TestManyPoisonOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		poison := []po.Key{"K3", "K11", "K12"}
		s := &scenario{workers: 4, orders: 20}
		isolated := map[string]bool{}
		s.onEvent = func(e any) {
			switch e := e.(type) {
			case messages.OrderQuarantined:
				if isolated[e.Worker] = true; len(isolated) > 1 {
					t.Errorf("two at once: %v", isolated)
				}
			case messages.WorkerLost:
				delete(isolated, e.Worker)
			}
		}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if slices.Contains(poison, key) {
				return killBrowser(f)
			}
			return f.good(ctx)
		}}
		s.run(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 17, po.Failed: 3})
		for _, key := range poison {
			if o := s.outcome(key); o.Cause != po.Quarantined {
				t.Errorf("%+v", o)
			}
		}
	})
}

// Where no throw-away browser starts, an order in quarantine ends all the same.
func TestNoThrowAwayBrowser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 20}
		s.browsers = &fakeBrowsers{
			open: func(n int) error { // 5 replaces the first that dies; then the second is replaced, and two are thrown away
				if n >= 6 && n <= 8 {
					return fmt.Errorf("open: %w", po.ProfileFailed)
				}
				return nil
			},
			read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
				if key == "K3" {
					return killBrowser(f)
				}
				return f.good(ctx)
			},
		}
		s.run(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 19, po.Failed: 1})
		const detail = "no throw-away browser could be started: "
		if o := s.outcome("K3"); o.Cause != po.Quarantined || !strings.HasPrefix(o.Detail, detail) {
			t.Errorf("%+v", o)
		}
	})
}

// A pool that has lost workers grows again after a quiet while.
func TestPoolGrowsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 4000}
		begun := time.Now()
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if time.Since(begun) < 40*time.Second && f.n != 1 { // bad times, for all but the first
				f.die()
				return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied, Detail: "boom"}
			}
			return f.good(ctx)
		}}
		s.run(t)
		if s.result.Cause != "" || s.result.Open != 0 {
			t.Fatalf("%+v", s.result)
		}
		resized := all[messages.PoolResized](s)
		smallest, last := 4, 4
		for _, r := range resized {
			smallest, last = min(smallest, r.To), r.To
		}
		if smallest == 4 || last != 4 {
			t.Errorf("resized: %+v", resized)
		}
	})
}

// A worker whose orders all fail at once is ill, however alive it looks: it is
// replaced after a few, and its orders are done by others.
func TestUnhealthyWorker(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fail   func(ctx context.Context) error
		atMost int // orders that it may burn a try of
	}{
		"at once": {func(context.Context) error { return &po.ReadFailure{Cause: po.Internal, Detail: "no such session"} }, 3},
		"alike": {func(ctx context.Context) error {
			time.Sleep(2 * time.Second)
			return &po.ReadFailure{Cause: po.UnrecognisedPage, Answered: true}
		}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: 4, orders: 120}
				s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
					if f.n == 2 {
						return po.Reading{}, row.fail(ctx)
					}
					return f.good(ctx)
				}}
				s.run(t)
				s.want(t, "", 0, completed(120))
				if n := len(s.browsers.sessions[1].read); n > row.atMost {
					t.Errorf("it was given %d orders", n)
				}
				lost := all[messages.WorkerLost](s)
				if len(lost) != 1 || lost[0].Cause != po.BrowserHung || !strings.Contains(lost[0].Detail, "in a row failed") {
					t.Errorf("lost: %+v", lost)
				}
			})
		})
	}
}

// A portal that answers every order with the same error makes no worker ill.
func TestPortalFailsAlike(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 60}
		s.browsers = &fakeBrowsers{read: func(context.Context, *fakeSession, po.Key, int) (po.Reading, error) {
			return po.Reading{}, &po.ReadFailure{Cause: po.PortalError, Detail: "the portal answered 500", Answered: true}
		}}
		s.run(t)
		s.want(t, "", 0, map[po.Status]int{po.Failed: 60})
		if lost := all[messages.WorkerLost](s); len(lost) > 0 {
			t.Errorf("lost: %+v", lost)
		}
	})
}

// A reading that ignores its context is left behind: its order goes on, its
// worker gets a fresh browser, and what comes back late is told and not used.
func TestStuckReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 90}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K3" && n == 1 {
				time.Sleep(45 * time.Second) // the time of a reading is 30 s
				return po.Reading{Sign: po.SignNotFound}, nil
			}
			return f.good(ctx)
		}}
		s.run(t)
		s.want(t, "", 0, completed(90))
		stuck, returned := all[messages.JobStuck](s), all[messages.JobReturned](s)
		if len(stuck) != 1 || time.Duration(stuck[0].For) != 30*time.Second+releaseTimeout {
			t.Errorf("stuck %+v", stuck)
		}
		if len(returned) != 1 || time.Duration(returned[0].After) != 10*time.Second {
			t.Errorf("returned %+v", returned)
		}
		if r := s.readers("K3"); len(r) != 2 || r[0] == r[1] {
			t.Errorf("read by %v", r)
		}
	})
}

// A browser that has read many orders, or takes up much, is replaced between two
// orders, one at a time, and no order notices.
func TestRecycle(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		memory int64
		want   string
		least  int // browsers
	}{
		"many orders": {0, "it has read 250 orders", 4 + 4*3},
		"much memory": {3 << 30, "it takes up 3072 MB", 4 + 1200/(schedule.MemoryCheckEvery+4)},
		"neither":     {100 << 20, "it has read 250 orders", 4 + 4*3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: 4, orders: 4100}
				if row.memory > 1<<30 {
					s.orders = 1200
				}
				s.browsers = &fakeBrowsers{memory: row.memory}
				s.run(t)
				s.want(t, "", 0, completed(s.orders))
				recycled := all[messages.WorkerRecycled](s)
				n := len(s.browsers.sessions)
				if n < row.least || len(recycled) != n-4 || recycled[0].Reason != row.want {
					t.Errorf("%d browsers, recycled %d times: %+v", n, len(recycled), recycled[:min(1, len(recycled))])
				}
				if lost := all[messages.WorkerLost](s); len(lost) > 0 {
					t.Errorf("lost: %+v", lost)
				}
			})
		})
	}
}

// The governor's word makes the pool smaller and larger, to sequential and back;
// no order in hand is disturbed.
func TestResize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 200}
		settled := 0
		s.onEvent = func(e any) {
			if _, ok := e.(messages.OrderSettled); !ok {
				return
			}
			switch settled++; settled {
			case 20:
				s.handle.send(messages.Resize{Workers: 1, LimitedBy: messages.LimitedByMemory, Reason: "memory is at 93 %"})
			case 60:
				s.handle.send(messages.Resize{Workers: 99, LimitedBy: messages.LimitedByCPU})
			}
		}
		s.run(t)
		s.want(t, "", 0, completed(200))
		want := []messages.PoolResized{
			{From: 4, To: 1, Sequential: true, LimitedBy: messages.LimitedByMemory, Reason: "memory is at 93 %"},
			{From: 1, To: 4, LimitedBy: messages.LimitedByUser, Reason: "as many as wished"},
		}
		if got := all[messages.PoolResized](s); !slices.Equal(got, want) {
			t.Errorf("%+v", got)
		}
		if d := all[messages.WorkerDismissed](s); len(d) != 3 {
			t.Errorf("dismissed: %+v", d)
		}
		if released := all[messages.OrderReleased](s); len(released) > 0 {
			t.Errorf("put back: %+v", released)
		}
		if n := len(s.browsers.sessions); n != 7 {
			t.Errorf("%d browsers", n)
		}
	})
}
