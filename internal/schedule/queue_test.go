package schedule

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// tokens names tasks.
func tokens(tasks []*task) []string {
	var list []string
	for _, t := range tasks {
		list = append(list, t.lease.Token)
	}
	return list
}

func TestQueueOrder(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for _, token := range []string{"a", "b", "c"} {
		q.push(q.add(po.Lease{Token: token}, time.Time{}))
	}
	c := q.tasks["c"]
	q.pull(c)
	q.pull(c) // is not there any more
	q.pushFront(c)
	if diff := cmp.Diff([]string{"c", "a", "b"}, tokens(q.waiting)); diff != "" {
		t.Errorf("waiting: %s", diff)
	}
	q.remove(q.tasks["a"])
	if diff := cmp.Diff([]string{"c", "b"}, tokens(q.waiting)); diff != "" {
		t.Errorf("waiting: %s", diff)
	}
	if diff := cmp.Diff([]string{"b", "c"}, tokens(q.inHand())); diff != "" {
		t.Errorf("in hand, in the order of claiming: %s", diff)
	}
}

// In flight is what somebody works on, and what is begun: not what only waits.
func TestQueueInFlight(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for token, stage := range map[string]stage{
		"waits": waiting, "begun": waiting, "read": reading, "fetched": fetching, "written": recording,
	} {
		q.add(po.Lease{Token: token}, time.Time{}).stage = stage
	}
	q.tasks["begun"].reading.Sign = po.SignAttachments
	if n := q.inFlight(); n != 4 {
		t.Errorf("%d in flight", n)
	}
	if q.in(reading, "read") == nil || q.in(reading, "waits") != nil || q.in(reading, "unknown") != nil {
		t.Error("a task is not found in its stage")
	}
}

func TestQueueClaim(t *testing.T) {
	t.Parallel()
	q := newQueue()
	if q.open != -1 || !q.quiet() {
		t.Errorf("new: %+v", q)
	}
	if c := q.claim(3); c.N != 3 || q.quiet() {
		t.Errorf("a claim is under way: %+v", q)
	}
	for _, c := range []struct {
		n                      int
		claim                  po.Claim
		exhausted, moreInvalid bool
	}{
		{0, po.Claim{Open: 5}, false, false}, // nothing was asked for
		{3, po.Claim{Open: 5}, true, false},
		{3, po.Claim{Open: 5, Leases: make([]po.Lease, 1)}, false, false},
		{3, po.Claim{Open: 5, Invalid: make([]po.Lease, 1)}, true, true},
	} {
		q.claimed(c.n, c.claim)
		if q.exhausted != c.exhausted || q.moreInvalid != c.moreInvalid || q.open != 5 || q.claiming {
			t.Errorf("%+v: %+v", c, q)
		}
	}
	q.add(po.Lease{Token: "a"}, time.Time{}).isolated = true
	if q.quiet() || !q.anyIsolated() {
		t.Error("an order in hand is not seen")
	}
	q.tasks["a"].stage = recording
	if q.anyIsolated() {
		t.Error("what is being recorded needs no browser")
	}
	q.remove(q.tasks["a"])
	if q.reopening = 1; q.quiet() {
		t.Error("orders are being opened again")
	}
}
