package actors

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// A browser that dies takes nothing with it: its order goes to another worker
// without costing an attempt, its worker comes back with a fresh profile, and
// the others do not notice.
func TestBrowserDies(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(s *fakeSession) (po.Reading, error){
		"by an answer": func(*fakeSession) (po.Reading, error) {
			return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied}
		},
		"by its process": func(s *fakeSession) (po.Reading, error) {
			s.die()
			time.Sleep(time.Second)
			return po.Reading{}, &po.ReadFailure{Cause: po.Timeout}
		},
		"by a panic": func(*fakeSession) (po.Reading, error) { panic("nil map") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: 4, orders: 30}
				s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
					if key == "K9" && n == 1 {
						return die(f)
					}
					return f.good(ctx)
				}}
				s.run(t)
				s.want(t, "", 0, completed(30))
				if got := s.outcome("K9"); got.Attempts != 1 {
					t.Errorf("K9 took %d attempts", got.Attempts)
				}
				r := s.readers("K9")
				if len(r) != 2 || r[0] == r[1] {
					t.Errorf("K9 was read by %v", r)
				}
				lost := all[messages.WorkerLost](s)
				if len(lost) != 1 || lost[0].Worker != r[0] || lost[0].GaveUp {
					t.Errorf("lost: %+v", lost)
				}
				if n := len(s.browsers.sessions); n != 5 {
					t.Errorf("%d browsers were opened, want 5", n)
				}
			})
		})
	}
}

// A worker whose browsers die again and again is given up; the others go on.
func TestWorkerIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 3, orders: 60}
		var doomed string
		s.browsers = &fakeBrowsers{}
		s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if f.n == 1 || f.n > 3 { // the first, and whatever replaces it
				f.die()
			}
			return f.good(ctx)
		}
		s.run(t)
		s.want(t, "", 0, completed(60))
		lost := all[messages.WorkerLost](s)
		if len(lost) != schedule.RestartLimit+1 || !lost[len(lost)-1].GaveUp {
			t.Errorf("lost %d times: %+v", len(lost), lost)
		}
		for i, l := range lost {
			if doomed == "" {
				doomed = l.Worker
			}
			if l.Worker != doomed {
				t.Errorf("%s was lost, too", l.Worker)
			}
			if i > 0 && !l.GaveUp && l.RestartAfter < lost[i-1].RestartAfter {
				t.Logf("pause %v after %v", l.RestartAfter, lost[i-1].RestartAfter) // jitter may do that
			}
		}
	})
}

// The pause before the next browser grows with failures in a row. A worker whose
// browsers do their work, and then die, waits no longer each time.
func TestPauseIsForThoseThatDoNotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		works  int  // orders that each browser reads before it dies
		panics bool // it is the reading, not the browser, that ends
		grows  bool
	}{
		"die at once": {grows: true}, "die after work": {works: 2},
		"panic at once": {panics: true, grows: true}, "panic after work": {works: 2, panics: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: 2, orders: 60}
				s.browsers = &fakeBrowsers{}
				s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
					if f.n != 2 && len(f.read) > c.works { // the first, and whatever replaces it
						if c.panics {
							panic("nil map")
						}
						f.die()
					}
					return f.good(ctx)
				}
				s.run(t)
				s.want(t, "", 0, completed(60))
				lost := all[messages.WorkerLost](s)
				if len(lost) < schedule.RestartLimit {
					t.Fatalf("lost only %d times", len(lost))
				}
				if last := lost[schedule.RestartLimit-1]; (time.Duration(last.RestartAfter) > 500*time.Millisecond) != c.grows {
					t.Errorf("after %d failures a pause of %v", schedule.RestartLimit, last.RestartAfter)
				}
			})
		})
	}
}

// Where no browser can live the run ends soon, resumable, with the cause.
func TestNoBrowserCanLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 10}
		s.browsers = &fakeBrowsers{open: func(int) error { return fmt.Errorf("open: %w", po.BrowserDied) }}
		s.run(t)
		s.want(t, po.BrowserDied, 10, nil)
		if s.took > 5*time.Second {
			t.Errorf("took %v", s.took)
		}
	})
}

