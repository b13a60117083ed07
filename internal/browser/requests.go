package browser

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// pendingPatience is how long a page's list is not believed while the page waits
// for an answer of the portal. Coupa's lists were met up to 15 s after the page.
const pendingPatience = 15 * time.Second

// streamPatience is how long a stream (EventSource, WebSocket) must have sent nothing
// until it is believed to send no more of the list. Where it is so for several
// orders, it keeps something else up to date, like a long poll.
const streamPatience = 5 * time.Second

// ownTimeout is how long a request must have been out that the page gives up since
// the answer takes too long. What it gives up sooner it does not want any more.
const ownTimeout = 300 * time.Millisecond

// maxRequests bounds the requests of a page that are remembered. A page with more
// has other troubles.
const maxRequests = 4096

// pendingRequests are those that the page has made and that may still change what
// it lists: by its scripts, its frames and its workers, and the scripts themselves.
type pendingRequests struct {
	mu       sync.Mutex
	page     string          // the order's page that is read
	frames   map[string]bool // of other addresses no frame's document counts on this page; nil: all count
	inFlight map[proto.NetworkRequestID]request
	failed   map[string]failedRequest // by key; one that came right since is none
	ready    chan struct{}            // closed at the next change
	ended    float64                  // when the last of them ended: milliseconds since 1970
	repeats  map[string]int           // how many with a key have
	made     map[string]bool          // keys of those that the order's pages have made, but for scripts that stand in them

	// Requests that are the same to the letter for several orders cannot ask for the
	// list of one. Where they were out of time on the pages of two of them, and were never
	// answered in time, they are left out. One that fails is not: it may be the session's.
	troubled map[string]string // key → the page where it was troubled
	ignored  map[string]bool   // keys

	// Where a cache answers what another order's page has asked for to the letter, it may
	// answer with that order's list.
	asked    map[string]string // key → the page that asked for it last
	cached   map[string]bool   // keys that a cache has answered on this page, and another has asked for
	harmless map[string]int    // key → how often the same list came without the cache
}

// request is one of them.
type request struct {
	clock    float64 // what makes an event's time one since 1970, in seconds
	key      string  // method, address and body, or the address of a stream
	address  string  // without its query
	kind     proto.NetworkResourceType
	own      bool      // of the page itself, not of a frame or worker
	stands   bool      // a script that stands in the page; others may bring a list (JSONP)
	begun    time.Time // when it was made
	answered time.Time // when the last of its answer came; zero: nothing has
	stream   bool      // it has no end of its own
	repeated bool      // another order's page has asked for it
	length   int64     // of its answer's content, as announced; -1 if that is not known
	received int64     // of that
}

// failedRequest is one that the portal did not answer as it should.
type failedRequest struct {
	address string // without its query
	what    string // in words
	order   int    // the first counts
}

func (p *pendingRequests) init() {
	p.inFlight, p.failed, p.ready = map[proto.NetworkRequestID]request{}, map[string]failedRequest{}, make(chan struct{})
	p.repeats = map[string]int{}
	p.asked, p.cached, p.harmless = map[string]string{}, map[string]bool{}, map[string]int{}
	p.troubled, p.ignored = map[string]string{}, map[string]bool{}
}

// reset is for a page that is left.
func (p *pendingRequests) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.inFlight)
	clear(p.failed)
	clear(p.cached)
	clear(p.repeats)
	p.ended = 0
	p.changed()
}

// startOrder forgets what the pages of another order have asked for.
func (p *pendingRequests) startOrder() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made = map[string]bool{}
}

// madeSince are hashes of what was asked for since the order's first page was opened: the keys
// themselves may hold a secret.
func (p *pendingRequests) madeSince() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for key := range p.made {
		list = append(list, hashOfKey(key))
	}
	slices.Sort(list)
	return list
}

func hashOfKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:12])
}

// startPage names the order's page that will be read.
func (p *pendingRequests) startPage(page string) {
	p.reset()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.page, p.frames = page, nil
}

func (p *pendingRequests) add(id proto.NetworkRequestID, r request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !r.stands && len(p.made) < maxRequests && p.made != nil {
		p.made[r.key] = true
	}
	if len(p.inFlight) < maxRequests && !p.isIgnored(r) {
		r.begun = time.Now()
		if before, redirected := p.inFlight[id]; redirected {
			r.begun, r.address = before.begun, before.address
		}
		page, before := p.asked[r.key]
		r.repeated = before && page != p.page
		if before || len(p.asked) < maxRequests {
			p.asked[r.key] = p.page
		}
		p.inFlight[id] = r
	}
	p.changed()
}

// fromCache are the keys of what a cache has answered on this page that another order's
// page has asked for, and of which it is not known that it makes no difference.
func (p *pendingRequests) fromCache() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.cached))
}

// harmlessAfter is how many lists must have been the same without the cache until one
// of its answers is believed.
const harmlessAfter = 2

// sameWithoutCache notes that a list was the same without a cache's answers.
func (p *pendingRequests) sameWithoutCache(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		p.harmless[key]++
	}
}

// answeredByCache notes that a cache has answered a request. p.mu is held.
func (p *pendingRequests) answeredByCache(r request) {
	byScript := r.kind == proto.NetworkResourceTypeXHR || r.kind == proto.NetworkResourceTypeFetch
	if r.repeated && p.harmless[r.key] < harmlessAfter && byScript {
		p.cached[r.key] = true
	}
}

// maxRepeats is how often a request of one page may be repeated before it is taken for
// one that keeps something else up to date.
const maxRepeats = 50

