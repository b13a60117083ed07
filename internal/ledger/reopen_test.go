package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// An outcome that no longer counts is told from those that do: where the start that
// had it doubts it, and where that was cut off and the next one does.
func TestReopenedAttempts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start := func() ledgerUnderTest {
		d := openDisk(t, dir)
		no(d.Begin(t.Context(), po.Start{Portal: "coupa"}))
		merge(t, d, orders(3))
		return ledgerUnderTest{t, d}
	}
	settle := func(l ledgerUnderTest, status po.Status, keys ...string) {
		c := l.claim(len(keys))
		l.want(c, c.Open, keys...)
		for _, x := range c.Leases {
			no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p"}))
			no(l.Settle(t.Context(), x.Token, po.Outcome{Key: x.Order.Key, Status: status, Time: time.Now()}))
		}
	}
	want := func(d *ledger.Disk, want map[po.Key][]po.Ending) {
		t.Helper()
		got := map[po.Key][]po.Ending{}
		for key := range want {
			s, err := d.History(t.Context(), key)
			no(err)
			for _, a := range s.Attempts {
				got[key] = append(got[key], a.Ending)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("endings (-want +got):\n%s", diff)
		}
	}

	l := start()
	d := l.Ledger.(*ledger.Disk)
	settle(l, po.Completed, "K0")
	time.Sleep(2 * time.Millisecond) // times of the record are in milliseconds
	settle(l, po.NoAttachments, "K1", "K2")
	_, err := d.Reopen(t.Context(), []po.Key{"K1"})
	no(err)
	want(d, map[po.Key][]po.Ending{"K0": {po.EndSettled}, "K1": {po.EndReopened}, "K2": {po.EndSettled}})
	settle(l, po.NoAttachments, "K1")
	no(d.Close()) // without an end: it was cut off

	l = start()
	d = l.Ledger.(*ledger.Disk)
	want(d, map[po.Key][]po.Ending{"K0": {po.EndSettled}, "K1": {po.EndReopened, po.EndReopened}, "K2": {po.EndReopened}})
	settle(l, po.NotFound, "K1", "K2")
	no(d.End(t.Context(), "", ""))
	no(d.Close())

	d = start().Ledger.(*ledger.Disk)
	want(d, map[po.Key][]po.Ending{"K1": {po.EndReopened, po.EndReopened, po.EndSettled}, "K2": {po.EndReopened, po.EndSettled}})
	no(d.Close())
}

// What was completed without a browser by a start that was cut off counts where a comparison of the same way
// has agreed after it, and only there.
func TestReopenUncompared(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		read, then po.ReadBy
		open       bool
	}{
		"page, then compared":           {po.ReadByPage, po.ReadByBoth, false},
		"call, then compared":           {po.ReadByCall, po.ReadByBothCall, false},
		"call, then a page compared":    {po.ReadByCall, po.ReadByBoth, true},
		"page, then a call compared":    {po.ReadByPage, po.ReadByBothCall, true},
		"call, then one by page":        {po.ReadByCall, po.ReadByPage, true},
		"page, then one by the browser": {po.ReadByPage, po.ReadByBrowser, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			open := func() *ledger.Disk {
				d := openDisk(t, dir)
				must(d.Begin(t.Context(), po.Start{Portal: "coupa"}))
				merge(t, d, orders(3))
				return d
			}
			d := open()
			for i, by := range []po.ReadBy{row.read, row.then} {
				c := ledgerUnderTest{t, d}.claim(1)
				x := c.Leases[0]
				must(d.Assign(t.Context(), x.Token, po.Assignment{Worker: po.PageReader}))
				if !by.WithoutBrowser() {
					must(d.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p"}))
				}
				must(d.Settle(t.Context(), x.Token, po.Outcome{Key: x.Order.Key, Status: po.Completed, ReadBy: by, Time: time.Now()}))
				if i == 0 {
					time.Sleep(2 * time.Millisecond) // times of the record are in milliseconds
				}
			}
			must(d.Close()) // without an end: it was cut off

			d = open()
			h, err := d.History(t.Context(), "K0")
			must(err)
			if h.Open != row.open {
				t.Errorf("the first order is open: %v", h.Open)
			}
			must(d.Close())
		})
	}
}
