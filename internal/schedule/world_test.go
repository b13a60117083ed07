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

// world is everything around a Scheduler: a ledger, workers and a fetcher that do
// what chance says, in any order. It checks the promise at every step: no order
// is lost, none is done twice.
type world struct {
	t         *rapid.T
	scheduler *Scheduler
	now       time.Time

	open    map[string]po.Lease // key → last lease; not settled
	free    []string            // keys that may be claimed
	held    map[string]string   // token → key
	settled map[string]int      // key → how often
	leases  map[string]po.Lease // of those that are settled
	readBy  map[string]messages.Worker
	doubted map[messages.Worker][]string // keys of weak outcomes since a browser last saw attachments
	mayStop bool                         // an answer may have ended the run
	mood    string                       // of the portal at the end: as it should be, "masked" sign-out, "closed", or "down"
	tokens  int

	claims  []Claim
	reads   []Assign // given to workers, not answered
	fetches []Fetch
	writes  []any
	staff   map[string]bool            // hired and not ended; true: a throw-away one
	workers map[string]messages.Worker // with a browser
	deaths  map[string]int             // of browsers, with the order in hand
	births  uint64
	ends    int
	stopped bool
	drained bool

	condemned []string // to be replaced
	worn      string   // what workers say of their browsers
}

func newWorld(t *rapid.T, orders, workers int) *world {
	w := &world{t: t, now: time.Unix(0, 0), open: map[string]po.Lease{}, held: map[string]string{},
		leases: map[string]po.Lease{}, readBy: map[string]messages.Worker{}, doubted: map[messages.Worker][]string{},
		settled: map[string]int{}, workers: map[string]messages.Worker{}, staff: map[string]bool{}, deaths: map[string]int{}}
	for i := range orders {
		key := fmt.Sprint(i)
		w.free = append(w.free, key)
		w.open[key] = po.Lease{Order: po.Order{Key: po.Key(key)}, Attempt: 1}
	}
	w.scheduler = New(3, workers, func() float64 { return 0.5 })
	w.do(w.scheduler.Begin(w.now))
	for _, name := range w.without() {
		w.birth(name, "")
	}
	return w
}

