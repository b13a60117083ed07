package browser

import (
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// activity follows what the page asks the portal for after a click: while an answer
// is due, a file may be. What the page has asked for again and again before is a long
// poll, and no click's doing. An answer whose body nobody reads never
// ends; it counts no more when nothing of it has come for a while.
type activity struct {
	mu       sync.Mutex
	watching bool
	asked    map[string]int                       // how often before the click, by address without its query
	last     time.Time                            // when a call began or ended
	inFlight map[proto.NetworkRequestID]time.Time // when something of its answer came last; zero: nothing has
	due      map[proto.NetworkRequestID]bool      // what was in flight when the rest began
	came     bool                                 // something of that has ended since
}

const (
	// longPollAfter is how often a page asks for the same before a click that is taken
	// for a long poll.
	longPollAfter = 3
	// bodyWithin is how long an answer that has begun may give nothing.
	bodyWithin = 3 * time.Second
)

// reset is for a page that is left.
func (a *activity) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.inFlight = map[string]int{}, map[proto.NetworkRequestID]time.Time{}
}

// watch begins to count. The returned function ends that.
func (a *activity) watch() func() {
	set := func(watching bool) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.watching = watching
		a.last = time.Time{}
		clear(a.inFlight)
		a.due, a.came = nil, false
	}
	set(true)
	return func() { set(false) }
}

// begin notes a call of the page.
func (a *activity) begin(id proto.NetworkRequestID, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	address = withoutQuery(address)
	switch {
	case len(a.inFlight) >= maxFrames || len(a.asked) >= maxFrames:
	case a.watching && a.asked[address] < longPollAfter:
		a.inFlight[id], a.last = time.Time{}, time.Now()
	case !a.watching:
		a.asked[address]++
	}
}

// progress notes that something of its answer came.
func (a *activity) progress(id proto.NetworkRequestID, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.inFlight[id]; ok {
		a.inFlight[id], a.last = time.Now(), time.Now()
	}
	if status >= 400 {
		a.remove(id)
	}
}

// end notes that its answer is whole, or that there is none.
func (a *activity) end(id proto.NetworkRequestID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.inFlight[id]; ok {
		a.last = time.Now()
	}
	a.remove(id)
}

// remove forgets a request that has ended. mu must be held.
func (a *activity) remove(id proto.NetworkRequestID) {
	delete(a.inFlight, id)
	a.came = a.came || a.due[id]
}

// rest begins a rest: what is in flight then is waited for.
func (a *activity) rest() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due, a.came = map[proto.NetworkRequestID]bool{}, false
	for id := range a.inFlight {
		a.due[id] = true
	}
}

// answered reports whether an answer came in the rest that was due when it began: what the page's
// script makes of it may not have begun yet.
func (a *activity) answered() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.came
}

// any reports whether the page has asked for anything since the click.
func (a *activity) any() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.last.IsZero()
}

// idle is how long the page has asked for nothing, and waited for nothing.
func (a *activity) idle() time.Duration {
	if a.busy() {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Since(a.last)
}

// busy reports whether an answer is due.
func (a *activity) busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, last := range a.inFlight {
		if last.IsZero() || time.Since(last) < bodyWithin {
			return true
		}
	}
	return false
}
