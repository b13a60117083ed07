package testportal

import (
	"context"
	"maps"
	"net"
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
	RequestProbe       RequestKind = "probe" // the home page, and the one that says who is signed in
	RequestSignIn      RequestKind = "sign-in"
	RequestSignOut     RequestKind = "sign-out"
	RequestElsewhere   RequestKind = "elsewhere" // a page of another host, to which who is signed out is led
	RequestProvider    RequestKind = "provider"  // a page of the identity provider
	RequestRefusal     RequestKind = "refusal"   // the identity provider has refused a browser
	RequestAsset       RequestKind = "asset"     // counted, not recorded
	RequestTracker     RequestKind = "tracker"   // counted, not recorded
	RequestOther       RequestKind = "other"     // counted, not recorded
)

// Request is one request that concerned an order or a sign-in.
type Request struct {
	Kind     RequestKind
	Order    string // digits of its order; as asked for if there is none
	File     int    // number of the file in its path; 0 for other kinds
	Browser  string // which browser it came from, told by a cookie of the portal's; empty for a client that keeps none
	Status   int    // of the answer; 0 if none was given
	SignedIn bool   // when it was asked
	User     string // who was; empty if nobody
	Start    time.Time
	End      time.Time // zero while it is being answered
}

// record keeps what was asked.
type record struct {
	mu       sync.Mutex
	requests []Request
	counts   map[RequestKind]int
	active   map[string]map[int]activeRequest // being answered, by order and place in requests
	atOnce   map[string]int
}

// activeRequest is a request that is being answered.
type activeRequest struct {
	browser string
	conn    net.Conn // that it came by; nil if not known
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
func (rec *record) begin(r Request, conn net.Conn) int {
	rec.count(r.Kind)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.active == nil {
		rec.active, rec.atOnce = make(map[string]map[int]activeRequest), make(map[string]int)
	}
	r.Start = time.Now()
	place := len(rec.requests)
	rec.requests = append(rec.requests, r)
	// Signed out, nothing of the order is given out, and a browser that has lost its cookies has another name.
	if r.Order != "" && r.SignedIn {
		active := rec.active[r.Order]
		if active == nil {
			active = make(map[int]activeRequest)
			rec.active[r.Order] = active
		}
		active[place] = activeRequest{r.Browser, conn}
		rec.atOnce[r.Order] = max(rec.atOnce[r.Order], countBrowsers(active))
	}
	return place
}

// countBrowsers counts the browsers that wait for an answer. One that is gone does
// not, though its request may be read, or be seen to have ended, a while later.
func countBrowsers(active map[int]activeRequest) int {
	browsers := make(map[string]bool)
	for _, r := range active {
		if !browsers[r.browser] && !hungUp(r.conn) {
			browsers[r.browser] = true
		}
	}
	return len(browsers)
}

func (rec *record) finish(place, status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	r := &rec.requests[place]
	r.End, r.Status = time.Now(), status
	delete(rec.active[r.Order], place)
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// withConn makes the connection known to the requests that come by it.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// recorded wraps a handler of requests that concern an order; about says which.
func (p *Portal) recorded(kind RequestKind, about func(*http.Request) (order string, file int), next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		order, file := about(r)
		conn, _ := r.Context().Value(connKey{}).(net.Conn)
		v := &visit{kind: kind, browser: p.browser(w, r)}
		request := Request{Kind: kind, Order: order, File: file, Browser: v.browser}
		request.User, request.SignedIn = p.signedIn(r, v.browser)
		place := p.record.begin(request, conn)
		sw := &statusWriter{ResponseWriter: w}
		defer func() { p.record.finish(place, sw.status) }()
		next(sw, withVisit(r, v))
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
