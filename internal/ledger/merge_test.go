package ledger_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// settle claims and settles the order of a key, which must be the next.
func (l ledgerUnderTest) settle(key po.Key, status po.Status, cause po.Cause) {
	l.t.Helper()
	c := l.claim(1)
	if len(c.Leases) != 1 || c.Leases[0].Order.Key != key {
		l.t.Fatalf("claimed %v, want %s", keys(c), key)
	}
	l.no(l.Settle(l.t.Context(), c.Leases[0].Token, po.Outcome{Key: key, Status: status, Cause: cause, Time: time.Now()}))
}

// From start to start the batch is edited: rows come, go and change places.
func TestMergeOfAnEditedBatch(t *testing.T) {
	t.Parallel()
	list := orders(300) // more than one statement puts
	pick := func(at ...int) []po.Order {
		var out []po.Order
		for _, i := range at {
			out = append(out, list[i])
		}
		return out
	}
	changed := list[1]
	changed.Levels = []string{"elsewhere"}
	for name, row := range map[string]struct {
		first, then []po.Order
		want        ledger.Merged
	}{
		"the same":     {list, list, ledger.Merged{Open: 300}},
		"added":        {list[:2], list, ledger.Merged{New: 298, Open: 300}},
		"removed":      {list, list[:2], ledger.Merged{Removed: 298, Open: 2}},
		"reordered":    {pick(0, 1, 2, 3), pick(3, 2, 1, 0), ledger.Merged{Open: 4}},
		"in between":   {pick(0, 2), pick(0, 1, 2), ledger.Merged{New: 1, Open: 3}},
		"the first":    {pick(0, 1, 2), pick(1, 2), ledger.Merged{Removed: 1, Open: 2}},
		"another":      {pick(0, 1), pick(2, 3), ledger.Merged{New: 2, Removed: 2, Open: 2}},
		"other levels": {list[:2], []po.Order{list[0], changed}, ledger.Merged{Open: 2}},
		"none":         {list[:2], nil, ledger.Merged{Removed: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := openDisk(t, dir)
			merge(t, d, row.first)
			d.Close()
			d = openDisk(t, dir)
			if diff := cmp.Diff(row.want, merge(t, d, row.then)); diff != "" {
				t.Error(diff)
			}
			batchIs(t, d, row.then)
			d.Close()
			d = openDisk(t, dir)
			back := merge(t, d, row.first)
			if back.New != 0 || back.Returned != row.want.Removed || back.Removed != row.want.New {
				t.Errorf("there and back: %+v", back)
			}
			batchIs(t, d, row.first)
		})
	}
}

// batchIs checks the orders of the ledger, as claims give them.
func batchIs(t testing.TB, d *ledger.Disk, want []po.Order) {
	t.Helper()
	c, err := d.Claim(t.Context(), len(want)+1, ttl)
	if err != nil {
		t.Fatal(err)
	}
	var got []po.Order
	for _, l := range c.Leases {
		got = append(got, l.Order)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batch (-want +got):\n%s", diff)
	}
}

// Whatever batches follow each other, the last is in the ledger, and the counts
// are those of sets.
func TestMergeIsSetAndOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := openDisk(t, t.TempDir())
		defer d.Close()
		ever, last := map[po.Key]bool{}, map[po.Key]bool{}
		for range rapid.IntRange(1, 5).Draw(rt, "starts") {
			numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 0, 12, rapid.ID[int]).Draw(rt, "batch")
			var batch []po.Order
			want := ledger.Merged{Open: len(numbers)}
			now := map[po.Key]bool{}
			for _, n := range numbers {
				o := orders(n + 1)[n]
				batch = append(batch, o)
				now[o.Key] = true
				switch {
				case !ever[o.Key]:
					want.New++
				case !last[o.Key]:
					want.Returned++
				}
				ever[o.Key] = true
			}
			for key := range last {
				if !now[key] {
					want.Removed++
				}
			}
			last = now
			got := merge(t, d, batch)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatal(diff)
			}
			var keys []po.Key
			for _, o := range collect(t, d.Outcomes(t.Context())) {
				keys = append(keys, o.Key)
			}
			var wantKeys []po.Key
			for _, o := range batch {
				wantKeys = append(wantKeys, o.Key)
			}
			if !slices.Equal(keys, wantKeys) {
				rt.Fatalf("%v, want %v", keys, wantKeys)
			}
		}
	})
}

// A batch that cannot be read to its end changes nothing.
func TestMergeOfABatchThatBreaksOff(t *testing.T) {
	t.Parallel()
	d := openDisk(t, t.TempDir())
	merge(t, d, orders(3))
	broken := errors.New("the file has changed")
	for _, after := range []int{0, 1, 150} {
		seq := iter.Seq2[po.Order, error](func(yield func(po.Order, error) bool) {
			for i, o := range orders(200) {
				if i == after {
					yield(po.Order{}, broken)
					return
				}
				o.RawNumber = fmt.Sprint("other ", i)
				if !yield(o, nil) {
					return
				}
			}
		})
		if _, err := d.Merge(t.Context(), seq, po.Choice{}); !errors.Is(err, broken) {
			t.Errorf("after %d: %v", after, err)
		}
	}
	panics := iter.Seq2[po.Order, error](func(yield func(po.Order, error) bool) { yield(orders(1)[0], nil); panic("no more") })
	if _, err := d.Merge(t.Context(), panics, po.Choice{}); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("a panic: %v", err)
	}
	if m := merge(t, d, orders(3)); m.New+m.Removed+m.Returned != 0 {
		t.Errorf("%+v", m)
	}
	batchIs(t, d, orders(3))
}