// maxReloads is the same for the document of a frame, whatever its query.
const maxReloads = 2

// sharedWorker has a request whose end is never told, as it is that of a worker which
// others may use too, counted like a stream.
func (p *pendingRequests) sharedWorker(params json.RawMessage) {
	if !bytes.Contains(params, []byte("sharedworker")) && !bytes.Contains(params, []byte("serviceworker")) {
		return
	}
	var e struct{ RequestID proto.NetworkRequestID }
	if json.Unmarshal(params, &e) != nil {
		return
	}
	p.update(e.RequestID, 0, func(r *request) bool { r.stream, r.answered = true, time.Now(); return false })
}

// lastEnded is when the last request ended that may have changed the list, in
// milliseconds since 1970; 0 if none has.
func (p *pendingRequests) lastEnded() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// update changes a request that is out at an event's time, in seconds of the browser's
// clock. It has ended where change says so.
func (p *pendingRequests) update(id proto.NetworkRequestID, at float64, change func(*request) (ended bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.inFlight[id]
	if !ok {
		return
	}
	if change(&r) {
		delete(p.inFlight, id)
		key, most := r.key, maxRepeats
		if r.kind == proto.NetworkResourceTypeDocument {
			key, most = r.address, maxReloads
		}
		if p.repeats[key]++; p.repeats[key] <= most {
			p.ended = max(p.ended, 1000*(at+r.clock))
		}
	} else {
		p.inFlight[id] = r
	}
	p.changed()
}

// recordAnswer notes whether a request was answered as it should be; what is empty if so.
// p.mu is held.
func (p *pendingRequests) recordAnswer(r request, what string) {
	if what == "" {
		delete(p.failed, r.key)
		delete(p.troubled, r.key)
	} else if len(p.failed) < maxRequests {
		p.failed[r.key] = failedRequest{r.address, what, len(p.failed)}
	}
}

// changed wakes those who wait. p.mu is held.
func (p *pendingRequests) changed() {
	close(p.ready)
	p.ready = make(chan struct{})
}

// pending are the requests that are out now, a channel that is closed when that may
// have changed, and when it will have without anything happening (zero: never).
func (p *pendingRequests) pending(now time.Time) (list []request, changed <-chan struct{}, next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, r := range p.inFlight {
		if r.mayEndSilently() && !r.answered.IsZero() {
			silentAt := r.answered.Add(streamPatience)
			if !now.Before(silentAt) {
				delete(p.inFlight, id)
				if r.stream {
					p.markFailing(r.key)
				}
				continue
			}
			if next.IsZero() || silentAt.Before(next) {
				next = silentAt
			}
		}
		list = append(list, r)
	}
	return list, p.ready, next
}

// ignoreFrames leaves out the documents of frames, those of this page that are still to
// come included, but for those asked for at certain addresses.
func (p *pendingRequests) ignoreFrames(but []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames = make(map[string]bool, len(but))
	for _, address := range but {
		p.frames[withoutQuery(address)] = true
	}
	maps.DeleteFunc(p.inFlight, func(_ proto.NetworkRequestID, r request) bool { return p.isIgnored(r) })
	p.changed()
}

// isIgnored reports whether a request is not waited for. p.mu is held.
func (p *pendingRequests) isIgnored(r request) bool {
	return p.ignored[r.key] || p.frames != nil && r.kind == proto.NetworkResourceTypeDocument && !p.frames[r.address]
}

// mayEndSilently reports whether nobody may tell of a request's end: a stream has none,
// a shared worker's script is told to have begun, and an answer that nobody reads has
// an end only where its length was announced.
func (r request) mayEndSilently() bool {
	return r.stream || r.kind == proto.NetworkResourceTypeScript ||
		r.kind == proto.NetworkResourceTypeFetch && (r.length < 0 || r.received >= r.length)
}

// endUnread ends the requests whose answers have come whole and whose content nobody will
// read: kept says at which addresses there are answers that the page still has.
func (p *pendingRequests) endUnread(kept func(address string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, r := range p.inFlight {
		if r.mayBeUnread() && !kept(r.address) {
			delete(p.inFlight, id)
			p.recordAnswer(r, "")
		}
	}
	p.changed()
}

// mayBeUnread reports whether an answer has come whole that the page need not read.
func (r request) mayBeUnread() bool {
	return r.kind == proto.NetworkResourceTypeFetch && r.own && !r.answered.IsZero() &&
		r.length >= 0 && r.received >= r.length
}

// giveUp notes that the patience for what is out has run out, and describes what was
// waited for longest; empty if nothing was.
func (p *pendingRequests) giveUp() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.SortedFunc(maps.Values(p.inFlight), func(a, b request) int { return a.begun.Compare(b.begun) })
	for _, r := range list {
		p.markFailing(r.key)
	}
	if len(list) == 0 {
		return ""
	}
	return list[0].address
}

// failure describes the first request that the portal did not answer as it should;
// empty if there is none.
func (p *pendingRequests) failure() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.SortedFunc(maps.Values(p.failed), func(a, b failedRequest) int { return cmp.Compare(a.order, b.order) })
	if len(list) == 0 {
		return ""
	}
	return list[0].address + " " + list[0].what
}

// markFailing notes that a request was out of time or said nothing on this page.
// p.mu is held.
func (p *pendingRequests) markFailing(key string) {
	page, again := p.troubled[key]
	switch {
	case again && page != p.page:
		p.ignored[key] = true
	case len(p.troubled) < maxRequests:
		p.troubled[key] = p.page
	}
}
