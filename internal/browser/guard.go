package browser

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/portal"
)

// guard decides about every document that the browser is about to load, in any
// tab or frame, each redirect included, and about what the portal's definition
// blocks. It also knows what the last document's answer was, and for which
// answers the page waits.
type guard struct {
	portal   portal.Portal
	requests pendingRequests // of the tab; see watch

	mu     sync.Mutex
	main   proto.PageFrameID          // the tab's main frame
	tops   map[proto.PageFrameID]bool // the main frames of all tabs and windows
	mode   mode
	last   document                   // the main frame's latest
	frames map[proto.PageFrameID]load // what each frame began to load last before a click
	asked  []string                   // the addresses that the main frame asked for, redirects included; the first and the latest
	left   func(string)               // called when the main frame is about to leave the portal's hosts
	seen   chan document              // what happened to documents in the modes take and save
}

// mode says what documents are to the guard.
type mode int

const (
	modeRead mode = iota // pages to be read
	modeTake             // targets of a click: GET requests are noted, not made
	modeSave             // files: what is not HTML becomes a download
)

// document is a document's request or answer as the guard saw it.
type document struct {
	URL        string
	Main       bool // in the tab's main frame
	Popup      bool // in the main frame of another window
	Foreign    bool // not on the portal's hosts; was not requested
	Redirected bool // by an answer of the portal
	Taken      bool // a GET request that was noted and not made
	Status     int  // of the answer; 0 for a request
	HTML       bool
	Header     http.Header
}

// load is a document that a frame has asked for.
type load struct {
	address string                 // without its query; empty if it is too long
	request proto.NetworkRequestID // the same for all redirects
	again   bool                   // the frame has asked for something since, at a click's time
}

// verdict is what becomes of a paused request.
type verdict int

const (
	goOn    verdict = iota
	refuse          // as blocked
	drop            // as aborted: the page stays as it is
	save            // answer: as a file
	plainly         // request: of an answer that is not compressed
)

func (g *guard) init(p portal.Portal) {
	g.portal, g.seen = p, make(chan document, 64)
	g.requests.init()
	g.tops, g.frames = map[proto.PageFrameID]bool{}, map[proto.PageFrameID]load{}
}

// watch names the frame whose documents are pages.
func (g *guard) watch(main proto.PageFrameID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.main = main
}

// tab is the target of the frame that watch has named.
func (g *guard) tab() proto.TargetTargetID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return proto.TargetTargetID(g.main)
}

// maxWindows bounds the windows of a browser. A click opens one or two; its page may
// open others beside.
const maxWindows = 20

// opened notes a window and says whether it is one that a page has opened by
// itself, and whether there are too many.
func (g *guard) opened(info *proto.TargetTargetInfo) (uncalled, tooMany bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tops[proto.PageFrameID(info.TargetID)] = true // its main frame has its ID
	return info.OpenerID != "" && g.mode == modeRead, len(g.tops) > maxWindows
}

// closed forgets a target.
func (g *guard) closed(params json.RawMessage) {
	var e proto.TargetTargetDestroyed
	if json.Unmarshal(params, &e) != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tops, proto.PageFrameID(e.TargetID))
	delete(g.frames, proto.PageFrameID(e.TargetID))
}

// popups are the windows beside the tab.
func (g *guard) popups() []proto.TargetTargetID {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []proto.TargetTargetID
	for frame := range g.tops {
		if frame != g.main {
			list = append(list, proto.TargetTargetID(frame))
		}
	}
	return list
}

// isTop reports whether a frame is the main one of a tab or window.
func (g *guard) isTop(frame proto.PageFrameID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return frame == g.main || g.tops[frame]
}

