package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// slot is one worker as the scheduler knows it, from its hiring to its end: it may be
// without a browser, idle, or busy.
type slot struct {
	isolated  bool   // a throw-away one, for an order in quarantine
	order     po.Key // that it was given last
	retiring  bool   // it ends when it has nothing in hand
	health    health
	live      messages.Worker // the incarnation that has a browser; zero: none
	unhealthy messages.Worker // the incarnation that is being replaced
	pagesRead int             // well
}

// roster knows the workers: who is there, and who has what in hand.
type roster struct {
	slots map[string]*slot  // by name
	idle  []messages.Worker // have a browser and no order; longest idle first
	busy  map[string]*task  // what each reading worker has in hand, by its name
	hired int               // so far

	everReady     bool            // a browser of this run has lived
	pagesRead     int             // well, by the workers of the pool
	isolated      string          // the throw-away worker; empty if there is none
	isolatedFails int             // throw-away browsers in a row that did not start
	recycling     messages.Worker // who gets a fresh browser: one at a time
}

func newRoster() roster { return roster{slots: map[string]*slot{}, busy: map[string]*task{}} }

// hire makes a new slot. No name comes twice.
func (r *roster) hire(isolated bool) Hire {
	r.hired++
	name := fmt.Sprintf("worker-%d", r.hired)
	if isolated {
		name = fmt.Sprintf("isolated-%d", r.hired)
		r.isolated = name
	}
	r.slots[name] = &slot{isolated: isolated}
	return Hire{Name: name, Isolated: isolated}
}

// remove forgets a worker for good.
func (r *roster) remove(name string) {
	r.vacate(name)
	delete(r.slots, name)
	r.recycled(name)
	if r.isolated == name {
		r.isolated = ""
	}
}

// vacate takes from a worker what it had in hand, and returns it; nil if that was
// nothing. The worker is not idle either.
func (r *roster) vacate(name string) *task {
	r.notIdle(name)
	t := r.busy[name]
	delete(r.busy, name)
	return t
}

// notIdle takes a worker from the idle ones.
func (r *roster) notIdle(name string) {
	r.idle = slices.DeleteFunc(r.idle, func(w messages.Worker) bool { return w.Name == name })
}

// setIdle makes a worker idle.
func (r *roster) setIdle(w messages.Worker) { r.idle = append(r.idle, w) }

// assign gives an idle worker an order.
func (r *roster) assign(w messages.Worker, t *task) {
	t.stage, t.worker = reading, w
	r.slots[w.Name].order = t.key()
	r.busy[w.Name] = t
	r.notIdle(w.Name)
}

// recycled says that a worker no longer waits for a fresh browser.
func (r *roster) recycled(name string) {
	if r.recycling.Name == name {
		r.recycling = messages.Worker{}
	}
}

// active counts the workers of the pool that are to stay.
func (r *roster) active() int {
	n := 0
	for _, s := range r.slots {
		if !s.isolated && !s.retiring {
			n++
		}
	}
	return n
}

// withBrowser counts the workers of the pool that have a browser.
func (r *roster) withBrowser() int {
	n := r.idleInPool()
	for name := range r.busy {
		if s := r.slots[name]; s != nil && !s.isolated {
			n++
		}
	}
	return n
}

// idleInPool counts the idle workers of the pool.
func (r *roster) idleInPool() int {
	n := len(r.idle)
	for _, w := range r.idle {
		if r.isIsolated(w) {
			n--
		}
	}
	return n
}

func (r *roster) isIsolated(w messages.Worker) bool {
	s := r.slots[w.Name]
	return s != nil && s.isolated
}

// isLive says whether a browser can still be asked.
func (r *roster) isLive(w messages.Worker) bool {
	s := r.slots[w.Name]
	return s != nil && s.live == w && s.unhealthy != w
}

// mayRead says whether an order is for a worker at all: a throw-away one is for one
// order in quarantine.
func (r *roster) mayRead(w messages.Worker, t *task) bool {
	s := r.slots[w.Name]
	if s == nil || s.isolated != t.isolated {
		return false
	}
	return !s.isolated || s.order == "" || s.order == t.key()
}

// pickToDismiss picks the worker that the pool can best do without: one that is idle,
// else one that has no browser yet, else the one hired first, which is to finish its
// order before it goes. probing tells who reads a known order.
func (r *roster) pickToDismiss(probing func(name string) bool) (name string, free bool) {
	for _, w := range slices.Backward(r.idle) {
		if s := r.slots[w.Name]; s != nil && !s.isolated {
			return w.Name, true
		}
	}
	for _, n := range r.names() {
		if s := r.slots[n]; s.isolated || s.retiring {
			continue
		}
		if name = n; r.busy[n] == nil && !probing(n) {
			return n, true
		}
	}
	return name, false
}

// names lists the workers, the last hired first.
func (r *roster) names() []string {
	list := make([]string, 0, len(r.slots))
	for name := range r.slots {
		list = append(list, name)
	}
	slices.SortFunc(list, func(x, y string) int {
		return cmp.Or(len(y)-len(x), cmp.Compare(y, x))
	})
	return list
}

// recordPage notes what a worker of the pool has made of an order, and says why it is
// unhealthy: empty if it is not.
func (r *roster) recordPage(m messages.OrderRead) string {
	s := r.slots[m.Worker.Name]
	if s == nil || s.isolated {
		return ""
	}
	if m.Failure.Cause == "" {
		s.pagesRead++
		r.pagesRead++
	}
	reason := s.health.record(m.Failure, time.Duration(m.Took), r.pagesRead-s.pagesRead)
	if reason == "" || s.retiring {
		return ""
	}
	s.unhealthy = m.Worker
	return reason
}