// So does one whose readings panic: it is the workers that cannot live, and the
// detail says why.
func TestNoWorkerCanLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 10}
		s.browsers = &fakeBrowsers{read: func(context.Context, *fakeSession, po.Key, int) (po.Reading, error) {
			panic("nil map")
		}}
		s.run(t)
		failed := s.result.Counts[po.Failed]
		s.want(t, po.BrowserDied, 10-failed, map[po.Status]int{po.Failed: failed})
		if !strings.Contains(s.result.Detail, "no worker is left: panic: nil map") {
			t.Errorf("the end: %q", s.result.Detail)
		}
		claim, err := s.ledger.Claim(t.Context(), 10, time.Minute)
		if err != nil || len(claim.Leases) != 10-failed {
			t.Fatalf("claimed %d, %v", len(claim.Leases), err)
		}
		for _, l := range claim.Leases {
			if n := len(s.readers(l.Order.Key)); l.Deaths != n {
				t.Errorf("%s has seen %d workers die, and was with %d", l.Order.Key, l.Deaths, n)
			}
		}
	})
}

// An order at which every reading panics takes nothing with it: in the end it is
// read alone, and filed.
func TestOrderThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 30}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, _ int) (po.Reading, error) {
			if key == "K9" {
				panic("nil map")
			}
			return f.good(ctx)
		}}
		s.run(t)
		want := completed(29)
		want[po.Failed] = 1
		s.want(t, "", 0, want)
		if got := s.outcome("K9"); got.Cause != po.Quarantined {
			t.Errorf("K9: %+v", got)
		}
	})
}

// A pool that cannot be held is halved down to one worker, sequential; if that
// cannot live either, the run ends with its orders put back, but for those at
// which three browsers died.
func TestPoolIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 40}
		s.browsers = &fakeBrowsers{read: func(_ context.Context, f *fakeSession, _ po.Key, _ int) (po.Reading, error) {
			f.die()
			return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied, Detail: "boom"}
		}}
		s.run(t)
		failed := s.result.Counts[po.Failed]
		s.want(t, po.BrowserDied, 40-failed, map[po.Status]int{po.Failed: failed})
		for _, o := range all[messages.OrderSettled](s) {
			if o.Outcome.Cause != po.Quarantined || len(s.readers(o.Outcome.Key)) != 3 {
				t.Errorf("%+v was read by %v", o.Outcome, s.readers(o.Outcome.Key))
			}
		}
		var sizes []int
		for _, r := range all[messages.PoolResized](s) {
			why := strings.TrimPrefix(r.Reason, "a worker was given up: ")
			if r.LimitedBy != messages.LimitedByBrowsers || why != "boom" && why != "its process ended" { // whichever comes first
				t.Errorf("%+v", r)
			}
			sizes = append(sizes, r.To)
		}
		if diff := cmp.Diff([]int{3, 1}, sizes); diff != "" {
			t.Error(diff)
		}
	})
}

// A browser that dies between two orders is lost once, whatever was on its way
// to it.
func TestBrowserDiesBetweenOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 60}
		deaths := 0
		s.browsers = &fakeBrowsers{}
		s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			r, err := f.good(ctx)
			s.browsers.mu.Lock()
			defer s.browsers.mu.Unlock()
			if n == 1 && (key == "K10" || key == "K25" || key == "K40") {
				deaths++
				f.die()
			}
			return r, err
		}
		s.run(t)
		s.want(t, "", 0, completed(60))
		if lost := all[messages.WorkerLost](s); len(lost) != deaths || deaths == 0 {
			t.Errorf("%d deaths, lost: %+v", deaths, lost)
		}
		if n := len(s.browsers.sessions); n != 4+deaths {
			t.Errorf("%d browsers for %d deaths", n, deaths)
		}
	})
}

// An order for a former incarnation of a worker is left alone by the next, in
// whatever state it is.
func TestLateReadOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 10}
		s.start(t)
		pid := actor.NewPID(s.handle.pid.Address, s.handle.pid.Id+"/coordinator/worker-1")
		for range 10 { // opening, idle, busy
			late := messages.ReadOrder{Worker: messages.Worker{Name: "worker-1"}, Lease: po.Lease{Token: "late"}}
			s.handle.system.Root.Send(pid, late)
			time.Sleep(250 * time.Millisecond)
		}
		s.finish(t)
		s.want(t, "", 0, completed(10))
		if lost := all[messages.WorkerLost](s); len(lost) > 0 {
			t.Errorf("lost: %+v", lost)
		}
	})
}

// A panic in a lifecycle message leaves no actor that can never stop.
func TestPanicWhileEnding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 3, orders: 20}
		s.browsers = &fakeBrowsers{close: func() { panic("close") }}
		s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K5" && n == 1 {
				f.die()
			}
			return f.good(ctx)
		}
		s.run(t)
		s.want(t, "", 0, completed(20))
	})
}
