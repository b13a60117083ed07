package schedule

import (
	"slices"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// checkPool sees to it that there are no more workers than there should be.
func (sim *simulator) checkPool() {
	pool, isolated := 0, 0
	for name, throwAway := range sim.hired {
		switch p := sim.scheduler.workers.slots[name]; {
		case throwAway:
			isolated++
		case p != nil && !p.retiring:
			pool++
		}
	}
	if pool > sim.scheduler.pool.requested || isolated > 1 {
		sim.t.Fatalf("%d workers, %d throw-away ones", pool, isolated)
	}
}

// checkIdle sees to it that a worker that is taken away has nothing in hand.
func (sim *simulator) checkIdle(name string) {
	for _, r := range sim.reads {
		if r.Worker != sim.workers[name] || sim.held[r.Lease.Token] == "" {
			continue
		}
		if sim.scheduler.IsReading(r.Worker, r.Lease.Token) {
			sim.t.Fatalf("%s is taken away from order %s", name, r.Lease.Order.Key)
		}
	}
}

// checkProbe sees to it that a probe goes to a browser that lives and has nothing in
// hand.
func (sim *simulator) checkProbe(e Probe) {
	if sim.workers[e.Worker.Name] != e.Worker || sim.hired[e.Worker.Name] {
		sim.t.Fatalf("%v is to probe", e.Worker)
	}
	if slices.Contains(sim.proofs, e.Worker) {
		sim.t.Fatalf("%v is to probe twice", e.Worker)
	}
	if sim.restoring {
		sim.t.Fatalf("%v is to probe while the session is restored", e.Worker)
	}
	for _, r := range sim.reads {
		if r.Worker == e.Worker {
			sim.t.Fatalf("%v is to probe, and has an order", e.Worker)
		}
		sim.checkReadOnce(r, e.Worker, e.Order.Key)
	}
}

// checkConfirmed sees to it that nothing counts at the end that a lost session could have
// faked: nothing at all where it was lost, else nothing that could have been proved.
func (sim *simulator) checkConfirmed() {
	sessions, lost := &sim.scheduler.sessions, sim.scheduler.stopCause == po.SignedOut
	if !lost && !sessions.canConfirm() || sim.writesFailed { // then the next start opens them
		return
	}
	for by, list := range sim.unconfirmed {
		for _, key := range list {
			if sim.settled[key] == 0 {
				continue
			}
			k := po.Key(key)
			if !lost && (sim.hired[by.Name] || sessions.askedAgain[k] || slices.Contains(sessions.unconfirmable, k)) {
				continue
			}
			sim.t.Fatalf("order %s counts, as %v was told, which has not confirmed its session", key, by)
		}
	}
}

func (sim *simulator) checkRead(e Assign) {
	key := sim.held[e.Lease.Token]
	if key == "" {
		sim.t.Fatalf("order %s is read without a lease", e.Lease.Order.Key)
	}
	if sim.workers[e.Worker.Name] != e.Worker {
		sim.t.Fatalf("order %s goes to %v, which does not live", key, e.Worker)
	}
	if isolated := sim.hired[e.Worker.Name]; isolated != (sim.deaths[key] == quarantineDeaths) {
		sim.t.Fatalf("order %s with %d deaths goes to %v", key, sim.deaths[key], e.Worker)
	}
	if sim.restoring {
		sim.t.Fatalf("order %s is handed out while the session is restored", key)
	}
	if slices.Contains(sim.proofs, e.Worker) {
		sim.t.Fatalf("%v is to read order %s, and is busy", e.Worker, key)
	}
	for _, r := range sim.reads {
		if r.Worker == e.Worker {
			sim.t.Fatalf("%v has two orders", e.Worker)
		}
		sim.checkReadOnce(r, e.Worker, e.Lease.Order.Key)
	}
}

// checkReadOnce sees to it that an order which goes to a worker is not being read.
func (sim *simulator) checkReadOnce(r Assign, worker messages.Worker, key po.Key) {
	live := sim.workers[r.Worker.Name] == r.Worker
	if leased := r.Lease.Token == "" || sim.held[r.Lease.Token] != ""; live && leased && r.Lease.Order.Key == key {
		sim.t.Fatalf("order %s is read by %v and %v at once", key, r.Worker, worker)
	}
}

func (sim *simulator) checkEnd() {
	if sim.ends++; sim.ends > 1 {
		sim.t.Fatal("ended twice")
	}
	if len(sim.claims) > 0 {
		sim.t.Fatal("ended with a claim under way")
	}
	if len(sim.held) > 0 {
		sim.t.Fatalf("ended with orders in hand: %v", sim.held)
	}
	if len(sim.open) > 0 && !sim.stopped && !sim.drained && !(sim.mayStop && sim.scheduler.stopCause != "") {
		sim.t.Fatalf("ended with %d orders open", len(sim.open))
	}
	sim.checkConfirmed()
}
