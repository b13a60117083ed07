package testportal

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// RequestKind says what a request was for.
type RequestKind string

// The kinds of requests.
const (
	RequestPage        RequestKind = "page"        // an order's page
	RequestRequisition RequestKind = "requisition" // a requisition's page
	RequestList        RequestKind = "list"        // the call that lists attachments
	RequestFile        RequestKind = "file"
	RequestSignIn      RequestKind = "sign-in"
	RequestAsset       RequestKind = "asset"   // counted, not recorded
	RequestTracker     RequestKind = "tracker" // counted, not recorded
	RequestOther       RequestKind = "other"   // counted, not recorded
)

// Request is one request that concerned an order or a sign-in.
type Request struct {
	Kind     RequestKind
	Order    string // digits of its order; as asked for if there is none
	File     int    // number of the file in its path; 0 for other kinds
	Browser  string // which browser it came from, told by a cookie of the portal's; empty for a client that keeps none
	Status   int    // of the answer; 0 if none was given
	SignedIn bool   // when it was asked
	Start    time.Time
	End      time.Time // zero while it is being answered
}

// record keeps what was asked.
type record struct {
	mu       sync.Mutex
	requests []Request
	counts   map[RequestKind]int
	active   map[string]map[string]int // requests being answered, by order and browser
	atOnce   map[string]int
}

// Requests returns a copy of the record, in the order of arrival.
func (p *Portal) Requests() []Request {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	return slices.Clone(p.record.requests)
}

// Counts tells how many requests of each kind came.
func (p *Portal) Counts() map[RequestKind]int {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	return maps.Clone(p.record.counts)
}

// AtOnce tells for each order, by its digits, how many different browsers had
// requests for its pages, lists or files in hand at the same moment, at most. Above 1
// an order was worked on by two workers at once.
func (p *Portal) AtOnce() map[string]int {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	return maps.Clone(p.record.atOnce)
}

func (rec *record) count(kind RequestKind) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.counts == nil {
		rec.counts = make(map[RequestKind]int)
	}
	rec.counts[kind]++
}

// begin records a request and returns its place in the record.
func (rec *record) begin(r Request) int {
	rec.count(r.Kind)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.active == nil {
		rec.active, rec.atOnce = make(map[string]map[string]int), make(map[string]int)
	}
	if r.Order != "" && r.SignedIn { // else nothing of the order is given out, and a browser that has lost its cookies has another name
		browsers := rec.active[r.Order]
		if browsers == nil {
			browsers = make(map[string]int)
			rec.active[r.Order] = browsers
		}
		browsers[r.Browser]++
		rec.atOnce[r.Order] = max(rec.atOnce[r.Order], len(browsers))
	}
	r.Start = time.Now()
	rec.requests = append(rec.requests, r)
	return len(rec.requests) - 1
}

func (rec *record) finish(place, status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	r := &rec.requests[place]
	r.End, r.Status = time.Now(), status
	if browsers := rec.active[r.Order]; browsers != nil && r.SignedIn {
		if browsers[r.Browser]--; browsers[r.Browser] == 0 {
			delete(browsers, r.Browser)
		}
	}
}

// recorded wraps a handler of requests that concern an order; about says which.
func (p *Portal) recorded(kind RequestKind, about func(*http.Request) (order string, file int), next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		order, file := about(r)
		place := p.record.begin(Request{Kind: kind, Order: order, File: file, Browser: p.browser(w, r), SignedIn: p.signedIn(r)})
		sw := &statusWriter{ResponseWriter: w}
		defer func() { p.record.finish(place, sw.status) }()
		next(sw, r)
	}
}

// handlers lets Close wait for every request that is being answered.
type handlers struct {
	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup
}

func (h *handlers) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		if h.closed {
			h.mu.Unlock()
			return
		}
		h.busy.Add(1)
		h.mu.Unlock()
		defer h.busy.Done()
		next.ServeHTTP(w, r)
	})
}

func (h *handlers) wait() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.busy.Wait()
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
