package schedule

import (
	"slices"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// without lists the workers that have no browser.
func (sim *simulator) without() []string {
	var list []string
	for name := range sim.hired {
		if sim.workers[name].Name == "" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// with lists those that have one.
func (sim *simulator) with() []string {
	var list []string
	for name := range sim.workers {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// browserUp is a worker's browser coming up.
func (sim *simulator) browserUp(name, recycleReason string) {
	sim.browsersUp++
	sim.workers[name] = messages.Worker{Name: name, Incarnation: sim.browsersUp}
	sim.do(sim.scheduler.Ready(messages.WorkerReady{Worker: sim.workers[name], Worn: recycleReason}, sim.now))
}

// read answers some reading.
func (sim *simulator) read(i int, sign po.Sign, f po.ReadFailure) {
	e := sim.reads[i]
	sim.reads = slices.Delete(sim.reads, i, i+1)
	m := messages.OrderRead{Worker: e.Worker, Token: e.Lease.Token, Key: e.Lease.Order.Key, Failure: f}
	if f.Cause == "" {
		m.Reading = po.Reading{Sign: sign}
		if sign == po.SignAttachments {
			m.Reading.Attachments = []po.Attachment{{ID: "a"}, {ID: "b"}}
			m.Reading.Credentials.Cookies = jar{}
		}
	}
	sim.stopped = sim.stopped || f.Unreachable
	probe := e.Lease.Token == ""
	if f.Status >= 500 || f.PortalWide || f.LeftPortal || sign == po.SignForbidden || sign == po.SignSignedOut {
		sim.mayStop = true
	}
	sim.mayStop = sim.mayStop || probe && sign != po.SignAttachments
	live := sim.workers[e.Worker.Name] == e.Worker
	if live && (probe || sim.scheduler.IsReading(e.Worker, e.Lease.Token)) {
		sim.readBy[e.Lease.Token] = e.Worker
		if sign == po.SignAttachments {
			delete(sim.unconfirmed, e.Worker)
		}
	}
	if probe {
		sim.do(sim.scheduler.Probed(m, sim.now))
	} else {
		sim.do(sim.scheduler.Read(m, sim.now))
	}
	if sim.workers[e.Worker.Name] == e.Worker { // the living go on, the dead spoke late
		sim.do(sim.scheduler.Ready(messages.WorkerReady{Worker: e.Worker, Worn: sim.recycleReason}, sim.now))
	}
}

// jar is a browser's, of which only that it is there matters.
type jar struct{ po.CookieJar }

// page answers the reading of a page without a browser.
func (sim *simulator) page(i int, page po.PageReading, f po.ReadFailure) {
	e := sim.pages[i]
	sim.pages = slices.Delete(sim.pages, i, i+1)
	sim.do(sim.scheduler.PageRead(messages.PageRead{Token: e.Lease.Token, Page: page, Failure: f}, sim.now))
}

// prove answers a browser's look at who is signed in.
func (sim *simulator) prove(i int, proof po.Proof, f po.ReadFailure) {
	w := sim.proofs[i]
	sim.proofs = slices.Delete(sim.proofs, i, i+1)
	live := sim.workers[w.Name] == w
	if live && proof.SignedIn && !sim.scheduler.hasOldSession(w) {
		delete(sim.unconfirmed, w)
	}
	sim.stopped = sim.stopped || f.Unreachable
	sim.mayStop = sim.mayStop || !proof.SignedIn
	sim.do(sim.scheduler.Proved(messages.SessionProved{Worker: w, Proof: proof, Failure: f}, sim.now))
	if sim.workers[w.Name] == w {
		sim.do(sim.scheduler.Ready(messages.WorkerReady{Worker: w, Worn: sim.recycleReason}, sim.now))
	}
}

// restored answers what came of restoring the session.
func (sim *simulator) restored(failure string) {
	sim.restoring = false
	sim.do(sim.scheduler.Restored(messages.SessionRestored{Failure: failure}, sim.now))
}

// answer answers a reading as the portal does now.
func (sim *simulator) answer(i int) {
	switch sim.portal {
	case "masked":
		sim.read(i, po.SignNotFound, po.ReadFailure{})
	case "closed":
		sim.read(i, "", po.ReadFailure{Cause: po.PortalError, PortalWide: true})
	case "down":
		sim.read(i, "", po.ReadFailure{Cause: po.PortalError, Status: 503})
	default:
		sim.read(i, po.SignAttachments, po.ReadFailure{})
	}
}

// fetch answers some fetch.
func (sim *simulator) fetch(i int, missing []po.Missing, failure po.Cause) {
	e := sim.fetches[i]
	sim.fetches = slices.Delete(sim.fetches, i, i+1)
	sim.stopped = sim.stopped || failure == po.DiskFull
	sim.do(sim.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: failure,
		Result: po.FetchResult{Saved: po.Saved{Folder: "f"}, Missing: missing}}, sim.now))
}

// kill ends a worker's browser, or the worker with it; what it was reading is
// answered late or never.
func (sim *simulator) kill(name string, silent, gaveUp bool) {
	if silent {
		sim.proofs = slices.DeleteFunc(sim.proofs, func(w messages.Worker) bool { return w == sim.workers[name] })
		sim.reads = slices.DeleteFunc(sim.reads, func(r Assign) bool { return r.Worker == sim.workers[name] })
	}
	isolated := sim.hired[name]
	gaveUp = gaveUp || isolated // of a throw-away one that is the end
	if gaveUp {
		delete(sim.hired, name)
	}
	delete(sim.workers, name)
	sim.replaced = slices.DeleteFunc(sim.replaced, func(c string) bool { return c == name })
	if size, _, _ := sim.scheduler.pool.size(); gaveUp && !isolated && size <= 1 {
		sim.stopped = true // it was the last
	}
	sim.do(sim.scheduler.Lost(messages.WorkerLost{Worker: name, Cause: po.BrowserDied, GaveUp: gaveUp}, sim.now))
}
