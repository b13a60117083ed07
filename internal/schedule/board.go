package schedule

import (
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Scheduler is the dispatcher's memory and its decisions: who has which order and
// what comes next. It is a pure state machine: each method takes one fact and
// returns the effects it calls for, in order. It does no input or output,
// reads no clock and starts nothing.
//
// An order in hand is a task. It is claimed (in stock), read, fetched, perhaps
// read again by a browser for what HTTP could not get, and recorded. Whatever
// goes wrong, a task ends in exactly one ledger write: settle, retry or
// release.
type Scheduler struct {
	attempts int            // tries an order may have
	random   func() float64 // from [0,1), for jitter

	pool       pool
	size       int              // of the pool, as it was told last; -1: not yet
	limit      int              // of orders that are read at once; 0: one for each worker
	held       time.Time        // no order is begun until then: the portal has asked for it
	posts      map[string]*post // workers, by name
	hired      int              // so far
	lived      bool             // a browser of this run has lived
	good       int              // pages read well
	alone      string           // the throw-away worker; empty if there is none
	aloneFails int              // throw-away browsers in a row that did not start
	recycling  messages.Worker  // who gets a fresh browser: one at a time

	idle  []messages.Worker // have a browser and no order; longest idle first
	busy  map[string]*task  // what each reading worker has in hand, by its name
	stock []*task           // waiting for a worker: fresh, or for the browser lane
	tasks map[string]*task  // all in hand, by token
	count int               // tasks so far

	claiming bool // a claim is under way
	more     bool // the ledger has more orders that need no worker
	dry      bool // the last claim gave nothing; until something changes
	open     int  // orders not settled; -1 until the ledger has told
	ended    bool // End was given

	draining bool     // no more orders are taken
	stopped  po.Cause // not empty: what is in hand is put back
	detail   string   // of stopped, or why it drains

	doubts // answers that are not proved yet

	misses   int            // waves in a row in which the portal was away
	missed   time.Time      // the first of them
	silent   bool           // in none of them it gave any answer
	answers  int            // readings that the portal has answered
	missedBy map[po.Key]int // of orders that it did not answer: answers at that time
	paused   time.Time      // no order is handed out until then; zero: no pause
}

// stage says where a task is.
type stage int

const (
	waiting   stage = iota // in stock
	reading                // at a worker
	fetching               // at the file fetcher
	recording              // at the ledger; nothing else may happen to it
)

// task is one order in hand.
type task struct {
	number    int // in the order of claiming
	lease     po.Lease
	stage     stage
	worker    messages.Worker // who has it, or had it last
	reading   po.Reading
	kept      po.Kept
	missing   []po.Missing // of the last fetch
	trace     po.Trace     // of its last reading
	byBrowser []string     // to be saved by a browser
	tried     bool         // the browser lane was tried in this attempt
	started   time.Time
	alone     bool // in quarantine: for a throw-away worker
}

// begun says that the order was read in this attempt.
func (t *task) begun() bool { return t.reading.Sign != "" }

func New(attempts, workers int, random func() float64) *Scheduler {
	return &Scheduler{attempts: attempts, pool: newPool(workers), size: -1, random: random, open: -1,
		posts: map[string]*post{}, busy: map[string]*task{}, tasks: map[string]*task{}, missedBy: map[po.Key]int{}, doubts: newDoubts()}
}

// begin hires the workers and asks how much there is to do.
func (b *Scheduler) Begin(now time.Time) []any { return append(b.staff(now), b.claim(0)...) }

func (b *Scheduler) claim(n int) []any {
	b.claiming, b.more = true, false
	return []any{Claim{n}}
}

// unread says that an order which was meant for a worker was not handed to it:
// the worker is idle.
func (b *Scheduler) Unassigned(w messages.Worker, now time.Time) []any {
	t, ok := b.busy[w.Name]
	p := b.posts[w.Name]
	if !ok || t.worker != w || p == nil {
		return b.next(now)
	}
	delete(b.busy, w.Name)
	if p.retiring {
		return append(b.dismiss(w.Name), b.next(now)...)
	}
	b.idle = append(b.idle, w)
	return b.next(now)
}

// reads says whether a worker still is to read under a lease.
func (b *Scheduler) StillReads(w messages.Worker, token string) bool {
	t, ok := b.tasks[token]
	return ok && t.stage == reading && t.worker == w
}

// fetches says whether files still are to be fetched under a lease.
func (b *Scheduler) StillFetches(token string) bool {
	t, ok := b.tasks[token]
	return ok && t.stage == fetching && b.stopped == ""
}

// again says whether the order that is in hand under a lease has failed before.
func (b *Scheduler) Retried(token string) bool {
	t, ok := b.tasks[token]
	return ok && t.lease.Attempt > 1
}

// claimed brings the leases that a claim gave.
func (b *Scheduler) Claimed(asked int, c po.Claim, now time.Time) []any {
	b.claiming, b.open = false, c.Open
	b.dry = asked > 0 && len(c.Leases) == 0
	b.more = len(c.Invalid) > 0
	if len(b.known) == 0 {
		b.known = slices.Clone(c.Known[:min(len(c.Known), knownMost)])
	}
	fx := b.unknow(c)
	for _, l := range slices.Concat(c.Invalid, c.Leases) {
		b.count++
		t := &task{number: b.count, lease: l, kept: l.Kept, started: now}
		b.tasks[l.Token] = t
		switch {
		case b.ending():
			fx = append(fx, b.release(t, po.Failure{Cause: po.Interrupted})...)
		case l.Order.Invalid != "":
			fx = append(fx, b.settle(t, po.Failed, po.InvalidNumber, l.Order.Invalid)...)
		case l.Deaths > quarantineDeaths:
			fx = append(fx, b.settle(t, statusOf(len(t.kept.Files)+1, len(t.kept.Files)), po.Quarantined,
				fmt.Sprintf("%d browsers died with it in hand, the last its own", l.Deaths))...)
		default:
			t.alone = l.Deaths == quarantineDeaths
			b.stock = append(b.stock, t)
		}
	}
	if b.dry && c.Wait > 0 {
		fx = append(fx, Wake{c.Wait})
	}
	return append(fx, b.next(now)...)
}

// wake says that a time that was waited for has come.
func (b *Scheduler) Wake(now time.Time) []any {
	b.dry = false
	b.pool.grow(now)
	return append(b.staff(now), b.next(now)...)
}

// read brings a worker's answer. An answer that is not from the incarnation
// that has the order in hand changes nothing.
func (b *Scheduler) Read(m messages.OrderRead, now time.Time) []any {
	t, ok := b.tasks[m.Token]
	if !ok || t.stage != reading || t.worker != m.Worker {
		return nil
	}
	delete(b.busy, t.worker.Name) // idle again when it says so
	fx := append(b.examine(m), b.judge(t, m, now)...)
	return append(fx, b.next(now)...)
}

// recorded says that the ledger has a task's end, or has refused it since the
// lease was no longer ours; either way it is no longer in hand.
func (b *Scheduler) Recorded(token string, settled bool, now time.Time) []any {
	t, ok := b.tasks[token]
	if !ok {
		return nil
	}
	delete(b.tasks, token)
	b.dry = false
	if settled {
		b.open--
	}
	var fx []any
	if b.alone != "" && t.alone && (t.worker.Name == b.alone || !b.quarantine()) { // it was for this one order
		fx = b.dismiss(b.alone)
	}
	return append(fx, b.next(now)...)
}

// fenced says that leases are no longer ours: what was in hand under them is
// somebody else's now. Answers that still come change nothing.
func (b *Scheduler) Fenced(tokens []string, now time.Time) []any {
	var fx []any
	for _, token := range tokens {
		t, ok := b.tasks[token]
		if !ok || t.stage == recording { // the write will be refused
			continue
		}
		if t.stage == fetching {
			fx = append(fx, CancelFetch{token})
		}
		b.stock = slices.DeleteFunc(b.stock, func(o *task) bool { return o == t })
		delete(b.tasks, token)
		b.dry = false
	}
	return append(fx, b.next(now)...)
}

// extend keeps the leases of all that is in hand.
func (b *Scheduler) ExtendLeases() []any {
	var tokens []string
	for _, t := range b.inHand() {
		tokens = append(tokens, t.lease.Token)
	}
	if tokens == nil {
		return nil
	}
	return []any{Extend{tokens}}
}

// inHand lists the tasks in a fixed order.
func (b *Scheduler) inHand() []*task {
	list := make([]*task, 0, len(b.tasks))
	for _, t := range b.tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y *task) int { return x.number - y.number })
	return list
}

// Open is how many orders are not settled; -1 until the ledger has told.
func (b *Scheduler) Open() int { return b.open }

// Detail says in words why the run stops or drains.
func (b *Scheduler) Detail() string { return b.detail }
