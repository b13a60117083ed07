package schedule

import (
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
)

// next hands out work and asks for more, or ends the run.
func (b *Scheduler) next(now time.Time) []any {
	if b.ended {
		return nil
	}
	if b.over() {
		b.ended = true
		return []any{End{}}
	}
	fx := b.probe(now)
	if b.over() { // nothing is left to be probed by
		b.ended = true
		return append(fx, End{})
	}
	if b.through() {
		fx = append(fx, b.unproved()...)
	}
	for {
		t, i := b.pair(now)
		if t == nil {
			break
		}
		t.stage, t.worker = reading, b.idle[i]
		b.posts[t.worker.Name].order = t.lease.Order.Key
		b.busy[t.worker.Name] = t
		b.idle = slices.Delete(b.idle, i, i+1)
		b.stock = slices.DeleteFunc(b.stock, func(o *task) bool { return o == t })
		fx = append(fx, Assign{Worker: t.worker, Lease: t.lease, ByBrowser: t.byBrowser})
	}
	if b.draining && b.stopped == "" && b.active() == 0 && len(b.stock) > 0 { // for what is begun
		fx = append(fx, b.hire(false))
	}
	fx = append(fx, b.isolate()...)
	if b.pausing(now) {
		fx = append(fx, Wake{b.rested().Sub(now)})
	}
	n := max(0, min(b.credit(), b.most()-b.inWork()))
	if b.limit > 0 {
		n = max(0, min(n, b.limit-len(b.busy)))
	}
	if b.dry || b.pausing(now) || b.suspended() {
		n = 0
	}
	if (n > 0 || b.more) && !b.claiming && !b.ending() {
		fx = append(fx, b.claim(n)...)
	}
	return fx
}

// pair picks the next task and the index of the idle worker that shall have
// it: not the one that failed at it last, where there is another.
func (b *Scheduler) pair(now time.Time) (*task, int) {
	if b.stopped != "" || b.pausing(now) || b.suspended() || b.full() {
		return nil, 0
	}
	for _, t := range b.stock {
		if b.probing(t.lease.Order.Key) {
			continue
		}
		if !t.begun() && (b.draining || !t.alone && b.inWork() >= b.most()) {
			continue
		}
		for i, w := range b.idle {
			if !b.mayHave(w, t) {
				continue
			}
			if w.Name != t.lease.Worker || b.live() == 1 || len(b.stock) > b.most() {
				return t, i
			}
		}
	}
	return nil, 0
}

// mayHave says whether an order is for a worker at all: a throw-away one is for
// one order in quarantine.
func (b *Scheduler) mayHave(w messages.Worker, t *task) bool {
	p := b.posts[w.Name]
	if p == nil || p.alone != t.alone {
		return false
	}
	return !p.alone || p.order == "" || p.order == t.lease.Order.Key
}

// live counts the workers of the pool that have a browser.
func (b *Scheduler) live() int {
	n := b.credit()
	for name := range b.busy {
		if p := b.posts[name]; p != nil && !p.alone {
			n++
		}
	}
	return n
}

// credit counts the idle workers of the pool.
func (b *Scheduler) credit() int {
	n := len(b.idle)
	for _, w := range b.idle {
		if b.isAlone(w) {
			n--
		}
	}
	return n
}

func (b *Scheduler) isAlone(w messages.Worker) bool {
	p := b.posts[w.Name]
	return p != nil && p.alone
}

// inWork counts the tasks that somebody works on, or has begun.
func (b *Scheduler) inWork() int {
	n := 0
	for _, t := range b.tasks {
		if t.stage != waiting || t.begun() {
			n++
		}
	}
	return n
}

// most is how many tasks may be in hand at once: each worker reads one while the
// files of its last are fetched (facts-speed 0.6); in sequential mode one.
func (b *Scheduler) most() int {
	if b.size == 1 {
		return 1
	}
	return 2 * b.size
}

// full says that the portal is not asked for more at once.
func (b *Scheduler) full() bool { return b.limit > 0 && len(b.busy) >= b.limit }

// pausing says that the portal is given a rest.
func (b *Scheduler) pausing(now time.Time) bool { return now.Before(b.rested()) }

// rested is when the portal has had its rest.
func (b *Scheduler) rested() time.Time {
	if b.held.After(b.paused) {
		return b.held
	}
	return b.paused
}