// without lists the workers that have no browser.
func (w *world) without() []string {
	var list []string
	for name := range w.staff {
		if w.workers[name].Name == "" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// with lists those that have one.
func (w *world) with() []string {
	var list []string
	for name := range w.workers {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// birth is a worker's browser coming up.
func (w *world) birth(name, worn string) {
	w.births++
	w.workers[name] = messages.Worker{Name: name, Incarnation: w.births}
	w.do(w.scheduler.Ready(messages.WorkerReady{Worker: w.workers[name], Worn: worn}, w.now))
}

// do notes effects as things that will happen some time.
func (w *world) do(effects []any) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case Claim:
			w.claims = append(w.claims, e)
		case Settle:
			if weak(e.Outcome) {
				by := w.readBy[e.Token]
				w.doubted[by] = append(w.doubted[by], string(e.Order.Key))
			}
			w.writes = append(w.writes, e)
		case Assign, Fetch, Retry, Release, Reopen:
			w.writes = append(w.writes, e)
		case Probe:
			w.checkProbe(e)
			w.reads = append(w.reads, Assign{Worker: e.Worker, Lease: po.Lease{Order: e.Order}})
		case Hire:
			if _, twice := w.staff[e.Name]; twice {
				w.t.Fatalf("%s is hired twice", e.Name)
			}
			w.staff[e.Name] = e.Alone
			w.checkStaff()
		case Dismiss:
			w.checkIdle(e.Name)
			delete(w.staff, e.Name)
			delete(w.workers, e.Name)
		case Recycle:
			w.checkIdle(e.Worker.Name)
			delete(w.workers, e.Worker.Name)
		case Replace:
			if w.workers[e.Worker.Name] == e.Worker {
				w.condemned = append(w.condemned, e.Worker.Name)
			}
		case End:
			w.checkEnd()
		}
	}
}

// checkStaff sees to it that there are no more workers than there should be.
func (w *world) checkStaff() {
	pool, alone := 0, 0
	for name, throwAway := range w.staff {
		switch p := w.scheduler.posts[name]; {
		case throwAway:
			alone++
		case p != nil && !p.retiring:
			pool++
		}
	}
	if pool > w.scheduler.pool.wish || alone > 1 {
		w.t.Fatalf("%d workers, %d throw-away ones", pool, alone)
	}
}

// checkIdle sees to it that a worker that is taken away has nothing in hand.
func (w *world) checkIdle(name string) {
	for _, r := range w.reads {
		if r.Worker == w.workers[name] && w.held[r.Lease.Token] != "" && w.scheduler.StillReads(r.Worker, r.Lease.Token) {
			w.t.Fatalf("%s is taken away from order %s", name, r.Lease.Order.Key)
		}
	}
}

// checkProbe sees to it that a probe goes to a browser that lives and has nothing in
// hand.
func (w *world) checkProbe(e Probe) {
	if w.workers[e.Worker.Name] != e.Worker || w.staff[e.Worker.Name] {
		w.t.Fatalf("%v is to probe", e.Worker)
	}
	for _, r := range w.reads {
		if r.Worker == e.Worker {
			w.t.Fatalf("%v is to probe, and has an order", e.Worker)
		}
		w.checkAlone(r, e.Worker, e.Order.Key)
	}
}

// checkDoubts sees to it that nothing counts at the end that a lost session could have
// faked: nothing at all where it was lost, else nothing that could have been proved.
func (w *world) checkDoubts() {
	if w.scheduler.stopped != po.SignedOut && len(w.scheduler.known) == 0 {
		return
	}
	for by, list := range w.doubted {
		for _, key := range list {
			if w.settled[key] == 0 || w.scheduler.stopped != po.SignedOut && (w.staff[by.Name] || w.scheduler.reasked[po.Key(key)] || slices.Contains(w.scheduler.believed, po.Key(key))) {
				continue
			}
			w.t.Fatalf("order %s counts, as %v was told, which has not proved its session", key, by)
		}
	}
}

func (w *world) checkRead(e Assign) {
	key := w.held[e.Lease.Token]
	if key == "" {
		w.t.Fatalf("order %s is read without a lease", e.Lease.Order.Key)
	}
	if w.workers[e.Worker.Name] != e.Worker {
		w.t.Fatalf("order %s goes to %v, which does not live", key, e.Worker)
	}
	if alone := w.staff[e.Worker.Name]; alone != (w.deaths[key] == quarantineDeaths) {
		w.t.Fatalf("order %s with %d deaths goes to %v", key, w.deaths[key], e.Worker)
	}
	for _, r := range w.reads {
		if r.Worker == e.Worker {
			w.t.Fatalf("%v has two orders", e.Worker)
		}
		w.checkAlone(r, e.Worker, e.Lease.Order.Key)
	}
}

// checkAlone sees to it that an order which goes to a worker is not being read.
func (w *world) checkAlone(r Assign, worker messages.Worker, key po.Key) {
	if r.Lease.Order.Key == key && w.workers[r.Worker.Name] == r.Worker && (r.Lease.Token == "" || w.held[r.Lease.Token] != "") {
		w.t.Fatalf("order %s is read by %v and %v at once", key, r.Worker, worker)
	}
}

func (w *world) checkEnd() {
	if w.ends++; w.ends > 1 {
		w.t.Fatal("ended twice")
	}
	if len(w.claims) > 0 {
		w.t.Fatal("ended with a claim under way")
	}
	if len(w.held) > 0 {
		w.t.Fatalf("ended with orders in hand: %v", w.held)
	}
	if len(w.open) > 0 && !w.stopped && !w.drained && !(w.mayStop && w.scheduler.stopped != "") {
		w.t.Fatalf("ended with %d orders open", len(w.open))
	}
	w.checkDoubts()
}

// claim answers the oldest claim.
func (w *world) claim() bool {
	if len(w.claims) == 0 {
		return false
	}
	e := w.claims[0]
	w.claims = w.claims[1:]
	c := po.Claim{Open: len(w.open)}
	for len(c.Leases) < e.N && len(w.free) > 0 {
		w.tokens++
		l := w.open[w.free[0]]
		l.Token, l.Deaths = fmt.Sprint("t", w.tokens), w.deaths[w.free[0]]
		w.open[w.free[0]] = l
		w.held[l.Token] = w.free[0]
		w.free = w.free[1:]
		c.Leases = append(c.Leases, l)
	}
	w.do(w.scheduler.Claimed(e.N, c, w.now))
	return true
}

// write carries the oldest write out, or answers that it is fenced.
func (w *world) write(expire bool) bool {
	if len(w.writes) == 0 {
		return false
	}
	effect := w.writes[0]
	w.writes = w.writes[1:]
	token, settles := "", false
	switch e := effect.(type) {
	case Assign:
		w.handOut(e, expire)
		return true
	case Fetch:
		w.handOn(e, expire)
		return true
	case Reopen:
		w.reopen(e)
		return true
	case Settle:
		token, settles = e.Token, true
	case Retry:
		token = e.Token
		l := w.open[w.held[token]]
		if l.Attempt++; l.Attempt > 3 {
			w.t.Fatalf("order %s has a fourth attempt", e.Order.Key)
		}
		l.Worker = e.Worker
		w.open[w.held[token]] = l
	case Release:
		token = e.Token
		if e.Failure.Cause == po.BrowserDied {
			w.deaths[w.held[token]]++
		}
	}
	key := w.held[token]
	if key == "" {
		w.t.Fatalf("%T under a lease that is not held", effect)
	}
	delete(w.held, token)
	if settles && !expire {
		if w.settled[key]++; w.settled[key] > 1 {
			w.t.Fatalf("order %s is settled twice", key)
		}
		w.leases[key] = w.open[key]
		delete(w.open, key)
	} else {
		w.free = append(w.free, key)
	}
	w.do(w.scheduler.Recorded(token, settles && !expire, w.now))
	return true
}

// audit opens some settled order again, whose files are gone.
func (w *world) audit() {
	keys := slices.Sorted(maps.Keys(w.leases))
	keys = slices.DeleteFunc(keys, func(key string) bool { return w.settled[key] == 0 })
	if len(keys) == 0 || w.ends > 0 || w.scheduler.open <= 0 {
		return
	}
	key := rapid.SampledFrom(keys).Draw(w.t, "audited")
	w.settled[key]--
	for by, list := range w.doubted {
		w.doubted[by] = slices.DeleteFunc(list, func(k string) bool { return k == key })
	}
	w.open[key], w.free = w.leases[key], append(w.free, key)
	w.scheduler.open++ // as the next claim says
	w.do(w.scheduler.Wake(w.now))
}

// reopen is what the ledger does with outcomes that do not count.
func (w *world) reopen(e Reopen) {
	n := 0
	for _, key := range e.Keys {
		key := string(key)
		for by, list := range w.doubted {
			w.doubted[by] = slices.DeleteFunc(list, func(k string) bool { return k == key })
		}
		if w.settled[key] == 0 {
			continue
		}
		n++
		w.settled[key]--
		l := w.leases[key]
		l.Attempt = 1
		w.deaths[key] = 0
		w.open[key], w.free = l, append(w.free, key)
	}
	w.do(w.scheduler.Reopened(n, w.now))
}

// handOut is what the dispatcher does when it is recorded who reads an order.
func (w *world) handOut(e Assign, expire bool) {
	switch wanted := w.scheduler.StillReads(e.Worker, e.Lease.Token); {
	case expire && wanted:
		w.fence(e.Lease.Token)
		w.do(w.scheduler.Unassigned(e.Worker, w.now))
	case !wanted:
		w.do(w.scheduler.Unassigned(e.Worker, w.now))
	default:
		w.checkRead(e)
		w.reads = append(w.reads, e)
	}
}

// handOn is what it does when it is recorded where an order's files will be.
func (w *world) handOn(e Fetch, expire bool) {
	switch wanted := w.scheduler.StillFetches(e.Token); {
	case expire && wanted:
		w.fence(e.Token)
	case wanted:
		w.fetches = append(w.fetches, e)
	default:
		w.do(w.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, w.now))
	}
}

