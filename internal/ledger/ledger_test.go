package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// The contract that every ledger keeps.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, []po.Order) actors.Ledger{
		"memory": func(t *testing.T, orders []po.Order) actors.Ledger {
			m, err := ledger.NewMemory(slices.Values(orders))
			if err != nil {
				t.Fatal(err)
			}
			return m
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range contract {
				t.Run(c.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { c.keep(t, ledgerUnderTest{t, open(t, orders(5))}) })
				})
			}
		})
	}
}

func orders(n int) []po.Order {
	list := make([]po.Order, n)
	for i := range list {
		list[i] = po.Order{Key: po.Key(fmt.Sprint("K", i)), Kept: po.Kept{Folder: fmt.Sprint("F", i)}}
	}
	return list
}

// ledgerUnderTest shortens the calls.
type ledgerUnderTest struct {
	t *testing.T
	actors.Ledger
}

const ttl = time.Minute

func (l ledgerUnderTest) claim(n int) po.Claim {
	l.t.Helper()
	c, err := l.Claim(l.t.Context(), n, ttl)
	l.no(err)
	return c
}

func (l ledgerUnderTest) no(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// keys of the leases of a claim.
func keys(c po.Claim) []string {
	list := []string{}
	for _, l := range c.Leases {
		list = append(list, string(l.Order.Key))
	}
	return list
}

func (l ledgerUnderTest) want(c po.Claim, open int, want ...string) {
	l.t.Helper()
	if d := cmp.Diff(append([]string{}, want...), keys(c)); d != "" || c.Open != open {
		l.t.Fatalf("%d open, want %d; keys %s", c.Open, open, d)
	}
}

func (l ledgerUnderTest) fenced(err error) {
	l.t.Helper()
	if !errors.Is(err, po.ErrFenced) {
		l.t.Fatalf("%v, want fenced", err)
	}
}

var contract = []struct {
	name string
	keep func(t *testing.T, l ledgerUnderTest)
}{
	{"claims in the order of the batch, each once", func(t *testing.T, l ledgerUnderTest) {
		l.want(l.claim(0), 5)
		c := l.claim(2)
		l.want(c, 5, "K0", "K1")
		if x := c.Leases[0]; x.Attempt != 1 || x.TTL != ttl || x.Token == "" || x.Worker != "" || x.Kept.Folder != "F0" {
			t.Errorf("lease %+v", x)
		}
		l.want(l.claim(9), 5, "K2", "K3", "K4")
		l.want(l.claim(1), 5)
	}},
	{"settles once", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(1).Leases[0]
		l.no(l.Settle(t.Context(), x.Token, po.Outcome{Key: "K0", Status: po.Completed}))
		l.no(l.Settle(t.Context(), x.Token, po.Outcome{Key: "K0", Status: po.Completed}))
		l.fenced(l.Retry(t.Context(), x.Token, "w", po.Timeout, 0))
		l.fenced(l.Release(t.Context(), x.Token, po.Timeout))
		l.want(l.claim(9), 4, "K1", "K2", "K3", "K4")
	}},
	{"retries after a real delay, counted", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(5).Leases[2]
		l.no(l.Retry(t.Context(), x.Token, "worker-3", po.Timeout, 10*time.Second))
		c := l.claim(1)
		l.want(c, 5)
		if c.Wait != 10*time.Second {
			t.Errorf("wait %v", c.Wait)
		}
		time.Sleep(10*time.Second - time.Nanosecond)
		l.want(l.claim(1), 5)
		time.Sleep(time.Nanosecond)
		c = l.claim(1)
		l.want(c, 5, "K2")
		if y := c.Leases[0]; y.Attempt != 2 || y.Worker != "worker-3" || y.Token == x.Token {
			t.Errorf("lease %+v", y)
		}
		l.fenced(l.Settle(t.Context(), x.Token, po.Outcome{}))
	}},
	{"a retry that is due comes before what was not begun", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(2).Leases[1]
		l.no(l.Retry(t.Context(), x.Token, "w", po.Timeout, time.Second))
		time.Sleep(time.Second)
		l.want(l.claim(2), 5, "K1", "K2")
	}},
	{"releases at once, not counted", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(3).Leases[1]
		l.no(l.Release(t.Context(), x.Token, po.BrowserDied))
		c := l.claim(1)
		l.want(c, 5, "K1")
		if y := c.Leases[0]; y.Attempt != 1 || y.Token == x.Token {
			t.Errorf("lease %+v", y)
		}
	}},
	{"a lease that runs out is given to another, and its holder is fenced", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(1).Leases[0]
		time.Sleep(ttl / 2)
		l.no(l.Extend(t.Context(), x.Token, ttl))
		time.Sleep(ttl - time.Nanosecond)
		l.want(l.claim(9), 5, "K1", "K2", "K3", "K4")
		time.Sleep(time.Nanosecond)
		c := l.claim(9)
		l.want(c, 5, "K0")
		if c.Leases[0].Attempt != 1 || c.Leases[0].Token == x.Token {
			t.Errorf("lease %+v", c.Leases[0])
		}
		for name, err := range map[string]error{
			"extend":  l.Extend(t.Context(), x.Token, ttl),
			"save":    l.Save(t.Context(), x.Token, "", po.Kept{}),
			"settle":  l.Settle(t.Context(), x.Token, po.Outcome{}),
			"retry":   l.Retry(t.Context(), x.Token, "", po.Timeout, 0),
			"release": l.Release(t.Context(), x.Token, po.Timeout),
		} {
			if !errors.Is(err, po.ErrFenced) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"until then a late holder may go on", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(2).Leases
		time.Sleep(2 * ttl)
		l.want(l.claim(1), 5, "K2")
		l.no(l.Extend(t.Context(), x[0].Token, ttl))
		l.no(l.Settle(t.Context(), x[1].Token, po.Outcome{Key: "K1"}))
		l.want(l.claim(9), 4, "K3", "K4")
	}},
	{"remembers files over tries", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(1).Leases[0]
		kept := po.Kept{Folder: "Acme/PO_K0__WORK", Files: []po.File{{ID: "a", Name: "a.pdf", Bytes: 3}}}
		l.no(l.Save(t.Context(), x.Token, "Acme", kept))
		l.no(l.Retry(t.Context(), x.Token, "w", po.Timeout, 0))
		y := l.claim(1).Leases[0]
		if d := cmp.Diff(kept, y.Kept); d != "" || y.Supplier != "Acme" {
			t.Error(d, y.Supplier)
		}
	}},
	{"an unknown token is fenced", func(t *testing.T, l ledgerUnderTest) {
		l.fenced(l.Settle(t.Context(), "nonsense", po.Outcome{}))
	}},
	{"gives each order to one of many", func(t *testing.T, l ledgerUnderTest) {
		var mu sync.Mutex
		got := map[po.Key]int{}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				c, err := l.Claim(context.Background(), 2, ttl)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				for _, x := range c.Leases {
					got[x.Order.Key]++
				}
			})
		}
		group.Wait()
		if len(got) != 5 {
			t.Errorf("claimed %v", got)
		}
		for k, n := range got {
			if n != 1 {
				t.Errorf("%s was given %d times", k, n)
			}
		}
	}},
}

func TestKeyTwice(t *testing.T) {
	t.Parallel()
	if _, err := ledger.NewMemory(slices.Values(append(orders(2), orders(1)...))); err == nil {
		t.Error("no error")
	}
}
