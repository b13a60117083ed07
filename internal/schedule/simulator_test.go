package schedule

import (
	"fmt"
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
	unconfirmed map[messages.Worker][]string // keys, since a browser last saw attachments
	mayStop     bool                         // an answer may have ended the run
	portal      string                       // as it should be (empty), "masked" sign-out, "closed", or "down"
	tokens      int

	claims     []Claim
	reads      []Assign   // given to workers, not answered
	pages      []ReadPage // given to the page reader, not answered
	fetches    []Fetch
	writes     []Effect
	hired      map[string]bool            // hired and not ended; true: a throw-away one
	workers    map[string]messages.Worker // with a browser
	deaths     map[string]int             // of browsers, with the order in hand
	browsersUp uint64
	ends       int
	stopped    bool

	writesFailed bool
	drained      bool
	paused       bool // by the user

	proofs    []messages.Worker // asked who is signed in, not answered
	restoring bool              // the session is to be restored

	replaced      []string // to be replaced
	recycleReason string   // what workers say of their browsers
}

func newSimulator(t *rapid.T, orders, workers int) *simulator {
	return newSimulatorOf(t, orders, Config{Workers: workers})
}

func newSimulatorOf(t *rapid.T, orders int, c Config) *simulator {
	sim := &simulator{t: t, now: time.Unix(0, 0), open: map[string]po.Lease{}, held: map[string]string{},
		leases: map[string]po.Lease{}, readBy: map[string]messages.Worker{}, unconfirmed: map[messages.Worker][]string{},
		settled: map[string]int{}, workers: map[string]messages.Worker{}, hired: map[string]bool{}, deaths: map[string]int{}}
	for i := range orders {
		key := fmt.Sprint(i)
		sim.free = append(sim.free, key)
		sim.open[key] = po.Lease{Order: po.Order{Key: po.Key(key)}, Attempt: 1}
	}
	c.Attempts, c.Random = 3, func() float64 { return 0.5 }
	sim.scheduler = New(c)
	if c.Fast { // as if enough comparisons had agreed
		trust := sim.scheduler.lane.ways[po.ReadByPage]
		trust.edition("").agreed, trust.edition("").longest = trustAfter, 2
	}
	sim.do(sim.scheduler.Begin(sim.now))
	for _, name := range sim.without() {
		sim.browserUp(name, "")
	}
	return sim
}

// do notes effects as things that will happen some time.
func (sim *simulator) do(effects []Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case Claim:
			if sim.paused && e.N > 0 {
				sim.t.Fatalf("%d orders are claimed in a pause", e.N)
			}
			sim.claims = append(sim.claims, e)
		case Settle:
			if needsConfirmation(e.Order, e.Outcome) {
				by := sim.readBy[e.Token]
				sim.unconfirmed[by] = append(sim.unconfirmed[by], string(e.Order.Key))
			}
			sim.writes = append(sim.writes, e)
		case Assign:
			if _, begun := sim.readBy[e.Lease.Token]; sim.paused && !begun {
				sim.t.Fatalf("order %s is begun in a pause", e.Lease.Order.Key)
			}
			sim.writes = append(sim.writes, e)
		case ReadPage: // its order is in hand from now on
			if sim.paused {
				sim.t.Fatalf("the page of order %s is read in a pause", e.Lease.Order.Key)
			}
			sim.readBy[e.Lease.Token] = messages.Worker{}
			sim.writes = append(sim.writes, e)
		case Fetch, Retry, Release, Reopen:
			sim.writes = append(sim.writes, e)
		case Probe:
			sim.checkProbe(e)
			sim.reads = append(sim.reads, Assign{Worker: e.Worker, Lease: po.Lease{Order: e.Order}})
		case Prove:
			sim.checkProbe(Probe{Worker: e.Worker})
			sim.proofs = append(sim.proofs, e.Worker)
		case Restore:
			if sim.restoring {
				sim.t.Fatal("the session is to be restored twice at once")
			}
			sim.restoring, sim.mayStop = true, true // lost too often it is given up
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

// pause and resume are the user's.
func (sim *simulator) pause() {
	sim.paused = true
	sim.do(sim.scheduler.Pause(sim.now))
}

func (sim *simulator) resume() {
	sim.paused = false
	sim.do(sim.scheduler.Resume(sim.now))
}

// finish lets everything come to its good end.
func (sim *simulator) finish() {
	sim.recycleReason = ""
	sim.resume()
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
		case len(sim.pages) > 0:
			sim.page(0, po.PageReading{Doubt: "in doubt"}, po.ReadFailure{})
		case len(sim.fetches) > 0:
			sim.fetch(0, nil, "")
		case len(sim.proofs) > 0:
			sim.prove(0, po.Proof{SignedIn: true}, po.ReadFailure{})
		case sim.restoring:
			sim.restored("")
		case sim.ends > 0:
			if len(sim.held) > 0 {
				sim.t.Fatalf("held after the end: %v", sim.held)
			}
			return
		default:
			sim.do(sim.scheduler.Wake(sim.now))
		}
	}
	sim.t.Fatalf("never ends: %d open, %d held, %d free, idle %v, hired %v, isolated %q", len(sim.open), len(sim.held),
		len(sim.free), sim.scheduler.workers.idle, sim.hired, sim.scheduler.workers.isolated)
}
