package browser

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// consoleLog takes what the browser tells of a page's console while it is asked for it.
type consoleLog struct {
	mu     sync.Mutex
	asking bool
	lines  []string
}

func (c *consoleLog) ask(asking bool) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.asking, c.lines = asking, nil
	return lines
}

func (c *consoleLog) add(kind, text, address string, line int) {
	if text == "" {
		return
	}
	if address = po.PublicURL(address); address != "" {
		text += fmt.Sprintf(" (%s:%d)", address, line)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asking {
		c.lines = append(c.lines, kind+": "+text)
		c.lines = c.lines[max(0, len(c.lines)-maxEvidenceLines):]
	}
}

// consoleLines are the messages and exceptions of the page, as the browser has kept them:
// it tells all that it has when it is asked. It is not asked before: pages can find out
// that somebody follows their console, and some refuse to work then.
func (s *Session) consoleLines(ctx context.Context, secrets []string) []string {
	s.console.ask(true)
	w := s.page(ctx)
	_ = proto.RuntimeEnable{}.Call(w)
	_ = proto.LogEnable{}.Call(w)
	_ = proto.LogDisable{}.Call(w)
	_ = proto.RuntimeDisable{}.Call(w)
	lines := s.console.ask(false)
	for i, line := range lines {
		lines[i] = cleanLine(withoutQueries(line), secrets...)
	}
	return lines
}

// query is what an address of a page has behind it, relative ones too: those are told from
// sentences by a path in front or by a value behind.
var query = regexp.MustCompile(`(/[^\s"'<>()?#]*)[?#][^\s"'<>()]+|[?#][^\s"'<>()=]*=[^\s"'<>()]*`)

// withoutQueries is a text of a console without the queries of addresses.
func withoutQueries(text string) string { return query.ReplaceAllString(text, "$1") }

// consoleEvent is what is read of the events of a console.
type consoleEvent struct {
	Type string // of console.log and its like
	Args []struct {
		Value       any
		Description string
		Type        string
	}
	StackTrace struct {
		CallFrames []struct {
			URL        string
			LineNumber int
		}
	}
	ExceptionDetails struct {
		Text       string
		URL        string
		LineNumber int
		Exception  struct{ Description string }
	}
	Entry struct {
		Level, Text, URL string
		LineNumber       int
	}
}

// record notes an event; false if it is none of a console.
func (c *consoleLog) record(method string, params json.RawMessage) bool {
	switch method {
	case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
	default:
		return false
	}
	var e consoleEvent
	if json.Unmarshal(params, &e) != nil {
		return true
	}
	switch method {
	case "Runtime.consoleAPICalled":
		words := make([]string, len(e.Args))
		for i, a := range e.Args {
			if words[i] = cmp.Or(a.Description, a.Type); a.Value != nil {
				words[i] = fmt.Sprint(a.Value)
			}
		}
		address, line := "", 0
		if len(e.StackTrace.CallFrames) > 0 {
			address, line = e.StackTrace.CallFrames[0].URL, e.StackTrace.CallFrames[0].LineNumber+1
		}
		c.add(e.Type, strings.Join(words, " "), address, line)
	case "Runtime.exceptionThrown":
		x := e.ExceptionDetails
		first, _, _ := strings.Cut(x.Exception.Description, "\n")
		c.add("exception", strings.TrimSpace(x.Text+" "+first), x.URL, x.LineNumber+1)
	case "Log.entryAdded":
		c.add(e.Entry.Level, e.Entry.Text, e.Entry.URL, e.Entry.LineNumber+1)
	}
	return true
}

// requestFailures are the requests of a reading's pages that were not answered as they
// should. It is safe for concurrent use.
type requestFailures struct {
	mu    sync.Mutex
	asked map[proto.NetworkRequestID]string // method and address, without its query
	lines []string
}

// reset is for a new reading.
func (f *requestFailures) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.lines = map[proto.NetworkRequestID]string{}, nil
}

func (f *requestFailures) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.lines)
}

// record notes what the browser tells of a request.
func (f *requestFailures) record(method string, e *networkEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch method {
	case "Network.requestWillBeSent":
		if address := po.PublicURL(e.Request.URL); len(f.asked) < maxRequests && address != "" {
			f.asked[e.RequestID] = e.Request.Method + " " + address
		}
	case "Network.responseReceived":
		if e.Response.Status >= 400 {
			f.add(e.RequestID, po.PortalAnswer(e.Response.Status, ""))
		}
	case "Network.loadingFailed":
		if what := cmp.Or(e.ErrorText, e.BlockedReason); !e.Canceled && what != "net::ERR_ABORTED" {
			f.add(e.RequestID, what)
		}
		delete(f.asked, e.RequestID)
	case "Network.loadingFinished":
		delete(f.asked, e.RequestID)
	}
}

// add notes a failure. f.mu is held.
func (f *requestFailures) add(id proto.NetworkRequestID, what string) {
	if asked := f.asked[id]; asked != "" {
		f.lines = append(f.lines, cleanLine(asked+": "+what))
		f.lines = f.lines[max(0, len(f.lines)-maxEvidenceLines):]
	}
}
