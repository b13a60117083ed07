package actors

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/po"
)

// failingSave is a ledger on a disk that is full for a moment: the files of one
// order cannot be recorded, and what comes after can.
type failingSave struct {
	Ledger
	key po.Key

	mu      sync.Mutex
	token   string // of the order
	settled []po.Key
}

func (f *failingSave) Claim(ctx context.Context, n int, ttl time.Duration) (po.Claim, error) {
	c, err := f.Ledger.Claim(ctx, n, ttl)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range c.Leases {
		if l.Order.Key == f.key {
			f.token = l.Token
		}
	}
	return c, err
}

func (f *failingSave) Save(ctx context.Context, token, supplier string, saved po.Saved) error {
	f.mu.Lock()
	full := token == f.token && len(saved.Files) > 0
	f.mu.Unlock()
	if full {
		time.Sleep(time.Second) // its settling is asked for by now
		return po.DiskFull
	}
	return f.Ledger.Save(ctx, token, supplier, saved)
}

func (f *failingSave) Settle(ctx context.Context, token string, o po.Outcome) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled = append(f.settled, o.Key)
	return f.Ledger.Settle(ctx, token, o)
}

// An order whose files could not be recorded is not settled, also where that
// could be: it would be COMPLETED without them.
func TestNothingIsBuiltOnAFailedWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &failingSave{Ledger: memoryLedger(t, 20), key: "K5"}
		s := &scenario{workers: 2, orders: 20, ledger: f}
		s.run(t)
		if s.result.Cause != po.DiskFull || s.result.Open == 0 {
			t.Errorf("ended %+v", s.result)
		}
		if s.outcome("K5").Key != "" || slices.Contains(f.settled, "K5") {
			t.Errorf("settled %v", f.settled)
		}
	})
}
