package schedule

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// simulator is everything around a Scheduler: a ledger, workers and a fetcher that do
// what chance says, in any order. It checks the promise at every step: no order
// is lost, none is done twice.
type simulator struct {
	t         *rapid.T
	scheduler *Scheduler
	now       time.Time

	open        map[string]po.Lease // key → last lease; not settled
	free        []string            // keys that may be claimed
	held        map[string]string   // token → key
	settled     map[string]int      // key → how often
	leases      map[string]po.Lease // of those that are settled
	readBy      map[string]messages.Worker
	unconfirmed map[messages.Worker][]string // keys of weak outcomes since a browser last saw attachments
	mayStop     bool                         // an answer may have ended the run
	portal      string                       // of the portal at the end: as it should be, "masked" sign-out, "closed", or "down"
	tokens      int

	claims     []Claim
	reads      []Assign // given to workers, not answered
	fetches    []Fetch
	writes     []Effect
	hired      map[string]bool            // hired and not ended; true: a throw-away one
	workers    map[string]messages.Worker // with a browser
	deaths     map[string]int             // of browsers, with the order in hand
	browsersUp uint64
	ends       int
	stopped    bool
	drained    bool

	replaced      []string // to be replaced
	recycleReason string   // what workers say of their browsers
}

func newSimulator(t *rapid.T, orders, workers int) *simulator {
	sim := &simulator{t: t, now: time.Unix(0, 0), open: map[string]po.Lease{}, held: map[string]string{},
		leases: map[string]po.Lease{}, readBy: map[string]messages.Worker{}, unconfirmed: map[messages.Worker][]string{},
		settled: map[string]int{}, workers: map[string]messages.Worker{}, hired: map[string]bool{}, deaths: map[string]int{}}
	for i := range orders {
		key := fmt.Sprint(i)
		sim.free = append(sim.free, key)
		sim.open[key] = po.Lease{Order: po.Order{Key: po.Key(key)}, Attempt: 1}
	}
	sim.scheduler = New(3, workers, func() float64 { return 0.5 })
	sim.do(sim.scheduler.Begin(sim.now))
	for _, name := range sim.without() {
		sim.browserUp(name, "")
	}
	return sim
}

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

// do notes effects as things that will happen some time.
func (sim *simulator) do(effects []Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case Claim:
			sim.claims = append(sim.claims, e)
		case Settle:
			if needsConfirmation(e.Outcome) {
				by := sim.readBy[e.Token]
				sim.unconfirmed[by] = append(sim.unconfirmed[by], string(e.Order.Key))
			}
			sim.writes = append(sim.writes, e)
		case Assign, Fetch, Retry, Release, Reopen:
			sim.writes = append(sim.writes, e)
		case Probe:
			sim.checkProbe(e)
			sim.reads = append(sim.reads, Assign{Worker: e.Worker, Lease: po.Lease{Order: e.Order}})
		case Hire:
			if _, twice := sim.hired[e.Name]; twice {
				sim.t.Fatalf("%s is hired twice", e.Name)
			}
			sim.hired[e.Name] = e.Isolated
			sim.checkPool()
		case Dismiss:
			sim.checkIdle(e.Name)
			delete(sim.hired, e.Name)
			delete(sim.workers, e.Name)
		case Recycle:
			sim.checkIdle(e.Worker.Name)
			delete(sim.workers, e.Worker.Name)
		case Replace:
			if sim.workers[e.Worker.Name] == e.Worker {
				sim.replaced = append(sim.replaced, e.Worker.Name)
			}
		case End:
			sim.checkEnd()
		}
	}
}

// checkPool sees to it that there are no more workers than there should be.
func (sim *simulator) checkPool() {
	pool, alone := 0, 0
	for name, throwAway := range sim.hired {
		switch p := sim.scheduler.workers.slots[name]; {
		case throwAway:
			alone++
		case p != nil && !p.retiring:
			pool++
		}
	}
	if pool > sim.scheduler.pool.wished || alone > 1 {
		sim.t.Fatalf("%d workers, %d throw-away ones", pool, alone)
	}
}

