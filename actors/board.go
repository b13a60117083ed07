package actors

import (
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// board is the dispatcher's memory and its decisions: who has which order and
// what comes next. It is a pure state machine: each method takes one fact and
// returns the effects it calls for, in order. It does no input or output,
// reads no clock and starts nothing.
//
// An order in hand is a task. It is claimed (in stock), read, fetched, perhaps
// read again by a browser for what HTTP could not get, and recorded. Whatever
// goes wrong, a task ends in exactly one ledger write: settle, retry or
// release.
type board struct {
	attempts int            // tries an order may have
	most     int            // tasks that may be in hand at once
	random   func() float64 // from [0,1), for jitter

	idle  []messages.Worker // have a browser and no order; longest idle first
	busy  map[string]*task  // what each reading worker has in hand, by its name
	stock []*task           // waiting for a worker: fresh, or for the browser lane
	tasks map[string]*task  // all in hand, by token
	count int               // tasks so far

	claiming bool // a claim is under way
	more     bool // the ledger has more orders that need no worker
	dry      bool // the last claim gave nothing; until something changes
	open     int  // orders not settled; -1 until the ledger has told
	ended    bool // doEnd was given

	draining bool     // no more orders are taken
	stopped  po.Cause // not empty: what is in hand is put back
	detail   string   // of stopped, or why it drains

	misses   int            // waves in a row in which the portal gave no answer
	missed   time.Time      // the first of them
	answers  int            // readings that the portal has answered
	missedBy map[po.Key]int // of orders that it did not answer: answers at that time
	pause    bool           // no order is handed out until a wake
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
	trace     po.Trace // of its last reading
	byBrowser []string // to be saved by a browser
	tried     bool     // the browser lane was tried in this attempt
	started   time.Time
}

// begun says that the order was read in this attempt.
func (t *task) begun() bool { return t.reading.Sign != "" }

func newBoard(attempts, most int, random func() float64) *board {
	return &board{attempts: attempts, most: most, random: random, open: -1,
		busy: map[string]*task{}, tasks: map[string]*task{}, missedBy: map[po.Key]int{}}
}

// begin asks how much there is to do.
func (b *board) begin() []any { return b.claim(0) }

func (b *board) claim(n int) []any {
	b.claiming, b.more = true, false
	return []any{doClaim{n}}
}

// ready says that a worker is idle. If it has an order in hand all the same,
// that was lost with a former incarnation.
func (b *board) ready(w messages.Worker, now time.Time) []any {
	fx := b.vacate(w.Name, po.Failure{Cause: po.BrowserDied})
	b.idle = append(b.idle, w)
	return append(fx, b.next(now)...)
}

// lost says that a worker is gone, for now or for ever.
func (b *board) lost(name string, f po.Failure, now time.Time) []any {
	return append(b.vacate(name, f), b.next(now)...)
}

// vacate forgets a worker and puts back what it had in hand.
func (b *board) vacate(name string, f po.Failure) []any {
	b.idle = slices.DeleteFunc(b.idle, func(w messages.Worker) bool { return w.Name == name })
	t, ok := b.busy[name]
	delete(b.busy, name)
	if !ok || t.stage != reading || b.tasks[t.lease.Token] != t {
		return nil
	}
	return b.release(t, f)
}

// unread says that an order which was meant for a worker was not handed to it:
// the worker is idle.
func (b *board) unread(w messages.Worker, now time.Time) []any {
	if t, ok := b.busy[w.Name]; ok && t.worker == w {
		delete(b.busy, w.Name)
		b.idle = append(b.idle, w)
	}
	return b.next(now)
}

// reads says whether a worker still is to read under a lease.
func (b *board) reads(w messages.Worker, token string) bool {
	t, ok := b.tasks[token]
	return ok && t.stage == reading && t.worker == w
}

// fetches says whether files still are to be fetched under a lease.
func (b *board) fetches(token string) bool {
	t, ok := b.tasks[token]
	return ok && t.stage == fetching && b.stopped == ""
}

// claimed brings the leases that a claim gave.
func (b *board) claimed(asked int, c po.Claim, now time.Time) []any {
	b.claiming, b.open = false, c.Open
	b.dry = asked > 0 && len(c.Leases) == 0
	b.more = len(c.Invalid) > 0
	var fx []any
	for _, l := range slices.Concat(c.Invalid, c.Leases) {
		b.count++
		t := &task{number: b.count, lease: l, kept: l.Kept, started: now}
		b.tasks[l.Token] = t
		switch {
		case b.ending():
			fx = append(fx, b.release(t, po.Failure{Cause: po.Interrupted})...)
		case l.Order.Invalid != "":
			fx = append(fx, b.settle(t, po.Failed, po.InvalidNumber, l.Order.Invalid)...)
		default:
			b.stock = append(b.stock, t)
		}
	}
	if b.dry && c.Wait > 0 {
		fx = append(fx, doWake{c.Wait})
	}
	return append(fx, b.next(now)...)
}

// wake says that a time that was waited for has come.
func (b *board) wake(now time.Time) []any {
	b.dry, b.pause = false, false
	return b.next(now)
}

// next hands out work and asks for more, or ends the run.
func (b *board) next(now time.Time) []any {
	if b.ended {
		return nil
	}
	if b.over() {
		b.ended = true
		return []any{doEnd{}}
	}
	var fx []any
	for {
		t, i := b.pair()
		if t == nil {
			break
		}
		t.stage, t.worker = reading, b.idle[i]
		b.busy[t.worker.Name] = t
		b.idle = slices.Delete(b.idle, i, i+1)
		b.stock = slices.DeleteFunc(b.stock, func(o *task) bool { return o == t })
		fx = append(fx, doRead{worker: t.worker, lease: t.lease, byBrowser: t.byBrowser})
	}
	n := max(0, min(len(b.idle), b.most-b.inWork()))
	if b.dry || b.pause {
		n = 0
	}
	if (n > 0 || b.more) && !b.claiming && !b.ending() {
		fx = append(fx, b.claim(n)...)
	}
	return fx
}

// pair picks the next task and the index of the idle worker that shall have
// it: not the one that failed at it last, where there is another.
func (b *board) pair() (*task, int) {
	if b.stopped != "" || b.pause {
		return nil, 0
	}
	for _, t := range b.stock {
		if !t.begun() && (b.draining || b.inWork() >= b.most) {
			continue
		}
		for i, w := range b.idle {
			if w.Name != t.lease.Worker || b.live() == 1 || len(b.stock) > b.most {
				return t, i
			}
		}
	}
	return nil, 0
}

// live counts the workers that have a browser.
func (b *board) live() int { return len(b.idle) + len(b.busy) }

// inWork counts the tasks that somebody works on, or has begun.
func (b *board) inWork() int {
	n := 0
	for _, t := range b.tasks {
		if t.stage != waiting || t.begun() {
			n++
		}
	}
	return n
}

// read brings a worker's answer. An answer that is not from the incarnation
// that has the order in hand changes nothing.
func (b *board) read(m messages.OrderRead, now time.Time) []any {
	t, ok := b.tasks[m.Token]
	if !ok || t.stage != reading || t.worker != m.Worker {
		return nil
	}
	delete(b.busy, t.worker.Name) // idle again when it says so
	return append(b.judge(t, m, now), b.next(now)...)
}

// recorded says that the ledger has a task's end, or has refused it since the
// lease was no longer ours; either way it is no longer in hand.
func (b *board) recorded(token string, settled bool, now time.Time) []any {
	if _, ok := b.tasks[token]; !ok {
		return nil
	}
	delete(b.tasks, token)
	b.dry = false
	if settled {
		b.open--
	}
	return b.next(now)
}

// broken says that a write failed, or that a folder could not get its name: a
// run that cannot keep its record must not go on. What the write was about is
// no longer in hand; the next start finds it.
func (b *board) broken(effect any, err error, now time.Time) []any {
	switch e := effect.(type) {
	case doClaim:
		b.claiming = false
		b.open = max(b.open, 1) // not known to be done
	case doSettle:
		delete(b.tasks, e.token)
	case doRetry:
		delete(b.tasks, e.token)
	case doRelease:
		delete(b.tasks, e.token)
	}
	fx := b.halt(po.CauseOf(err), err.Error(), now)
	switch e := effect.(type) { // nobody was told of them
	case doRead:
		fx = append(fx, b.unread(e.worker, now)...)
	case doFetch:
		fx = append(fx, b.fetched(messages.FilesFetched{Token: e.token, Failure: po.Interrupted}, now)...)
	}
	return fx
}

// fenced says that leases are no longer ours: what was in hand under them is
// somebody else's now. Answers that still come change nothing.
func (b *board) fenced(tokens []string, now time.Time) []any {
	var fx []any
	for _, token := range tokens {
		t, ok := b.tasks[token]
		if !ok || t.stage == recording { // the write will be refused
			continue
		}
		if t.stage == fetching {
			fx = append(fx, doCancel{token})
		}
		b.stock = slices.DeleteFunc(b.stock, func(o *task) bool { return o == t })
		delete(b.tasks, token)
		b.dry = false
	}
	return append(fx, b.next(now)...)
}

// extend keeps the leases of all that is in hand.
func (b *board) extend() []any {
	var tokens []string
	for _, t := range b.inHand() {
		tokens = append(tokens, t.lease.Token)
	}
	if tokens == nil {
		return nil
	}
	return []any{doExtend{tokens}}
}

// drain takes no more orders; those in hand are finished.
func (b *board) drain(cause po.Cause, detail string, now time.Time) []any {
	if b.ending() {
		return b.next(now)
	}
	b.draining, b.detail = true, detail
	var fx []any
	for _, t := range slices.Clone(b.stock) {
		if !t.begun() {
			fx = append(fx, b.release(t, po.Failure{Cause: cause, Detail: detail})...)
		}
	}
	return append(fx, b.next(now)...)
}

// halt is stop from outside.
func (b *board) halt(cause po.Cause, detail string, now time.Time) []any {
	return append(b.stop(cause, detail), b.next(now)...)
}

// stop puts back everything in hand. What is being fetched is cancelled, and
// goes back when the fetcher has answered, with the files it got. The first
// cause counts.
func (b *board) stop(cause po.Cause, detail string) []any {
	if b.stopped != "" {
		return nil
	}
	b.stopped, b.detail = cause, detail
	fx := []any{doCancel{}} // of all
	for _, t := range b.inHand() {
		if t.stage == waiting || t.stage == reading {
			fx = append(fx, b.release(t, po.Failure{Cause: cause, Detail: detail})...)
		}
	}
	return fx
}

// inHand lists the tasks in a fixed order.
func (b *board) inHand() []*task {
	list := make([]*task, 0, len(b.tasks))
	for _, t := range b.tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y *task) int { return x.number - y.number })
	return list
}

func (b *board) ending() bool { return b.draining || b.stopped != "" }

// over says that nothing is in hand and nothing more will be.
func (b *board) over() bool {
	return len(b.tasks) == 0 && !b.claiming && (b.ending() || b.open == 0)
}

// cause says why the run ended with orders open; empty if none is.
func (b *board) cause() po.Cause {
	if b.stopped == "" && b.draining && b.open > 0 {
		return po.Interrupted
	}
	return b.stopped
}