// fence gives an order that is being read or fetched to somebody else.
func (w *world) fence(token string) {
	key := w.held[token]
	delete(w.held, token)
	w.free = append(w.free, key)
	w.do(w.scheduler.Fenced([]string{token}, w.now))
}

// inWork lists the tokens of what is being read or fetched.
func (w *world) inWork() []string {
	var list []string
	for _, r := range w.reads {
		if w.scheduler.tasks[r.Lease.Token] != nil && w.scheduler.tasks[r.Lease.Token].stage == reading {
			list = append(list, r.Lease.Token)
		}
	}
	for _, f := range w.fetches {
		if w.scheduler.tasks[f.Token] != nil && w.scheduler.tasks[f.Token].stage == fetching {
			list = append(list, f.Token)
		}
	}
	return list
}

// read answers some reading.
func (w *world) read(i int, sign po.Sign, f po.ReadFailure) {
	e := w.reads[i]
	w.reads = slices.Delete(w.reads, i, i+1)
	m := messages.OrderRead{Worker: e.Worker, Token: e.Lease.Token, Key: e.Lease.Order.Key, Failure: f}
	if f.Cause == "" {
		m.Reading = po.Reading{Sign: sign}
		if sign == po.SignAttachments {
			m.Reading.Attachments = []po.Attachment{{ID: "a"}, {ID: "b"}}
		}
	}
	w.stopped = w.stopped || f.Unreachable
	probe := e.Lease.Token == ""
	w.mayStop = w.mayStop || f.Status >= 500 || f.PortalWide || sign == po.SignForbidden || sign == po.SignSignedOut || probe && sign != po.SignAttachments
	if live := w.workers[e.Worker.Name] == e.Worker; live && (probe || w.scheduler.StillReads(e.Worker, e.Lease.Token)) {
		w.readBy[e.Lease.Token] = e.Worker
		if sign == po.SignAttachments {
			delete(w.doubted, e.Worker)
		}
	}
	if probe {
		w.do(w.scheduler.Probed(m, w.now))
	} else {
		w.do(w.scheduler.Read(m, w.now))
	}
	if w.workers[e.Worker.Name] == e.Worker { // the living go on, the dead spoke late
		w.do(w.scheduler.Ready(messages.WorkerReady{Worker: e.Worker, Worn: w.worn}, w.now))
	}
}