// set changes the mode and forgets what was seen in the former. left may be
// nil.
func (g *guard) set(m mode, left func(url string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode, g.left, g.last, g.asked = m, left, document{}, nil
	for len(g.seen) > 0 {
		<-g.seen
	}
}

// answer is the last answer for the main frame.
func (g *guard) answer() document {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// diverted reports whether the main frame was last on its way to another host
// than that it first asked.
func (g *guard) diverted() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.asked) > 1 && hostOf(g.asked[0]) != hostOf(g.asked[1])
}

// judge decides about one paused request and notes it.
func (g *guard) judge(e *proto.FetchRequestPaused) verdict {
	switch e.ResourceType {
	case proto.NetworkResourceTypeDocument:
	default:
		return refuse // only what the definition blocks is paused at all
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	d := look(e, g.main)
	d.Popup = !d.Main && g.tops[e.FrameID]
	answered := isAnswer(e)
	d.Foreign = !answered && !allowed(g.portal, d.URL)
	same, again := g.begun(e, d)
	switch {
	case again:
		return goOn
	case same && answered && d.isFile():
		return drop
	case same:
		if d.Main { // the page is being left
			g.note(d, answered)
		}
		return decide(modeRead, d, e.Request.Method, answered)
	}
	v := decide(g.mode, d, e.Request.Method, answered)
	d.Taken = v == drop && !d.Foreign
	g.note(d, answered)
	return v
}

func isAnswer(e *proto.FetchRequestPaused) bool {
	return e.ResponseStatusCode != nil || e.ResponseErrorReason != ""
}

// maxFrames bounds the frames of a page that are remembered.
const maxFrames = 256

// begun says what a document that comes at a click's time has to do with what the
// page began to load before. Of the same request it is not the click's, nor is its
// file; a frame within the page that loads its own address again, whatever the
// query, may do so by itself, but a file of that is the click's. While the page is
// read, begun notes what is asked for.
func (g *guard) begun(e *proto.FetchRequestPaused, d document) (same, again bool) {
	had, known := g.frames[e.FrameID]
	this := load{request: e.NetworkID}
	if len(d.URL) <= maxURLChars {
		this.address = withoutQuery(d.URL)
	}
	switch {
	case g.mode != modeRead:
		same = known && this.request != "" && this.request == had.request
		again = known && !same && !d.Main && !d.Popup && this.address != "" && this.address == had.address
		if same {
			g.frames[e.FrameID] = this // a redirect has another address
		} else if known {
			had.again = true
			g.frames[e.FrameID] = had
		}
		return same, again
	case d.Main:
		clear(g.frames)
	}
	if known || len(g.frames) < maxFrames {
		g.frames[e.FrameID] = this
	}
	return false, false
}

// saves reports whether a download is one that a frame within the page began when
// it was read.
func (g *guard) saves(frame proto.PageFrameID, address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	had := g.frames[frame]
	return frame != g.main && !g.tops[frame] && had.address != "" && !had.again && had.address == withoutQuery(address)
}

func (g *guard) note(d document, answered bool) {
	if d.Main && answered {
		g.last = d
	}
	if d.Main && !answered {
		g.asked = append(g.asked[:min(1, len(g.asked))], d.URL)
	}
	if d.Main && d.Foreign && g.left != nil {
		g.left(d.URL)
	}
	if g.mode != modeRead {
		select {
		case g.seen <- d:
		default: // a page that opens 64 frames at a click: nobody looks at the rest
		}
	}
}

// decide is the guard's law. In a page, frames within it may come from
// elsewhere, like its images do: they are no place that we go to.
func decide(m mode, d document, method string, answered bool) verdict {
	switch {
	case d.Foreign && (d.Main || d.Popup || m != modeRead):
		return drop
	case m == modeTake && !answered && method == http.MethodGet:
		return drop
	case m != modeRead && answered && d.isFile():
		return save
	}
	return goOn
}

func look(e *proto.FetchRequestPaused, main proto.PageFrameID) document {
	d := document{URL: e.Request.URL, Main: e.FrameID == main, Redirected: e.RedirectedRequestID != "", Header: http.Header{}}
	if e.ResponseStatusCode != nil {
		d.Status = *e.ResponseStatusCode
	}
	for _, h := range e.ResponseHeaders {
		d.Header.Add(h.Name, h.Value)
	}
	kind := strings.ToLower(d.Header.Get("Content-Type"))
	attachment := strings.HasPrefix(strings.ToLower(strings.TrimSpace(d.Header.Get("Content-Disposition"))), "attachment")
	d.HTML = !attachment && (kind == "" || strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/xhtml"))
	return d
}

// allowed reports whether an address is on one of the portal's hosts.
func allowed(p portal.Portal, address string) bool {
	u, err := url.Parse(address)
	return err == nil && p.Allowed(u)
}

// intercept has the browser ask before each document and what the portal's
// definition blocks, in all tabs.
func (s *Session) intercept(w wire) error {
	patterns := []*proto.FetchRequestPattern{
		{ResourceType: proto.NetworkResourceTypeDocument, RequestStage: proto.FetchRequestStageRequest},
		{ResourceType: proto.NetworkResourceTypeDocument, RequestStage: proto.FetchRequestStageResponse},
	}
	kinds := map[string]proto.NetworkResourceType{
		"font":       proto.NetworkResourceTypeFont,
		"media":      proto.NetworkResourceTypeMedia,
		"stylesheet": proto.NetworkResourceTypeStylesheet,
	}
	for _, block := range s.config.Portal.Block {
		if kind, ok := kinds[block]; ok {
			patterns = append(patterns, &proto.FetchRequestPattern{ResourceType: kind, RequestStage: proto.FetchRequestStageRequest})
		} else if block != "image" { // which a flag of the browser does
			patterns = append(patterns, &proto.FetchRequestPattern{URLPattern: block, RequestStage: proto.FetchRequestStageRequest})
		}
	}
	return proto.FetchEnable{Patterns: patterns}.Call(w)
}

// paused answers a request that waits for the guard.
func (s *Session) paused(params json.RawMessage) {
	var e proto.FetchRequestPaused
	if json.Unmarshal(params, &e) != nil || e.Request == nil {
		return
	}
	v := s.guard.judge(&e)
	if v == goOn && !isAnswer(&e) && s.guard.clicking() && !s.compressed.Load() {
		v = plainly
	}
	if isAnswer(&e) && s.guard.clicking() && compressed(&e) {
		s.compressed.Store(true)
	}
	s.files.answered(&e)
	s.soon(func(w wire) error {
		switch v {
		case refuse:
			return proto.FetchFailRequest{RequestID: e.RequestID, ErrorReason: proto.NetworkErrorReasonBlockedByClient}.Call(w)
		case drop:
			return proto.FetchFailRequest{RequestID: e.RequestID, ErrorReason: proto.NetworkErrorReasonAborted}.Call(w)
		case save:
			return proto.FetchContinueResponse{RequestID: e.RequestID, ResponseCode: e.ResponseStatusCode,
				ResponseHeaders: asAttachment(e.ResponseHeaders)}.Call(w)
		case plainly:
			return proto.FetchContinueRequest{RequestID: e.RequestID, Headers: uncompressed(e.Request.Headers)}.Call(w)
		}
		return proto.FetchContinueRequest{RequestID: e.RequestID}.Call(w)
	})
}

// asAttachment makes an answer one that the browser saves, whatever it could
// show. A file name that the answer has is kept.
func asAttachment(headers []*proto.FetchHeaderEntry) []*proto.FetchHeaderEntry {
	value := "attachment"
	kept := slices.DeleteFunc(slices.Clone(headers), func(h *proto.FetchHeaderEntry) bool {
		if !strings.EqualFold(h.Name, "Content-Disposition") {
			return false
		}
		if _, params, ok := strings.Cut(h.Value, ";"); ok {
			value = "attachment;" + params
		}
		return true
	})
	return append(kept, &proto.FetchHeaderEntry{Name: "Content-Disposition", Value: value})
}
