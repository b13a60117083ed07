package browser

import (
	"context"
	"regexp"
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
	out  map[proto.FetchRequestID]string // address without its query
	news map[string]bool                 // addresses that wait for news
	none chan struct{}                   // closed when nothing is out any more; nil while nothing is
}

func (c *calls) init() {
	c.out, c.news = map[proto.FetchRequestID]string{}, map[string]bool{}
}

// forget is for a page that is left.
func (c *calls) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.out)
	c.check()
}

// begin notes a call, end its answer or failure.
func (c *calls) begin(id proto.FetchRequestID, address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) < maxFrames && !c.news[withoutQuery(address)] { // a page with more has other troubles
		c.out[id] = withoutQuery(address)
	}
	c.check()
}

func (c *calls) end(id proto.FetchRequestID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.out, id)
	c.check()
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

// wait waits until no call is out, for at most d. What is out then waits for
// news. It reports whether there was anything to wait for.
func (c *calls) wait(ctx context.Context, d time.Duration) bool {
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
		for _, address := range c.out {
			c.news[address] = true
		}
		clear(c.out)
		c.check()
	}
	return true
}

// blocker tells the addresses that the portal's definition blocks: patterns
// with * for any text.
type blocker []*regexp.Regexp

func newBlocker(patterns []string) blocker {
	var b blocker
	for _, p := range patterns {
		parts := strings.Split(p, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		b = append(b, regexp.MustCompile(`^(?s:`+strings.Join(parts, ".*")+`)$`))
	}
	return b
}

func (b blocker) blocks(address string) bool {
	for _, r := range b {
		if r.MatchString(address) {
			return true
		}
	}
	return false
}
