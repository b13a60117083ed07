package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// quarantineDeaths is how many browsers may die with an order in hand before it
// is run once more, alone in a throw-away browser (SPEC §5).
const quarantineDeaths = 2

// post is one worker as the Scheduler knows it, from its hiring to its end: it may
// be without a browser, idle, or busy.
type post struct {
	alone    bool   // a throw-away one, for an order in quarantine
	order    po.Key // that it was given last
	retiring bool   // it ends when it has nothing in hand
	health   health
	lives    messages.Worker // the incarnation that has a browser; zero: none
	ill      messages.Worker // the incarnation that was condemned
	good     int             // pages that it has read well
}

// ready says that a worker is idle. If it has an order in hand all the same,
// that was lost with a former incarnation.
func (b *Scheduler) Ready(m messages.WorkerReady, now time.Time) []any {
	w := m.Worker
	fx := b.vacate(w.Name, po.Failure{Cause: po.BrowserDied})
	if t := b.asking[w.Name].task; t != nil && t.worker != w {
		fx = append(fx, b.answered(w.Name, po.Failure{Cause: po.Interrupted})...)
	}
	b.lived = true
	if b.recycling.Name == w.Name && b.recycling != w {
		b.recycling = messages.Worker{}
	}
	p := b.posts[w.Name]
	if p != nil {
		p.lives = w
	}
	switch {
	case p == nil: // dismissed before it was heard
	case p.ill == w: // it is being replaced
	case p.retiring:
		fx = append(fx, b.dismiss(w.Name)...)
	case m.Worn != "" && b.recycling.Name == "" && !p.alone && !b.ending() && (len(b.known) == 0 || len(b.weak[w]) == 0):
		b.recycling, p.lives = w, messages.Worker{}
		fx = append(fx, Recycle{w, m.Worn})
	default:
		b.idle = append(b.idle, w)
	}
	return append(fx, b.next(now)...)
}

// lost says that a worker's browser is gone: for now, or the worker with it.
func (b *Scheduler) Lost(m messages.WorkerLost, now time.Time) []any {
	f := po.Failure{Cause: m.Cause, Detail: m.Detail}
	had := b.busy[m.Worker] != nil
	fx := append(b.vacate(m.Worker, f), b.answered(m.Worker, po.Failure{Cause: po.Interrupted})...)
	if b.recycling.Name == m.Worker {
		b.recycling = messages.Worker{}
	}
	p := b.posts[m.Worker]
	if p != nil {
		p.lives = messages.Worker{}
	}
	switch {
	case p == nil:
		return append(fx, b.next(now)...)
	case p.alone:
		fx = append(fx, b.aloneLost(m, had)...)
	case m.GaveUp:
		delete(b.posts, m.Worker)
		if !p.retiring && !b.pool.lose(now, b.lived, m.Detail) {
			cause := f.Cause
			if cause == po.Internal { // the last of many crashes does not say what the others were: SPEC §6
				cause = po.BrowserDied
			}
			return append(fx, b.Stop(cause, "no worker is left: "+f.Detail, now)...)
		}
	case p.retiring:
		fx = append(fx, b.dismiss(m.Worker)...)
	default:
		p.health, p.ill = health{}, messages.Worker{}
	}
	fx = append(fx, b.staff(now)...)
	return append(fx, b.next(now)...)
}

// vacate forgets a worker and puts back what it had in hand.
func (b *Scheduler) vacate(name string, f po.Failure) []any {
	b.idle = slices.DeleteFunc(b.idle, func(w messages.Worker) bool { return w.Name == name })
	t, ok := b.busy[name]
	delete(b.busy, name)
	delete(b.probes, name)
	if !ok || t.stage != reading || b.tasks[t.lease.Token] != t {
		return nil
	}
	return b.release(t, f)
}

// resize takes the governor's word on how much machine and portal bear.
func (b *Scheduler) Resize(m messages.Resize, now time.Time) []any {
	b.pool.bind(m.Workers, m.Binds, m.Reason)
	fx := b.staff(now)
	limit := m.Reading
	if limit >= b.size {
		limit = 0
	}
	until := b.held
	if m.Hold > 0 {
		until = now.Add(m.Hold)
	}
	if limit != b.limit || until.Sub(b.held) > time.Second {
		b.limit, b.held = limit, until
		fx = append(fx, Notify{messages.PortalPaced{Reading: cmp.Or(limit, b.size), Hold: max(0, until.Sub(now)), Reason: m.Reason}})
	}
	return append(fx, b.next(now)...)
}

