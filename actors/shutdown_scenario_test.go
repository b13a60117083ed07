package actors

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Drain finishes what is in hand and takes no more.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 4, orders: 100}
		s.start(t)
		time.Sleep(3 * time.Second)
		s.handle.Drain("Ctrl-C")
		s.finish(t)
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
				s := &scenario{workers: 4, orders: 100, browsers: b}
				s.start(t)
				time.Sleep(3 * time.Second)
				s.handle.Stop(po.Interrupted, "test")
				s.finish(t)
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
				s := &scenario{workers: 4, orders: 10}
				s.browsers = &fakeBrowsers{open: func(int) error { time.Sleep(late); return nil }, late: true}
				s.start(t)
				time.Sleep(time.Second)
				s.handle.Stop(po.Interrupted, "test")
				s.result = s.handle.Wait()
				time.Sleep(time.Minute)
				s.check(t)
				s.want(t, po.Interrupted, 10, nil)
			})
		})
	}
}

// A host whose handler panics ends its run, not its process.
func TestHandlerPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 20}
		s.onEvent = func(e any) {
			if _, ok := e.(messages.OrderSettled); ok {
				panic("host")
			}
		}
		s.run(t)
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
	full := fmt.Errorf("settle: %w", po.DiskFull)
	for name, err := range map[string]error{"broken": errors.New("I/O error"), "full": full} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: 2, orders: 20, ledger: failingLedger{memoryLedger(t, 20), err}}
				s.run(t)
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
		s := &scenario{workers: 2, orders: 20}
		s.files = &fakeFiles{finish: func() error { return fmt.Errorf("rename: %w", po.DiskFull) }}
		s.run(t)
		if s.result.Cause != po.DiskFull || len(all[messages.OrderSettled](s)) > 0 {
			t.Errorf("ended %+v", s.result)
		}
	})
}

// An empty batch ends at once.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 1}
		s.run(t)
		s.want(t, "", 0, nil)
	})
}
