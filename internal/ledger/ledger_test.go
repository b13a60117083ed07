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
		"disk": func(t *testing.T, orders []po.Order) actors.Ledger {
			d := openDisk(t, t.TempDir())
			merge(t, d, orders)
			return d
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
		list[i] = po.Order{Key: po.Key(fmt.Sprint("K", i)), Number: fmt.Sprint(i), RawNumber: fmt.Sprint("PO", i), Levels: []string{"a", "b"}}
	}
	return list
}

// ledgerUnderTest shortens the calls.
type ledgerUnderTest struct {
	t *testing.T
	actors.Ledger
}

const ttl = time.Minute

var timeout = po.Failure{Cause: po.Timeout, Detail: "late"}

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
		if x := c.Leases[0]; x.Attempt != 1 || x.TTL != ttl || x.Token == "" || x.Worker != "" || !cmp.Equal(x.Order, orders(1)[0]) {
			t.Errorf("lease %+v", x)
		}
		l.want(l.claim(9), 5, "K2", "K3", "K4")
		l.want(l.claim(1), 5)
	}},
	{"settles once", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(1).Leases[0]
		l.no(l.Settle(t.Context(), x.Token, po.Outcome{Key: "K0", Status: po.Completed}))
		l.no(l.Settle(t.Context(), x.Token, po.Outcome{Key: "K0", Status: po.Completed}))
		l.fenced(l.Retry(t.Context(), x.Token, timeout, 0))
		l.fenced(l.Release(t.Context(), x.Token, timeout))
		l.want(l.claim(9), 4, "K1", "K2", "K3", "K4")
	}},
	{"retries after a real delay, counted", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(5).Leases[2]
		l.no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p"}))
		l.no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-3", Profile: "q"}))
		l.no(l.Retry(t.Context(), x.Token, timeout, 10*time.Second))
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
		l.no(l.Retry(t.Context(), x.Token, timeout, time.Second))
		time.Sleep(time.Second)
		l.want(l.claim(2), 5, "K1", "K2")
	}},
	{"releases at once, not counted", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(3).Leases[1]
		l.no(l.Release(t.Context(), x.Token, po.Failure{Cause: po.BrowserDied}))
		c := l.claim(1)
		l.want(c, 5, "K1")
		y := c.Leases[0]
		if y.Attempt != 1 || y.Token == x.Token || y.Deaths != 1 {
			t.Errorf("lease %+v", y)
		}
		l.no(l.Release(t.Context(), y.Token, po.Failure{Cause: po.Interrupted}))
		z := l.claim(1).Leases[0]
		if z.Deaths != 1 {
			t.Errorf("lease %+v", z)
		}
		l.no(l.Release(t.Context(), z.Token, po.Failure{Cause: po.Internal})) // its worker panicked
		if z := l.claim(1).Leases[0]; z.Deaths != 2 {
			t.Errorf("lease %+v", z)
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
			"save":    l.Save(t.Context(), x.Token, "", po.Saved{}),
			"settle":  l.Settle(t.Context(), x.Token, po.Outcome{}),
			"assign":  l.Assign(t.Context(), x.Token, po.Assignment{}),
			"retry":   l.Retry(t.Context(), x.Token, timeout, 0),
			"release": l.Release(t.Context(), x.Token, timeout),
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
		saved := po.Saved{Folder: "Acme/PO_K0__WORK", Files: []po.File{{ID: "a", Name: "a.pdf", Bytes: 3}}}
		l.no(l.Save(t.Context(), x.Token, "Acme", saved))
		l.no(l.Retry(t.Context(), x.Token, timeout, 0))
		y := l.claim(1).Leases[0]
		if d := cmp.Diff(saved, y.Saved); d != "" || y.Supplier != "Acme" {
			t.Error(d, y.Supplier)
		}
	}},
	{"several calls are one write, in which one that is fenced spoils nothing", func(t *testing.T, l ledgerUnderTest) {
		l.no(l.Commit(t.Context(), func(ctx context.Context) error {
			c, err := l.Claim(ctx, 2, ttl)
			l.no(err)
			l.no(l.Assign(ctx, c.Leases[0].Token, po.Assignment{Worker: "w"}))
			l.fenced(l.Settle(ctx, "nonsense", po.Outcome{}))
			l.no(l.Settle(ctx, c.Leases[0].Token, po.Outcome{Key: "K0", Status: po.NotFound}))
			return nil
		}))
		l.want(l.claim(9), 4, "K2", "K3", "K4")
	}},
	{"an outcome that is not believed opens its order again", func(t *testing.T, l ledgerUnderTest) {
		x := l.claim(3).Leases
		l.no(l.Retry(t.Context(), x[0].Token, timeout, 0))
		again := l.claim(1).Leases[0]
		l.no(l.Settle(t.Context(), again.Token, po.Outcome{Key: "K0", Status: po.NotFound, Cause: po.CauseNotFound}))
		l.no(l.Settle(t.Context(), x[1].Token, po.Outcome{Key: "K1", Status: po.NoAttachments, Folder: "PO_K1_NO_ATTACHMENTS"}))
		were, err := l.Reopen(t.Context(), []po.Key{"K0", "K1", "K2", "K3", "nonsense"})
		l.no(err)
		want := []po.Outcome{
			{Key: "K0", RawNumber: "PO0", Status: po.NotFound, Cause: po.CauseNotFound},
			{Key: "K1", RawNumber: "PO1", Status: po.NoAttachments, Folder: "PO_K1_NO_ATTACHMENTS"},
		}
		if d := cmp.Diff(want, were); d != "" {
			t.Error(d)
		}
		c := l.claim(2)
		l.want(c, 5, "K0", "K1")
		if y := c.Leases[0]; y.Attempt != 1 || y.Saved.Folder != "" {
			t.Errorf("lease %+v", y)
		}
		l.fenced(l.Release(t.Context(), again.Token, timeout))
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

// Orders without a number of the portal are leased whatever was asked for, and
// beside the others.
func TestInvalid(t *testing.T) {
	t.Parallel()
	list := orders(250)
	for i := range list {
		if i%2 == 0 {
			list[i].Invalid, list[i].Number = "it has letters", ""
		}
	}
	m, err := ledger.NewMemory(slices.Values(list))
	if err != nil {
		t.Fatal(err)
	}
	d := openDisk(t, t.TempDir())
	merge(t, d, list)
	for name, l := range map[string]actors.Ledger{"memory": m, "disk": d} {
		l := ledgerUnderTest{t, l}
		first, second, third := l.claim(0), l.claim(1), l.claim(0)
		if a, b, c := len(first.Invalid), len(second.Invalid), len(third.Invalid); a != 100 || b != 25 || c != 0 {
			t.Errorf("%s: %d, %d and %d invalid, want 100, 25, 0", name, a, b, c)
		}
		l.want(second, 250, "K1")
		for _, x := range slices.Concat(first.Invalid, second.Invalid) {
			if x.Order.Invalid == "" || x.Order.Number != "" {
				t.Errorf("%s: %+v", name, x.Order)
			}
			l.no(l.Settle(t.Context(), x.Token, po.Outcome{Key: x.Order.Key, Status: po.Failed}))
		}
		l.want(l.claim(1), 125, "K3")
	}
}

func TestKeyTwice(t *testing.T) {
	t.Parallel()
	twice := append(orders(202), orders(1)...)
	if _, err := ledger.NewMemory(slices.Values(twice)); err == nil {
		t.Error("memory: no error")
	}
	d := openDisk(t, t.TempDir())
	for range 2 {
		if _, err := d.Merge(t.Context(), pairs(twice), po.Choice{}); err == nil || err.Error() != "order K0 comes twice" {
			t.Errorf("disk: %v", err)
		}
		merge(t, d, orders(202)) // nothing of it was kept
	}
}