// staff hires and retires workers until there are as many as there should be.
func (b *Scheduler) staff(now time.Time) []any {
	if b.ending() || b.ended {
		return nil
	}
	n, binds, reason := b.pool.size()
	var fx []any
	if n != b.size {
		if b.size >= 0 { // not the first time
			fx = append(fx, Notify{messages.PoolResized{From: b.size, To: n, Binds: binds, Reason: reason}})
		}
		b.size = n
	}
	for b.active() < n {
		fx = append(fx, b.hire(false))
	}
	for b.active() > n {
		fx = append(fx, b.retire()...)
	}
	if d := b.pool.growIn(now); d > 0 {
		fx = append(fx, Wake{d})
	}
	return fx
}

// active counts the workers of the pool that are to stay.
func (b *Scheduler) active() int {
	n := 0
	for _, p := range b.posts {
		if !p.alone && !p.retiring {
			n++
		}
	}
	return n
}

// hire makes a new post. No name comes twice.
func (b *Scheduler) hire(alone bool) Hire {
	b.hired++
	name := fmt.Sprintf("worker-%d", b.hired)
	if alone {
		name = fmt.Sprintf("alone-%d", b.hired)
	}
	b.posts[name] = &post{alone: alone}
	return Hire{Name: name, Alone: alone}
}

// retire picks the worker that the pool can best do without: one that is idle,
// else one that has no browser yet, else one that is to finish its order first.
func (b *Scheduler) retire() []any {
	for i := len(b.idle) - 1; i >= 0; i-- {
		if p := b.posts[b.idle[i].Name]; p != nil && !p.alone {
			return b.dismiss(b.idle[i].Name)
		}
	}
	var last string
	for _, name := range b.names() {
		p := b.posts[name]
		if p.alone || p.retiring {
			continue
		}
		if last = name; b.busy[name] == nil && b.probes[name] == (probe{}) {
			return b.dismiss(name)
		}
	}
	b.posts[last].retiring = true
	return nil
}

// names lists the posts, the last hired first.
func (b *Scheduler) names() []string {
	list := make([]string, 0, len(b.posts))
	for name := range b.posts {
		list = append(list, name)
	}
	slices.SortFunc(list, func(x, y string) int {
		return cmp.Or(len(y)-len(x), cmp.Compare(y, x))
	})
	return list
}

// dismiss ends a worker that has nothing in hand.
func (b *Scheduler) dismiss(name string) []any {
	delete(b.posts, name)
	delete(b.busy, name)
	delete(b.probes, name)
	b.idle = slices.DeleteFunc(b.idle, func(w messages.Worker) bool { return w.Name == name })
	if b.recycling.Name == name {
		b.recycling = messages.Worker{}
	}
	if b.alone == name {
		b.alone = ""
	}
	return append(b.answered(name, po.Failure{Cause: po.Interrupted}), Dismiss{name})
}

// isolate sees to it that an order in quarantine gets a worker of its own: one
// at a time.
func (b *Scheduler) isolate() []any {
	if b.alone != "" || b.stopped != "" {
		return nil
	}
	for _, t := range b.stock {
		if t.alone && (!b.draining || t.begun()) {
			h := b.hire(true)
			b.alone = h.Name
			return []any{h, Notify{messages.OrderQuarantined{Key: t.lease.Order.Key, Written: t.lease.Order.Written, Deaths: t.lease.Deaths, Worker: h.Name}}}
		}
	}
	return nil
}

// quarantine says whether an order waits for a throw-away browser, or has it.
func (b *Scheduler) quarantine() bool {
	for _, t := range b.tasks {
		if t.alone && t.stage != recording {
			return true
		}
	}
	return false
}

// aloneLost handles the end of a throw-away browser: with its order in hand,
// which the ledger counts, or before it had one.
func (b *Scheduler) aloneLost(m messages.WorkerLost, had bool) []any {
	delete(b.posts, m.Worker)
	b.alone = ""
	if had {
		return nil
	}
	if b.aloneFails++; b.aloneFails < quarantineDeaths {
		return nil // another will be hired
	}
	b.aloneFails = 0
	var fx []any
	for _, t := range slices.Clone(b.stock) {
		if t.alone {
			b.stock = slices.DeleteFunc(b.stock, func(o *task) bool { return o == t })
			fx = append(fx, b.settle(t, statusOf(len(t.kept.Files)+1, len(t.kept.Files)), po.Quarantined, "no throw-away browser could be started: "+m.Detail)...)
			break
		}
	}
	return fx
}

// examine looks at a worker by what it has just done.
func (b *Scheduler) examine(m messages.OrderRead) []any {
	p := b.posts[m.Worker.Name]
	if p == nil || p.alone {
		return nil
	}
	if m.Failure.Cause == "" {
		p.good++
		b.good++
	}
	why := p.health.note(m.Failure, m.Took, b.good-p.good)
	if why == "" || p.retiring {
		return nil
	}
	p.ill = m.Worker
	return []any{Replace{m.Worker, why}}
}