// answer answers a reading in the portal's mood.
func (w *world) answer(i int) {
	switch w.mood {
	case "masked":
		w.read(i, po.SignNotFound, po.ReadFailure{})
	case "closed":
		w.read(i, "", po.ReadFailure{Cause: po.PortalError, PortalWide: true})
	case "down":
		w.read(i, "", po.ReadFailure{Cause: po.PortalError, Status: 503})
	default:
		w.read(i, po.SignAttachments, po.ReadFailure{})
	}
}

// fetch answers some fetch.
func (w *world) fetch(i int, missing []po.Missing, failure po.Cause) {
	e := w.fetches[i]
	w.fetches = slices.Delete(w.fetches, i, i+1)
	w.stopped = w.stopped || failure == po.DiskFull
	w.do(w.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: failure,
		Result: po.FetchResult{Kept: po.Kept{Folder: "f"}, Missing: missing}}, w.now))
}

// kill ends a worker's browser, or the worker with it; what it was reading is
// answered late or never.
func (w *world) kill(name string, silent, gaveUp bool) {
	if silent {
		w.reads = slices.DeleteFunc(w.reads, func(r Assign) bool { return r.Worker == w.workers[name] })
	}
	alone := w.staff[name]
	gaveUp = gaveUp || alone // of a throw-away one that is the end
	if gaveUp {
		delete(w.staff, name)
	}
	delete(w.workers, name)
	w.condemned = slices.DeleteFunc(w.condemned, func(c string) bool { return c == name })
	if size, _, _ := w.scheduler.pool.size(); gaveUp && !alone && size <= 1 {
		w.stopped = true // it was the last
	}
	w.do(w.scheduler.Lost(messages.WorkerLost{Worker: name, Cause: po.BrowserDied, GaveUp: gaveUp}, w.now))
}

// quieten lets everything come to its good end.
func (w *world) quieten() {
	w.worn = ""
	for range 3000 {
		w.now = w.now.Add(time.Second)
		switch without := w.without(); {
		case len(w.condemned) > 0:
			w.kill(w.condemned[0], true, false)
		case len(without) > 0 && w.ends == 0:
			w.birth(without[0], "")
		case w.claim(), w.write(false):
		case len(w.reads) > 0:
			w.answer(0)
		case len(w.fetches) > 0:
			w.fetch(0, nil, "")
		case w.ends > 0:
			if len(w.held) > 0 {
				w.t.Fatalf("held after the end: %v", w.held)
			}
			return
		default:
			w.do(w.scheduler.Wake(w.now))
		}
	}
	w.t.Fatalf("never ends: %d open, %d held, %d free, idle %v, staff %v, alone %q", len(w.open), len(w.held), len(w.free), w.scheduler.idle, w.staff, w.scheduler.alone)
}
