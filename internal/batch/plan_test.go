package batch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/po"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	b := open(t, "PO_NUMBER,STATUS,<|>,L,CAUSE,ATTEMPTS\n"+ // 1
		"PO1,,,first\n"+ // 2
		"\n"+ // 3
		",x,,\n"+ // 4
		"2,COMPLETED,,\n"+ // 5
		"bad,,,\n"+ // 6
		"1,,,second\n"+ // 7
		"3,FAILED,,\n"+ // 8
		"BAD,,,\n"+ // 9
		"2,,,again\n"+ // 10
		"4,NOT_FOUND,,\n"+ // 11
		",,,\n")
	p, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	counts := po.BatchCounts{Rows: 9, Orders: 4, Completed: 1, Blank: 1, Malformed: 2, Invalid: 1, Duplicate: 1}
	want := &Plan{BatchCounts: counts, BadRows: []Bad{
		{Line: 4, Reason: Blank},
		{Line: 6, Written: "bad", Reason: Malformed, Detail: "not an order number of this portal"},
		{Line: 7, Written: "1", Reason: Duplicate, First: 2},
		{Line: 9, Written: "BAD", Reason: Malformed, Detail: "not an order number of this portal"},
	}}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreUnexported(Plan{})); diff != "" {
		t.Error(diff)
	}
	var orders []po.Order
	for o, err := range p.All() {
		if err != nil {
			t.Fatal(err)
		}
		orders = append(orders, o)
	}
	wantOrders := []po.Order{
		{Key: "1", Number: "1", RawNumber: "PO1", Levels: []string{"first"}},
		{Key: malformedKey("bad"), RawNumber: "bad", Invalid: "not an order number of this portal"},
		{Key: "3", Number: "3", RawNumber: "3"},
		{Key: "2", Number: "2", RawNumber: "2", Levels: []string{"again"}},
		{Key: "4", Number: "4", RawNumber: "4"},
	}
	if diff := cmp.Diff(wantOrders, orders); diff != "" {
		t.Error(diff)
	}
}

// TestEveryRowHasItsOutcome: invariant 1 of docs/spec.md §11 for the rows of a batch.
func TestEveryRowHasItsOutcome(t *testing.T) {
	t.Parallel()
	b := mustOpen(t, "testdata/blank-and-bad.csv")
	p, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	settled := map[po.Key]po.Outcome{}
	for o, err := range p.All() {
		if err != nil {
			t.Fatal(err)
		}
		settled[o.Key] = po.Outcome{Key: o.Key, Status: po.NoAttachments}
		if o.Invalid != "" {
			settled[o.Key] = po.Outcome{Key: o.Key, Status: po.Failed, Cause: po.InvalidNumber, Detail: o.Invalid}
		}
	}
	out := results(t, b, func(key po.Key) (po.Outcome, bool) { o, ok := settled[key]; return o, ok })
	var got []po.Status
	for row, err := range open(t, string(out)).Rows() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Status)
	}
	want := []po.Status{po.NoAttachments, "", po.Failed, po.NoAttachments, po.Failed, po.Failed}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A million bad rows are counted and not all kept.
func TestPlanKeepsFewBadRows(t *testing.T) {
	t.Parallel()
	p, err := open(t, "PO_NUMBER\n"+strings.Repeat("7\n", maxBad+3)).Plan()
	if err != nil {
		t.Fatal(err)
	}
	if p.Duplicate != maxBad+2 || len(p.BadRows) != maxBad {
		t.Errorf("%d duplicates, %d kept", p.Duplicate, len(p.BadRows))
	}
}
