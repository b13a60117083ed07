package browser

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// callPatience is how long a page's list is not believed while the page waits
// for an answer of the portal. Coupa's lists were met up to 15 s after the page.
const callPatience = 15 * time.Second

// calls are the requests that the scripts of the page have out: an answer may
// change what the page lists. Which address takes longer than callPatience is
// one that waits for news, and is left out from then on.
type calls struct {
	mu   sync.Mutex
	out  map[proto.NetworkRequestID]call
	news map[string]bool // addresses that wait for news
	none chan struct{}   // closed when nothing is out any more; nil while nothing is
}

// call is one of them.
type call struct {
	address string // without its query
	begun   time.Time
}

func (c *calls) init() {
	c.out, c.news = map[proto.NetworkRequestID]call{}, map[string]bool{}
}

// forget is for a page that is left.
func (c *calls) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.out)
	c.check()
}

// begin notes a call, end its answer or failure.
func (c *calls) begin(id proto.NetworkRequestID, address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) < maxFrames && !c.news[withoutQuery(address)] { // a page with more has other troubles
		c.out[id] = call{withoutQuery(address), time.Now()}
	}
	c.check()
}

func (c *calls) end(id proto.NetworkRequestID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.out, id)
	c.check()
}

// watch keeps account of the calls by what the page's own process tells. It tells
// of a call as soon as a script makes it, and in one row with the answers to our
// own scripts: what such an answer says of the page is never older than the calls
// that are known when it comes. The browser's own process, which pauses requests,
// tells of them in its own time; on a busy machine that was later.
func (s *Session) watch(method string, params json.RawMessage) bool {
	s.heard.Store(true)
	var e struct {
		RequestID proto.NetworkRequestID
		FrameID   proto.PageFrameID
		Type      proto.NetworkResourceType
		Request   struct{ URL string }
		Frame     struct{ ID proto.PageFrameID } // of Page.frameNavigated
	}
	known := func() bool { return json.Unmarshal(params, &e) == nil }
	main := func(frame proto.PageFrameID) bool { return proto.TargetTargetID(frame) == s.guard.tab() }
	switch method {
	case "Network.requestWillBeSent":
		call := known() && (e.Type == proto.NetworkResourceTypeXHR || e.Type == proto.NetworkResourceTypeFetch)
		if call && main(e.FrameID) && allowed(s.config.Portal, e.Request.URL) {
			s.guard.calls.begin(e.RequestID, e.Request.URL)
		}
	case "Network.loadingFinished", "Network.loadingFailed":
		if known() {
			s.guard.calls.end(e.RequestID)
		}
	case "Page.frameNavigated":
		if known() && main(e.Frame.ID) {
			s.documents.Add(1)
			s.guard.calls.forget()
		}
	}
	return strings.HasPrefix(method, "Network.")
}

// check keeps the channel true of what is out.
func (c *calls) check() {
	switch {
	case len(c.out) > 0 && c.none == nil:
		c.none = make(chan struct{})
	case len(c.out) == 0 && c.none != nil:
		close(c.none)
		c.none = nil
	}
}

// wait waits until no call is out, for at most d. What has been out for long by
// then waits for news; a younger call may be late this once. It reports whether
// there was anything to wait for.
func (c *calls) wait(ctx context.Context, d, long time.Duration) bool {
	c.mu.Lock()
	none := c.none
	c.mu.Unlock()
	if none == nil {
		return false
	}
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-none:
	case <-ctx.Done():
	case <-late.C:
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, call := range c.out {
			if time.Since(call.begun) >= long {
				c.news[call.address] = true
			}
		}
		clear(c.out)
		c.check()
	}
	return true
}