// checkIdle sees to it that a worker that is taken away has nothing in hand.
func (sim *simulator) checkIdle(name string) {
	for _, r := range sim.reads {
		if r.Worker == sim.workers[name] && sim.held[r.Lease.Token] != "" && sim.scheduler.IsReading(r.Worker, r.Lease.Token) {
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
	if sim.scheduler.stopCause != po.SignedOut && len(sim.scheduler.sessions.knownGood) == 0 {
		return
	}
	for by, list := range sim.unconfirmed {
		for _, key := range list {
			if sim.settled[key] == 0 || sim.scheduler.stopCause != po.SignedOut && (sim.hired[by.Name] || sim.scheduler.sessions.askedAgain[po.Key(key)] || slices.Contains(sim.scheduler.sessions.unconfirmable, po.Key(key))) {
				continue
			}
			sim.t.Fatalf("order %s counts, as %v was told, which has not proved its session", key, by)
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
	if alone := sim.hired[e.Worker.Name]; alone != (sim.deaths[key] == quarantineDeaths) {
		sim.t.Fatalf("order %s with %d deaths goes to %v", key, sim.deaths[key], e.Worker)
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
	if r.Lease.Order.Key == key && sim.workers[r.Worker.Name] == r.Worker && (r.Lease.Token == "" || sim.held[r.Lease.Token] != "") {
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

// claim answers the oldest claim.
func (sim *simulator) claim() bool {
	if len(sim.claims) == 0 {
		return false
	}
	e := sim.claims[0]
	sim.claims = sim.claims[1:]
	c := po.Claim{Open: len(sim.open)}
	for len(c.Leases) < e.N && len(sim.free) > 0 {
		sim.tokens++
		l := sim.open[sim.free[0]]
		l.Token, l.Deaths = fmt.Sprint("t", sim.tokens), sim.deaths[sim.free[0]]
		sim.open[sim.free[0]] = l
		sim.held[l.Token] = sim.free[0]
		sim.free = sim.free[1:]
		c.Leases = append(c.Leases, l)
	}
	sim.do(sim.scheduler.Claimed(e.N, c, sim.now))
	return true
}

// write carries the oldest write out, or answers that it is fenced.
func (sim *simulator) write(expire bool) bool {
	if len(sim.writes) == 0 {
		return false
	}
	effect := sim.writes[0]
	sim.writes = sim.writes[1:]
	token, settles := "", false
	switch e := effect.(type) {
	case Assign:
		sim.startRead(e, expire)
		return true
	case Fetch:
		sim.startFetch(e, expire)
		return true
	case Reopen:
		sim.reopen(e)
		return true
	case Settle:
		token, settles = e.Token, true
	case Retry:
		token = e.Token
		l := sim.open[sim.held[token]]
		if l.Attempt++; l.Attempt > 3 {
			sim.t.Fatalf("order %s has a fourth attempt", e.Order.Key)
		}
		l.Worker = e.Worker
		sim.open[sim.held[token]] = l
	case Release:
		token = e.Token
		if e.Failure.Cause == po.BrowserDied {
			sim.deaths[sim.held[token]]++
		}
	}
	key := sim.held[token]
	if key == "" {
		sim.t.Fatalf("%T under a lease that is not held", effect)
	}
	delete(sim.held, token)
	if settles && !expire {
		if sim.settled[key]++; sim.settled[key] > 1 {
			sim.t.Fatalf("order %s is settled twice", key)
		}
		sim.leases[key] = sim.open[key]
		delete(sim.open, key)
	} else {
		sim.free = append(sim.free, key)
	}
	sim.do(sim.scheduler.Recorded(token, settles && !expire, sim.now))
	return true
}

// audit opens some settled order again, whose files are gone.
func (sim *simulator) audit() {
	keys := slices.Sorted(maps.Keys(sim.leases))
	keys = slices.DeleteFunc(keys, func(key string) bool { return sim.settled[key] == 0 })
	if len(keys) == 0 || sim.ends > 0 || sim.scheduler.queue.open <= 0 {
		return
	}
	key := rapid.SampledFrom(keys).Draw(sim.t, "audited")
	sim.settled[key]--
	for by, list := range sim.unconfirmed {
		sim.unconfirmed[by] = slices.DeleteFunc(list, func(k string) bool { return k == key })
	}
	sim.open[key], sim.free = sim.leases[key], append(sim.free, key)
	sim.scheduler.queue.open++ // as the next claim says
	sim.do(sim.scheduler.Wake(sim.now))
}

// reopen is what the ledger does with outcomes that do not count.
func (sim *simulator) reopen(e Reopen) {
	n := 0
	for _, key := range e.Keys {
		key := string(key)
		for by, list := range sim.unconfirmed {
			sim.unconfirmed[by] = slices.DeleteFunc(list, func(k string) bool { return k == key })
		}
		if sim.settled[key] == 0 {
			continue
		}
		n++
		sim.settled[key]--
		l := sim.leases[key]
		l.Attempt = 1
		sim.deaths[key] = 0
		sim.open[key], sim.free = l, append(sim.free, key)
	}
	sim.do(sim.scheduler.Reopened(n, sim.now))
}

// startRead is what the dispatcher does when it is recorded who reads an order.
func (sim *simulator) startRead(e Assign, expire bool) {
	switch wanted := sim.scheduler.IsReading(e.Worker, e.Lease.Token); {
	case expire && wanted:
		sim.fence(e.Lease.Token)
		sim.do(sim.scheduler.Unassigned(e.Worker, sim.now))
	case !wanted:
		sim.do(sim.scheduler.Unassigned(e.Worker, sim.now))
	default:
		sim.checkRead(e)
		sim.reads = append(sim.reads, e)
	}
}

// startFetch is what it does when it is recorded where an order's files will be.
func (sim *simulator) startFetch(e Fetch, expire bool) {
	switch wanted := sim.scheduler.IsFetching(e.Token); {
	case expire && wanted:
		sim.fence(e.Token)
	case wanted:
		sim.fetches = append(sim.fetches, e)
	default:
		sim.do(sim.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, sim.now))
	}
}

// fence gives an order that is being read or fetched to somebody else.
func (sim *simulator) fence(token string) {
	key := sim.held[token]
	delete(sim.held, token)
	sim.free = append(sim.free, key)
	sim.do(sim.scheduler.Fenced([]string{token}, sim.now))
}

// inFlight lists the tokens of what is being read or fetched.
func (sim *simulator) inFlight() []string {
	var list []string
	for _, r := range sim.reads {
		if sim.scheduler.queue.tasks[r.Lease.Token] != nil && sim.scheduler.queue.tasks[r.Lease.Token].stage == reading {
			list = append(list, r.Lease.Token)
		}
	}
	for _, f := range sim.fetches {
		if sim.scheduler.queue.tasks[f.Token] != nil && sim.scheduler.queue.tasks[f.Token].stage == fetching {
			list = append(list, f.Token)
		}
	}
	return list
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
		}
	}
	sim.stopped = sim.stopped || f.Unreachable
	probe := e.Lease.Token == ""
	sim.mayStop = sim.mayStop || f.Status >= 500 || f.PortalWide || sign == po.SignForbidden || sign == po.SignSignedOut || probe && sign != po.SignAttachments
	if live := sim.workers[e.Worker.Name] == e.Worker; live && (probe || sim.scheduler.IsReading(e.Worker, e.Lease.Token)) {
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

// answer answers a reading in the portal's mood.
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
		Result: po.FetchResult{Kept: po.Kept{Folder: "f"}, Missing: missing}}, sim.now))
}

// kill ends a worker's browser, or the worker with it; what it was reading is
// answered late or never.
func (sim *simulator) kill(name string, silent, gaveUp bool) {
	if silent {
		sim.reads = slices.DeleteFunc(sim.reads, func(r Assign) bool { return r.Worker == sim.workers[name] })
	}
	alone := sim.hired[name]
	gaveUp = gaveUp || alone // of a throw-away one that is the end
	if gaveUp {
		delete(sim.hired, name)
	}
	delete(sim.workers, name)
	sim.replaced = slices.DeleteFunc(sim.replaced, func(c string) bool { return c == name })
	if size, _, _ := sim.scheduler.pool.size(); gaveUp && !alone && size <= 1 {
		sim.stopped = true // it was the last
	}
	sim.do(sim.scheduler.Lost(messages.WorkerLost{Worker: name, Cause: po.BrowserDied, GaveUp: gaveUp}, sim.now))
}

// finish lets everything come to its good end.
func (sim *simulator) finish() {
	sim.recycleReason = ""
	for range 3000 {
		sim.now = sim.now.Add(time.Second)
		switch without := sim.without(); {
		case len(sim.replaced) > 0:
			sim.kill(sim.replaced[0], true, false)
		case len(without) > 0 && sim.ends == 0:
			sim.browserUp(without[0], "")
		case sim.claim(), sim.write(false):
		case len(sim.reads) > 0:
			sim.answer(0)
		case len(sim.fetches) > 0:
			sim.fetch(0, nil, "")
		case sim.ends > 0:
			if len(sim.held) > 0 {
				sim.t.Fatalf("held after the end: %v", sim.held)
			}
			return
		default:
			sim.do(sim.scheduler.Wake(sim.now))
		}
	}
	sim.t.Fatalf("never ends: %d open, %d held, %d free, idle %v, staff %v, alone %q", len(sim.open), len(sim.held), len(sim.free), sim.scheduler.workers.idle, sim.hired, sim.scheduler.workers.isolated)
}