// choices is a ledger with an order of each ending, and one that is open.
func choices(t *testing.T) (ledgerUnderTest, *ledger.Disk) {
	d := openDisk(t, t.TempDir())
	l := ledgerUnderTest{t, d}
	merge(t, d, orders(6))
	l.settle("K0", po.Completed, "")
	l.settle("K1", po.Failed, po.Timeout)
	l.settle("K2", po.NotFound, po.CauseNotFound)
	l.settle("K3", po.Partial, po.DownloadRejected)
	l.settle("K4", po.Failed, po.Forbidden)
	return l, d
}

// Which orders a start works on.
func TestChoice(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		choice po.Choice
		want   []string
		merged ledger.Merged
	}{
		"all":         {po.Choice{}, []string{"K5", "K1", "K3", "K4"}, ledger.Merged{Settled: 2, Reopened: 3, Open: 4}},
		"two":         {po.Choice{Limit: 2}, []string{"K1", "K3"}, ledger.Merged{Settled: 2, Reopened: 3, Open: 2, Deferred: 2}},
		"more":        {po.Choice{Limit: 9}, []string{"K5", "K1", "K3", "K4"}, ledger.Merged{Settled: 2, Reopened: 3, Open: 4}},
		"what failed": {po.Choice{Only: &po.Filter{}}, []string{"K1", "K3", "K4"}, ledger.Merged{Settled: 2, Reopened: 3, Open: 3, Deferred: 1}},
		"a status":    {po.Choice{Only: &po.Filter{Statuses: []po.Status{po.Partial}}}, []string{"K3"}, ledger.Merged{Settled: 4, Reopened: 1, Open: 1, Deferred: 1}},
		"a good one":  {po.Choice{Only: &po.Filter{Statuses: []po.Status{po.Completed, po.NotFound}}}, []string{"K0", "K2"}, ledger.Merged{Settled: 3, Reopened: 2, Open: 2, Deferred: 1}},
		"a cause":     {po.Choice{Only: &po.Filter{Causes: []po.Cause{po.Timeout, po.CauseNotFound}}}, []string{"K1", "K2"}, ledger.Merged{Settled: 3, Reopened: 2, Open: 2, Deferred: 1}},
		"both": {po.Choice{Only: &po.Filter{Statuses: []po.Status{po.Failed}, Causes: []po.Cause{po.Timeout, po.CauseNotFound}}},
			[]string{"K1"}, ledger.Merged{Settled: 4, Reopened: 1, Open: 1, Deferred: 1}},
		"long ago":      {po.Choice{Only: &po.Filter{Since: time.Now().Add(-time.Hour)}}, []string{"K1", "K3", "K4"}, ledger.Merged{Settled: 2, Reopened: 3, Open: 3, Deferred: 1}},
		"in the future": {po.Choice{Only: &po.Filter{Since: time.Now().Add(time.Hour)}}, []string{}, ledger.Merged{Settled: 5, Deferred: 1}},
		"one of them":   {po.Choice{Limit: 1, Only: &po.Filter{}}, []string{"K1"}, ledger.Merged{Settled: 2, Reopened: 3, Open: 1, Deferred: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, d := choices(t)
			m, err := d.Merge(t.Context(), pairs(orders(6)), row.choice)
			l.no(err)
			if diff := cmp.Diff(row.merged, m); diff != "" {
				t.Error(diff)
			}
			l.want(l.claim(9), row.merged.Open, row.want...)
			// What was left is taken by a start that takes all.
			d.Close()
			d = openDisk(t, d.Dir())
			if m := merge(t, d, orders(6)); m.Deferred != 0 || m.Open+m.Settled != 6 || m.Open < 4 {
				t.Errorf("the next start: %+v", m)
			}
		})
	}
}

// An order that is opened again has its tries again, and shows its outcome
// until it has another.
func TestOpenedAgain(t *testing.T) {
	t.Parallel()
	d := openDisk(t, t.TempDir())
	l := ledgerUnderTest{t, d}
	merge(t, d, orders(1))
	for range 2 {
		x := l.claim(1).Leases[0]
		l.no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: "w"}))
		l.no(l.Retry(t.Context(), x.Token, timeout, 0))
	}
	l.settle("K0", po.Failed, po.Timeout)
	merge(t, d, orders(1))
	if o := collect(t, d.Outcomes(t.Context())); o[0].Status != po.Failed {
		t.Errorf("outcome %+v", o[0])
	}
	if counts, open, _ := d.Counts(t.Context()); open != 1 || len(counts) != 0 {
		t.Errorf("%d open, %v", open, counts)
	}
	if x := l.claim(1).Leases[0]; x.Attempt != 1 || x.Worker != "" {
		t.Errorf("lease %+v", x)
	}
}
