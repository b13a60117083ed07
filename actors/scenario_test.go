package actors

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

func TestMain(m *testing.M) {
	// Proto.Actor's throttle of dead letters holds a goroutine for a second.
	const throttle = "github.com/asynkron/protoactor-go/actor.NewDeadLetter.NewThrottle.func4.1"
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(throttle))
}

func completed(n int) map[po.Status]int { return map[po.Status]int{po.Completed: n} }

func TestEveryOrderIsSettled(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: workers, orders: 20}
				s.run(t)
				s.want(t, "", 0, completed(20))
				want := po.Outcome{Folder: "PO_K3_COMPLETED", Attempts: 1, Supplier: "Acme"}
				got := s.outcome("K3")
				if n := len(got.Files); n != 2 || got.Folder != want.Folder || got.Attempts != 1 || got.Supplier != want.Supplier {
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
		one := &scenario{workers: 1, orders: 10}
		one.run(t)
		if want := time.Second + 10*900*time.Millisecond; one.took < want {
			t.Errorf("sequential took %v, less than %v", one.took, want)
		}
		two := &scenario{workers: 2, orders: 10}
		two.run(t)
		if most := time.Second + stagger + 5*700*time.Millisecond + time.Second; two.took > most {
			t.Errorf("two workers took %v, more than %v", two.took, most)
		}
	})
}

// A passing failure is tried again: after a real delay, by another worker, and
// counted; no worker waits for it.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 12}
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
		s.run(t)
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
		s := &scenario{workers: 2, orders: 6}
		s.files = &fakeFiles{}
		s.files.fetch = func(ctx context.Context, job po.FetchJob, n int) (po.FetchResult, error) {
			r, err := s.files.good(ctx, job)
			if job.Order.Key == "K1" && n == 1 || job.Order.Key == "K2" {
				r.Saved.Files = r.Saved.Files[:1]
				r.Missing = []po.Missing{{ID: "b", Cause: po.DownloadRejected, Browser: true}}
			}
			return r, err
		}
		s.run(t)
		s.want(t, "", 0, map[po.Status]int{po.Completed: 5, po.Partial: 1})
		if r := s.readers("K1"); len(r) != 2 {
			t.Errorf("K1 was read %d times", len(r))
		}
		if got := s.outcome("K1"); got.Attempts != 1 {
			t.Errorf("K1 took %d attempts", got.Attempts)
		}
		if r := s.readers("K2"); len(r) != 7 { // three attempts, each with both lanes, and a look for evidence
			t.Errorf("K2 was read %d times", len(r))
		}
		if got := s.outcome("K2"); got.Cause != po.DownloadRejected || got.Found != 2 || len(got.Files) != 1 {
			t.Errorf("K2: %+v", got)
		}
		want := []po.Missing{{ID: "b", Name: "b.pdf", Cause: po.DownloadRejected, Evidence: "evidence/K2"}}
		if diff := cmp.Diff(want, s.outcome("K2").Missing, cmpopts.IgnoreFields(po.Missing{}, "Browser")); diff != "" {
			t.Errorf("missing (-want +got):\n%s", diff)
		}
	})
}

// A signed-out page stops the run: nothing is filed as not found, what is in
// hand is put back.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 40}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if len(key) == 3 && key >= "K20" {
				return po.Reading{Sign: po.SignSignedOut}, nil
			}
			return f.good(ctx)
		}}
		s.run(t)
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
		atMost          time.Duration
	}{{"pool", 4, 20, 10 * time.Second}, {"one order", 1, 1, 10 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: c.workers, orders: c.orders, browsers: &fakeBrowsers{read: away}}
				s.run(t)
				s.want(t, po.PortalError, c.orders, nil)
				if s.took > c.atMost {
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
		s := &scenario{workers: 4, orders: 40}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			if key == "K7" {
				return po.Reading{}, &po.ReadFailure{Cause: po.PortalError, Detail: "refused", Unreachable: true}
			}
			return f.good(ctx)
		}}
		s.run(t)
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
		s := &scenario{workers: 8, orders: 160}
		begun := time.Now()
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, _ po.Key, _ int) (po.Reading, error) {
			if d := time.Since(begun); d > 5*time.Second && d < 8*time.Second {
				return po.Reading{}, &po.ReadFailure{Cause: po.PortalError, Detail: "refused", Unreachable: true}
			}
			return f.good(ctx)
		}}
		s.run(t)
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
		s := &scenario{workers: 4, orders: 30}
		var once sync.Once
		s.files = &fakeFiles{finish: func() error {
			once.Do(func() { time.Sleep(2 * leaseTime) })
			return nil
		}}
		s.run(t)
		s.want(t, "", 0, completed(30))
		for key, n := range s.browsers.readings {
			if n != 1 {
				t.Errorf("order %s was read %d times", key, n)
			}
		}
	})
}

// Files that take longer than a lease lasts do not lose it.
func TestSlowFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 4}
		s.files = &fakeFiles{}
		s.files.fetch = func(ctx context.Context, job po.FetchJob, n int) (po.FetchResult, error) {
			time.Sleep(5 * leaseTime)
			return s.files.good(ctx, job)
		}
		s.run(t)
		s.want(t, "", 0, completed(4))
		for key, n := range s.files.fetches {
			if n != 1 {
				t.Errorf("order %s was fetched %d times", key, n)
			}
		}
	})
}
