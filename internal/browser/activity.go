package browser

import (
	"sync"

	"github.com/go-rod/rod/lib/proto"
)

// activity follows what the page asks the portal for after a click: while an answer
// is due, a file may be. What the page has asked for again and again before is news
// that it waits for, and no click's doing.
type activity struct {
	mu       sync.Mutex
	watching bool
	asked    map[string]int // how often before the click, by address without its query
	out      map[proto.NetworkRequestID]bool
}

// newsAfter is how often a page asks for the same before a click that is taken for
// news.
const newsAfter = 3

// forget is for a page that is left.
func (a *activity) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.out = map[string]int{}, map[proto.NetworkRequestID]bool{}
}

// watch begins to count. The returned function ends that.
func (a *activity) watch() func() {
	set := func(watching bool) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.watching = watching
		clear(a.out)
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
	case len(a.out) >= maxFrames || len(a.asked) >= maxFrames:
	case a.watching && a.asked[address] < newsAfter:
		a.out[id] = true
	case !a.watching:
		a.asked[address]++
	}
}

// end notes its answer or failure.
func (a *activity) end(id proto.NetworkRequestID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.out, id)
}

// busy reports whether an answer is due.
func (a *activity) busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.out) > 0
}
