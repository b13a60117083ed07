package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// answer has a browser settle an order, with or without a file.
func (l ledgerUnderTest) answer(d *ledger.Disk, key po.Key, profile string, status po.Status) {
	l.t.Helper()
	for _, x := range l.claim(100).Leases {
		if x.Order.Key != key {
			l.no(l.Release(l.t.Context(), x.Token, po.Failure{Cause: po.Interrupted}))
			continue
		}
		l.no(l.Assign(l.t.Context(), x.Token, po.Assignment{Worker: "worker-" + profile, Profile: profile}))
		o := po.Outcome{Key: key, Status: status, Time: time.Now()}
		if status == po.Completed {
			o.Files = []po.File{{ID: "a", Name: "a.pdf", SHA256: "ab"}}
			l.no(l.Save(l.t.Context(), x.Token, "", po.Kept{Folder: "f", Files: o.Files}))
		}
		l.no(l.Settle(l.t.Context(), x.Token, o))
	}
}

// A start that was killed leaves answers that a lost session could have faked: the
// next start asks again for those that no later order of the same browser has
// proved. One that came to its end has seen to that itself.
func TestAKilledStartIsDoubted(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		answers []string // order, browser, status
		end     bool
		cause   po.Cause
		want    []string // open in the next start, beside the last
	}{
		{"after the last proof", []string{"0 p C", "1 p N", "2 p C", "3 p N", "4 p E"}, false, "", []string{"K3", "K4"}},
		{"each browser by itself", []string{"0 p C", "1 q N", "2 p N", "3 p C", "4 q E"}, false, "", []string{"K1", "K4"}},
		{"nothing tells", []string{"0 p N", "1 p E"}, false, "", []string{}},
		{"failures are asked for again anyway", []string{"0 p C", "1 p F", "2 p N"}, false, "", []string{"K1", "K2"}},
		{"it came to its end", []string{"0 p C", "1 p N"}, true, "", []string{}},
		{"it ended without its session, and may have been killed before it could put them back", []string{"0 p C", "1 p N"}, true, po.SignedOut, []string{"K1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := openDisk(t, dir)
			l := ledgerUnderTest{t, d}
			l.no(d.Begin(t.Context(), ledger.Start{}))
			merge(t, d, orders(6))
			for _, a := range row.answers {
				var n int
				var profile, how string
				if _, err := fmt.Sscan(a, &n, &profile, &how); err != nil {
					t.Fatal(err)
				}
				status := map[string]po.Status{"C": po.Completed, "N": po.NotFound, "E": po.NoAttachments, "F": po.Failed}[how]
				l.answer(d, po.Key(fmt.Sprint("K", n)), profile, status)
			}
			if row.end {
				l.no(d.End(t.Context(), row.cause, ""))
			}
			l.no(d.Close())

			for range 2 { // the second start is killed at once, the third finds the same
				d = openDisk(t, dir)
				l = ledgerUnderTest{t, d}
				l.no(d.Begin(t.Context(), ledger.Start{}))
				merge(t, d, orders(6))
				c := l.claim(100)
				got := keys(c)
				slices.Sort(got)
				want := append(slices.Clone(row.want), "K5")
				for n := len(row.answers); n < 5; n++ {
					want = append(want, fmt.Sprint("K", n))
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				for o, err := range d.Outcomes(t.Context()) {
					if l.no(err); slices.Contains(row.want, string(o.Key)) && o.Status != "" && o.Status != po.Failed {
						t.Errorf("%s still shows %s", o.Key, o.Status)
					}
				}
				l.no(d.Close())
			}
		})
	}
}

// The orders that had attachments are known to the next start.
func TestKnownOrders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDisk(t, dir)
	l := ledgerUnderTest{t, d}
	merge(t, d, orders(6))
	for i, status := range []po.Status{po.Completed, po.NotFound, po.Completed, po.Completed, po.Completed} {
		l.answer(d, po.Key(fmt.Sprint("K", i)), "p", status)
	}
	if c := l.claim(0); len(c.Known) > 0 {
		t.Errorf("known of this start itself: %v", c.Known)
	}
	l.no(d.Close())
	d = openDisk(t, dir)
	merge(t, d, orders(6))
	var got []po.Key
	for _, o := range (ledgerUnderTest{t, d}).claim(0).Known {
		got = append(got, o.Key)
	}
	if diff := cmp.Diff([]po.Key{"K4", "K3", "K2", "K0"}, got); diff != "" {
		t.Error(diff)
	}
}
