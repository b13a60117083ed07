package actors

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

func TestMain(m *testing.M) {
	// The board's mistakes need a long story and a rare one. Flags of the command
	// line come later and win.
	_ = flag.Set("rapid.checks", "3000")
	_ = flag.Set("rapid.steps", "100")
	// Proto.Actor's throttle of dead letters holds a goroutine for a second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/asynkron/protoactor-go/actor.NewDeadLetter.NewThrottle.func4.1"))
}

func completed(n int) map[po.Status]int { return map[po.Status]int{po.Completed: n} }

func TestEveryOrderComesHome(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &story{workers: workers, orders: 20}
				s.tell(t)
				s.want(t, "", 0, completed(20))
				if got := s.outcome("K3"); got.Folder != "PO_K3_COMPLETED" || len(got.Files) != 2 || got.Attempts != 1 || got.Supplier != "Acme" {
					t.Errorf("outcome %+v", got)
				}
				if n := len(s.browsers.sessions); n != workers {
					t.Errorf("%d browsers for %d workers", n, workers)
				}
			})
		})
	}
}

// In a pool the files of one order are fetched while the next is read; with one
// worker they are not.
func TestOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := &story{workers: 1, orders: 10}
		one.tell(t)
		if want := time.Second + 10*900*time.Millisecond; one.took < want {
			t.Errorf("sequential took %v, less than %v", one.took, want)
		}
		two := &story{workers: 2, orders: 10}
		two.tell(t)
		if most := time.Second + stagger + 5*700*time.Millisecond + time.Second; two.took > most {
			t.Errorf("two workers took %v, more than %v", two.took, most)
		}
	})
}

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
				s := &story{workers: 4, orders: 30}
				s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
					if key == "K9" && n == 1 {
						return die(f)
					}
					return f.good(ctx)
				}}
				s.tell(t)
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
		s := &story{workers: 3, orders: 60}
		var doomed string
		s.browsers = &fakeBrowsers{}
		s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if f.n == 1 || f.n > 3 { // the first, and whatever replaces it
				f.die()
			}
			return f.good(ctx)
		}
		s.tell(t)
		s.want(t, "", 0, completed(60))
		lost := all[messages.WorkerLost](s)
		if len(lost) != restartLimit+1 || !lost[len(lost)-1].GaveUp {
			t.Errorf("lost %d times: %+v", len(lost), lost)
		}
		for i, l := range lost {
			if doomed == "" {
				doomed = l.Worker
			}
			if l.Worker != doomed {
				t.Errorf("%s was lost, too", l.Worker)
			}
			if i > 0 && !l.GaveUp && l.Again < lost[i-1].Again {
				t.Logf("pause %v after %v", l.Again, lost[i-1].Again) // jitter may do that
			}
		}
	})
}

// Where no browser can live the run ends soon, resumable, with the cause.
func TestNoBrowserCanLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 10}
		s.browsers = &fakeBrowsers{open: func(int) error { return fmt.Errorf("open: %w", po.BrowserDied) }}
		s.tell(t)
		s.want(t, po.BrowserDied, 10, nil)
		if s.took > 5*time.Second {
			t.Errorf("took %v", s.took)
		}
	})
}

// A pool that cannot be held is halved down to one worker, sequential; if that
// cannot live either, the run ends with its orders put back, but for those at
// which three browsers died.
func TestPoolIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 40}
		s.browsers = &fakeBrowsers{read: func(_ context.Context, f *fakeSession, _ po.Key, _ int) (po.Reading, error) {
			f.die()
			return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied, Detail: "boom"}
		}}
		s.tell(t)
		failed := s.result.Counts[po.Failed]
		s.want(t, po.BrowserDied, 40-failed, map[po.Status]int{po.Failed: failed})
		for _, o := range all[messages.OrderSettled](s) {
			if o.Outcome.Cause != po.Quarantined || len(s.readers(o.Outcome.Key)) != 3 {
				t.Errorf("%+v was read by %v", o.Outcome, s.readers(o.Outcome.Key))
			}
		}
		var sizes []int
		for _, r := range all[messages.PoolResized](s) {
			if r.Binds != messages.BindsBrowsers || !strings.HasPrefix(r.Reason, "a worker was given up: browser_died: ") {
				t.Errorf("%+v", r)
			}
			sizes = append(sizes, r.To)
		}
		if diff := cmp.Diff([]int{3, 1}, sizes); diff != "" {
			t.Error(diff)
		}
	})
}

