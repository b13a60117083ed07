package schedule

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// idleScheduler puts idle workers and fresh leases on a Scheduler.
func idleScheduler(workers []string, leases ...po.Lease) *Scheduler {
	s := New(Config{Attempts: 3, Workers: len(workers), Random: func() float64 { return 0 }})
	s.Begin(time.Time{})
	s.Claimed(0, po.Claim{Open: len(leases)}, time.Time{})
	clear(s.workers.slots)
	for i, w := range workers {
		s.workers.slots[w] = &slot{}
		s.Ready(messages.WorkerReady{Worker: messages.Worker{Name: w, Incarnation: uint64(i + 1)}}, time.Time{})
	}
	return s
}

// assigned lists who is to read what among the effects.
func assigned(effects []Effect) map[string]string {
	m := map[string]string{}
	for _, e := range effects {
		if r, ok := e.(Assign); ok {
			m[r.Lease.Token] = r.Worker.Name
		}
	}
	return m
}

// An order goes to another worker than the one that failed at it, where there
// is another; that holds nobody up.
func TestNextAssignment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		workers []string
		leases  []po.Lease
		want    map[string]string
	}{
		{"longest idle first", []string{"a", "b"}, []po.Lease{{Token: "1"}}, map[string]string{"1": "a"}},
		{"another worker", []string{"a", "b"}, []po.Lease{{Token: "1", Worker: "a"}}, map[string]string{"1": "b"}},
		{"no other", []string{"a"}, []po.Lease{{Token: "1", Worker: "a"}}, map[string]string{"1": "a"}},
		{"another order", []string{"a", "b"}, []po.Lease{{Token: "1", Worker: "a"}, {Token: "2", Worker: "a"}, {Token: "3"}},
			map[string]string{"1": "b", "3": "a"}},
	} {
		s := idleScheduler(c.workers, c.leases...)
		got := assigned(s.Claimed(len(c.leases), po.Claim{Leases: c.leases, Open: len(c.leases)}, time.Time{}))
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
