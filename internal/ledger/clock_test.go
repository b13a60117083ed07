package ledger

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// What followed what is told whatever is done to the system's clock: an order that was completed
// without a browser after the last comparison is put back, and what earlier starts have settled is
// known to be theirs.
func TestClockIsSetBack(t *testing.T) {
	t.Parallel()
	dir, wrong := t.TempDir(), time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	begin := func(d *Disk) []po.Lease {
		t.Helper()
		no(d.Begin(t.Context(), po.Start{Portal: "coupa"}))
		_, err := d.Merge(t.Context(), batchOf("K0", "K1", "K2"), po.Choice{})
		no(err)
		c, err := d.Claim(t.Context(), 9, time.Minute)
		no(err)
		return c.Leases
	}
	d, err := Open(dir)
	no(err)
	now := wrong
	d.now = func() time.Time { return now }
	for i, x := range begin(d) {
		by := []po.ReadBy{po.ReadByPage, po.ReadByBoth, po.ReadByPage}[i]
		no(d.Assign(t.Context(), x.Token, po.Assignment{Worker: po.PageReader}))
		if by == po.ReadByBoth {
			no(d.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p"}))
		}
		files := []po.File{{ID: "a", Name: "a.pdf", Bytes: 1, SHA256: "x"}}
		no(d.Save(t.Context(), x.Token, "S", po.Saved{Folder: "S/" + string(x.Order.Key), Files: files}))
		no(d.Settle(t.Context(), x.Token, po.Outcome{Key: x.Order.Key, Status: po.Completed, ReadBy: by, Files: files,
			Folder: "S/" + string(x.Order.Key), Time: now}))
		now = now.Add(-time.Hour)
	}
	no(d.Close()) // cut off
	d, err = Open(dir)
	no(err)
	defer d.Close()
	var open []string
	for _, x := range begin(d) { // with the right time: a century earlier
		open = append(open, string(x.Order.Key))
	}
	if want := []string{"K2"}; !slices.Equal(open, want) {
		t.Errorf("%v are open, want %v", open, want)
	}
	var audited []string
	for o, err := range d.ToAudit(t.Context(), false) {
		no(err)
		audited = append(audited, string(o.Key))
	}
	if want := []string{"K0", "K1"}; !slices.Equal(audited, want) {
		t.Errorf("%v are held against the disk, want %v", audited, want)
	}
}

// What is recorded is the wall clock: what Go's clock has beside it must not decide which time is later.
func TestClockIsTheWallClock(t *testing.T) {
	t.Parallel()
	d := newDisk(t.TempDir())
	if told := d.clock(); told != told.Round(0) {
		t.Errorf("%v has a monotonic reading", told)
	}
}

func batchOf(keys ...string) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for i, key := range keys {
			if !yield(po.Order{Key: po.Key(key), Number: fmt.Sprint(i), RawNumber: fmt.Sprint(i)}, nil) {
				return
			}
		}
	}
}