// A passing failure is tried again: after a real delay, by another worker, and
// counted; no worker waits for it.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 2, orders: 12}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K2" && n == 1 {
				return po.Reading{}, &po.ReadFailure{Cause: po.Throttled, RetryAfter: 5 * time.Second}
			}
			if key == "K3" {
				return po.Reading{}, &po.ReadFailure{Cause: po.Timeout, Detail: "slow"}
			}
			return f.good(ctx)
		}}
		var failed, again time.Time
		s.onEvent = func(e any) {
			switch e := e.(type) {
			case messages.OrderRetried:
				if e.Key == "K2" {
					failed = time.Now()
				}
			case messages.OrderStarted:
				if e.Key == "K2" && e.Attempt == 2 {
					again = time.Now()
				}
			}
		}
		s.tell(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 11, po.Failed: 1})
		if d := again.Sub(failed); d < 5*time.Second {
			t.Errorf("tried again after %v", d)
		}
		if r := s.readers("K2"); len(r) != 2 || r[0] == r[1] {
			t.Errorf("K2 was read by %v", r)
		}
		if got := s.outcome("K2"); got.Attempts != 2 {
			t.Errorf("K2 took %d attempts", got.Attempts)
		}
		if got := s.outcome("K3"); got.Attempts != 3 || got.Cause != po.Timeout || got.Detail != "slow" {
			t.Errorf("K3: %+v", got)
		}
	})
}

// What HTTP cannot get goes to a browser, once in an attempt.
func TestBrowserLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 2, orders: 6}
		s.files = &fakeFiles{}
		s.files.fetch = func(ctx context.Context, job po.FetchJob, n int) (po.FetchResult, error) {
			r, err := s.files.good(ctx, job)
			if job.Order.Key == "K1" && n == 1 || job.Order.Key == "K2" {
				r.Kept.Files = r.Kept.Files[:1]
				r.Missing = []po.Missing{{ID: "b", Cause: po.DownloadRejected, Browser: true}}
			}
			return r, err
		}
		s.tell(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 5, po.Partial: 1})
		if r := s.readers("K1"); len(r) != 2 {
			t.Errorf("K1 was read %d times", len(r))
		}
		if got := s.outcome("K1"); got.Attempts != 1 {
			t.Errorf("K1 took %d attempts", got.Attempts)
		}
		if r := s.readers("K2"); len(r) != 6 { // three attempts, each with both lanes
			t.Errorf("K2 was read %d times", len(r))
		}
		if got := s.outcome("K2"); got.Cause != po.DownloadRejected || got.Found != 2 || len(got.Files) != 1 {
			t.Errorf("K2: %+v", got)
		}
	})
}

// A signed-out page stops the run: nothing is filed as not found, what is in
// hand is put back.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 40}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if len(key) == 3 && key >= "K20" {
				return po.Reading{Sign: po.SignSignedOut}, nil
			}
			return f.good(ctx)
		}}
		s.tell(t)
		if s.result.Cause != po.SignedOut || s.result.Counts[po.Completed]+s.result.Open != 40 || s.result.Open < 20 {
			t.Errorf("ended %+v", s.result)
		}
		if n := s.result.Counts[po.NotFound] + s.result.Counts[po.Failed]; n > 0 {
			t.Errorf("%d filed on a lost session", n)
		}
	})
}

