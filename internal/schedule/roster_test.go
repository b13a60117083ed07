package schedule

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// workerNamed is the first incarnation of a worker.
func workerNamed(name string) messages.Worker { return messages.Worker{Name: name, Incarnation: 1} }

// rosterOf has workers of the pool with a browser and no order.
func rosterOf(n int) roster {
	r := newRoster()
	for range n {
		w := workerNamed(r.hire(false).Name)
		r.slots[w.Name].live = w
		r.rest(w)
	}
	return r
}

func TestRosterHire(t *testing.T) {
	t.Parallel()
	r := newRoster()
	first, second, isolated := r.hire(false), r.hire(false), r.hire(true)
	want := []Hire{{Name: "worker-1"}, {Name: "worker-2"}, {Name: "isolated-3", Isolated: true}}
	if diff := cmp.Diff(want, []Hire{first, second, isolated}); diff != "" {
		t.Error(diff)
	}
	if r.active() != 2 || r.isolated != "isolated-3" || r.withBrowser() != 0 {
		t.Errorf("%+v", r)
	}
	r.slots["worker-1"].retiring = true
	r.remove("isolated-3")
	if r.active() != 1 || r.isolated != "" {
		t.Errorf("%+v", r)
	}
	if h := r.hire(true); h.Name != "isolated-4" { // no name comes twice
		t.Errorf("hired %s", h.Name)
	}
}

func TestRosterAssign(t *testing.T) {
	t.Parallel()
	r := rosterOf(2)
	one, two := workerNamed("worker-1"), workerNamed("worker-2")
	order := &task{lease: po.Lease{Order: po.Order{Key: "K"}}}
	r.assign(one, order)
	if order.stage != reading || order.worker != one || r.idleInPool() != 1 || r.withBrowser() != 2 {
		t.Errorf("%+v, %+v", order, r)
	}
	if got := r.vacate("worker-2"); got != nil || r.idleInPool() != 0 {
		t.Errorf("an idle worker had %v", got)
	}
	if got := r.vacate("worker-1"); got != order || len(r.busy) != 0 {
		t.Errorf("a busy worker had %v", got)
	}
	if !r.isLive(two) || r.isLive(messages.Worker{Name: "worker-2", Incarnation: 2}) || r.isLive(workerNamed("worker-9")) {
		t.Error("the wrong browsers live")
	}
	if r.slots["worker-2"].unhealthy = two; r.isLive(two) {
		t.Error("a browser that is replaced can still be asked")
	}
}

// A throw-away worker reads one order, again if need be, and no other; others read none
// in quarantine.
func TestRosterMayRead(t *testing.T) {
	t.Parallel()
	r := rosterOf(1)
	pool, isolated := workerNamed("worker-1"), workerNamed(r.hire(true).Name)
	r.rest(isolated)
	plain, quarantined, other := &task{}, &task{isolated: true}, &task{isolated: true}
	quarantined.lease.Order.Key, other.lease.Order.Key = "Q", "O"
	if !r.mayRead(pool, plain) || r.mayRead(pool, quarantined) {
		t.Error("a worker of the pool")
	}
	if r.mayRead(isolated, plain) || !r.mayRead(isolated, other) {
		t.Error("a throw-away worker")
	}
	r.assign(isolated, quarantined)
	if !r.mayRead(isolated, quarantined) || r.mayRead(isolated, other) {
		t.Error("after it was given one")
	}
}

// The pool gives up the idle first, then those without a browser, then the first hired.
func TestRosterLeastNeeded(t *testing.T) {
	t.Parallel()
	r := rosterOf(3)
	nobody := func(string) bool { return false }
	for _, name := range []string{"worker-1", "worker-2"} {
		r.assign(workerNamed(name), &task{})
	}
	if name, free := r.leastNeeded(nobody); name != "worker-3" || !free {
		t.Errorf("idle: %s, %v", name, free)
	}
	r.notIdle("worker-3") // opens a fresh browser
	if name, free := r.leastNeeded(nobody); name != "worker-3" || !free {
		t.Errorf("without a browser: %s, %v", name, free)
	}
	probing := func(name string) bool { return name == "worker-3" }
	if name, free := r.leastNeeded(probing); name != "worker-1" || free {
		t.Errorf("all have something in hand: %s, %v", name, free)
	}
	r.slots["worker-1"].retiring = true
	r.remove("worker-3")
	if name, free := r.leastNeeded(nobody); name != "worker-2" || free {
		t.Errorf("one is retiring already: %s, %v", name, free)
	}
}