// A portal that gives no answer at all stops the run; no order is blamed.
func TestPortalAway(t *testing.T) {
	t.Parallel()
	away := func(context.Context, *fakeSession, po.Key, int) (po.Reading, error) {
		return po.Reading{}, &po.ReadFailure{Cause: po.PortalError, Detail: "refused", Unreachable: true}
	}
	for _, c := range []struct {
		name            string
		workers, orders int
		most            time.Duration
	}{{"pool", 4, 20, 10 * time.Second}, {"one order", 1, 1, 10 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &story{workers: c.workers, orders: c.orders, browsers: &fakeBrowsers{read: away}}
				s.tell(t)
				s.want(t, po.PortalError, c.orders, nil)
				if s.took > c.most {
					t.Errorf("took %v", s.took)
				}
			})
		})
	}
}

// An order whose own pages never answer is its own trouble: it fails after its
// tries, and holds up nobody.
func TestOneOrderIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 40}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K7" {
				return po.Reading{}, &po.ReadFailure{Cause: po.PortalError, Detail: "refused", Unreachable: true}
			}
			return f.good(ctx)
		}}
		s.tell(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 39, po.Failed: 1})
		if got := s.outcome("K7"); got.Cause != po.PortalError || got.Attempts != 3 {
			t.Errorf("K7: %+v", got)
		}
		if s.took > 30*time.Second {
			t.Errorf("took %v", s.took)
		}
	})
}

// A portal that is away for three seconds costs a large pool little more.
func TestBlip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 8, orders: 160}
		begun := time.Now()
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, _ po.Key, _ int) (po.Reading, error) {
			if d := time.Since(begun); d > 5*time.Second && d < 8*time.Second {
				return po.Reading{}, &po.ReadFailure{Cause: po.PortalError, Detail: "refused", Unreachable: true}
			}
			return f.good(ctx)
		}}
		s.tell(t)
		s.want(t, "", 0, completed(160))
		if most := 30 * time.Second; s.took > most {
			t.Errorf("took %v, more than %v", s.took, most)
		}
	})
}

// A disk on which one rename takes longer than a lease lasts costs no lease.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 30}
		var once sync.Once
		s.files = &fakeFiles{finish: func() error {
			once.Do(func() { time.Sleep(2 * leaseTime) })
			return nil
		}}
		s.tell(t)
		s.want(t, "", 0, completed(30))
		for key, n := range s.browsers.readings {
			if n != 1 {
				t.Errorf("order %s was read %d times", key, n)
			}
		}
	})
}

// A browser that dies between two orders is lost once, whatever was on its way
// to it.
func TestBrowserDiesBetweenOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 60}
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
		s.tell(t)
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
		s := &story{workers: 2, orders: 10}
		s.begin(t)
		pid := actor.NewPID(s.run.root.Address, s.run.root.Id+"/worker-1")
		for range 10 { // opening, idle, busy
			s.run.system.Root.Send(pid, messages.ReadOrder{Worker: messages.Worker{Name: "worker-1"}, Lease: po.Lease{Token: "late"}})
			time.Sleep(250 * time.Millisecond)
		}
		s.end(t)
		s.want(t, "", 0, completed(10))
		if lost := all[messages.WorkerLost](s); len(lost) > 0 {
			t.Errorf("lost: %+v", lost)
		}
	})
}

// Drain finishes what is in hand and takes no more.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 4, orders: 100}
		s.begin(t)
		time.Sleep(3 * time.Second)
		s.run.Drain("Ctrl-C")
		s.end(t)
		n := s.result.Counts[po.Completed]
		if s.result.Cause != po.Interrupted || n < 4 || n > 16 || s.result.Open != 100-n {
			t.Errorf("ended %+v", s.result)
		}
		if s.took > 2*time.Second {
			t.Errorf("draining took %v", s.took)
		}
	})
}

// Stop breaks off what is in hand, also what ignores its context.
func TestStop(t *testing.T) {
	t.Parallel()
	stuck := func(context.Context, *fakeSession, po.Key, int) (po.Reading, error) {
		time.Sleep(time.Hour)
		return po.Reading{}, nil
	}
	for name, b := range map[string]*fakeBrowsers{"working": {}, "stuck": {read: stuck}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &story{workers: 4, orders: 100, browsers: b}
				s.begin(t)
				time.Sleep(3 * time.Second)
				s.run.Stop(po.Interrupted, "test")
				s.end(t)
				if s.result.Cause != po.Interrupted || s.result.Open == 0 {
					t.Errorf("ended %+v", s.result)
				}
				if s.took > releaseTimeout+time.Second {
					t.Errorf("took %v", s.took)
				}
				time.Sleep(2 * time.Hour) // the stuck ones come back, and change nothing
			})
		})
	}
}

// A browser that comes up after its worker has gone is closed all the same:
// soon after, and long after.
func TestStopWhileOpening(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{3 * time.Second, 20 * time.Second} {
		t.Run(late.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &story{workers: 4, orders: 10}
				s.browsers = &fakeBrowsers{open: func(int) error { time.Sleep(late); return nil }, late: true}
				s.begin(t)
				time.Sleep(time.Second)
				s.run.Stop(po.Interrupted, "test")
				s.result = s.run.Wait()
				time.Sleep(time.Minute)
				s.check(t)
				s.want(t, po.Interrupted, 10, nil)
			})
		})
	}
}

// Files that take longer than a lease lasts do not lose it.
func TestSlowFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 2, orders: 4}
		s.files = &fakeFiles{}
		s.files.fetch = func(ctx context.Context, job po.FetchJob, n int) (po.FetchResult, error) {
			time.Sleep(5 * leaseTime)
			return s.files.good(ctx, job)
		}
		s.tell(t)
		s.want(t, "", 0, completed(4))
		for key, n := range s.files.fetches {
			if n != 1 {
				t.Errorf("order %s was fetched %d times", key, n)
			}
		}
	})
}

// A panic in a lifecycle message makes no zombie (facts: Proto.Actor 2).
func TestPanicWhileEnding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 3, orders: 20}
		s.browsers = &fakeBrowsers{close: func() { panic("close") }}
		s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K5" && n == 1 {
				f.die()
			}
			return f.good(ctx)
		}
		s.tell(t)
		s.want(t, "", 0, completed(20))
	})
}

// A host whose handler panics ends its run, not its process.
func TestHandlerPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 2, orders: 20}
		s.onEvent = func(e any) {
			if _, ok := e.(messages.OrderSettled); ok {
				panic("host")
			}
		}
		s.tell(t)
		if s.result.Cause != po.Internal {
			t.Errorf("ended %+v", s.result)
		}
	})
}

// failingLedger refuses to settle an order.
type failingLedger struct {
	Ledger
	err error
}

func (f failingLedger) Settle(ctx context.Context, token string, o po.Outcome) error {
	if o.Key == "K5" {
		return f.err
	}
	return f.Ledger.Settle(ctx, token, o)
}

// A record that cannot be kept stops the run.
func TestLedgerFails(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"broken": errors.New("I/O error"), "full": fmt.Errorf("settle: %w", po.DiskFull)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &story{workers: 2, orders: 20, ledger: failingLedger{memory(t, 20), err}}
				s.tell(t)
				if s.result.Cause != po.CauseOf(err) || s.result.Open == 0 || s.outcome("K5").Key != "" {
					t.Errorf("ended %+v", s.result)
				}
			})
		})
	}
}

// A folder that cannot get its name stops the run, too.
func TestFinishFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 2, orders: 20}
		s.files = &fakeFiles{finish: func() error { return fmt.Errorf("rename: %w", po.DiskFull) }}
		s.tell(t)
		if s.result.Cause != po.DiskFull || len(all[messages.OrderSettled](s)) > 0 {
			t.Errorf("ended %+v", s.result)
		}
	})
}

// An empty batch ends at once.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &story{workers: 1}
		s.tell(t)
		s.want(t, "", 0, nil)
	})
}
