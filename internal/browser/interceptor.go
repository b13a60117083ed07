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

// interceptor decides about every document that the browser is about to load, in any
// tab or frame, each redirect included, and about what the portal's definition
// blocks. It also knows what the last document's answer was, and for which
// answers the page waits.
type interceptor struct {
	portal   portal.Portal
	requests pendingRequests // of the tab; see trackRequests

	mu        sync.Mutex
	mainFrame proto.PageFrameID          // the tab's main frame
	topFrames map[proto.PageFrameID]bool // the main frames of all tabs and windows
	mode      mode
	last      document                   // the main frame's latest
	frames    map[proto.PageFrameID]load // what each frame began to load last before a click
	asked     []string                   // the first and the latest address that the main frame asked for, redirects too
	rules     []rule                     // of a page on loan, the latest first
	onLeave   func(string)               // called when the main frame is about to leave the portal's hosts
	documents chan document              // what happened to documents in the modes take and save
}

// mode says what documents are to the interceptor.
type mode int

const (
	modeRead    mode = iota // pages to be read
	modeCapture             // targets of a click: GET requests are noted, not made
	modeSave                // files: what is not HTML becomes a download
)

// document is a document's request or answer as the interceptor saw it.
type document struct {
	URL        string
	Main       bool // in the tab's main frame
	Popup      bool // in the main frame of another window
	OffPortal  bool // not on the portal's hosts; was not requested
	Redirected bool // by an answer of the portal
	Captured   bool // a GET request that was noted and not made
	Status     int  // of the answer; 0 for a request
	HTML       bool
	Header     http.Header
}

// load is a document that a frame has asked for.
type load struct {
	address    string                 // without its query; empty if it is too long
	request    proto.NetworkRequestID // the same for all redirects
	superseded bool                   // the frame has asked for something since, at a click's time
}

// verdict is what becomes of a paused request.
type verdict int

const (
	letPass         verdict = iota
	block                   // as blocked
	abort                   // as aborted: the page stays as it is
	saveAsFile              // answer: as a file
	askUncompressed         // request: of an answer that is not compressed
)

func (i *interceptor) init(p portal.Portal) {
	i.portal, i.documents = p, make(chan document, 64)
	i.requests.init()
	i.topFrames, i.frames = map[proto.PageFrameID]bool{}, map[proto.PageFrameID]load{}
}

// setMainFrame names the frame whose documents are pages.
func (i *interceptor) setMainFrame(main proto.PageFrameID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mainFrame = main
}

// tabTarget is the target of the frame that watch has named.
func (i *interceptor) tabTarget() proto.TargetTargetID {
	i.mu.Lock()
	defer i.mu.Unlock()
	return proto.TargetTargetID(i.mainFrame)
}

// maxWindows bounds the windows of a browser. A click opens one or two; its page may
// open others beside.
const maxWindows = 20

// windowOpened notes a window and says whether it is one that a page has opened by
// itself, and whether there are too many.
func (i *interceptor) windowOpened(info *proto.TargetTargetInfo) (uncalled, tooMany bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.topFrames[proto.PageFrameID(info.TargetID)] = true // its main frame has its ID
	return info.OpenerID != "" && i.mode == modeRead, len(i.topFrames) > maxWindows
}

// targetClosed forgets a target.
func (i *interceptor) targetClosed(params json.RawMessage) {
	var e proto.TargetTargetDestroyed
	if json.Unmarshal(params, &e) != nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.topFrames, proto.PageFrameID(e.TargetID))
	delete(i.frames, proto.PageFrameID(e.TargetID))
}

// popups are the windows beside the tab.
func (i *interceptor) popups() []proto.TargetTargetID {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []proto.TargetTargetID
	for frame := range i.topFrames {
		if frame != i.mainFrame {
			list = append(list, proto.TargetTargetID(frame))
		}
	}
	return list
}

// isTopFrame reports whether a frame is the main one of a tab or window.
func (i *interceptor) isTopFrame(frame proto.PageFrameID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return frame == i.mainFrame || i.topFrames[frame]
}

// setMode changes the mode and forgets what was seen in the former. left may be
// nil.
func (i *interceptor) setMode(m mode, left func(url string)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mode, i.onLeave, i.last, i.asked = m, left, document{}, nil
	for len(i.documents) > 0 {
		<-i.documents
	}
}

// onLeaving changes only who is told that the main frame is about to leave the hosts.
func (i *interceptor) onLeaving(left func(url string)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.onLeave = left
}

// isLeaving reports whether the main frame has asked for a document since the mode was set.
func (i *interceptor) isLeaving() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.asked) > 0
}

// lastAnswer is the last answer for the main frame.
func (i *interceptor) lastAnswer() document {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}

// leftFirstHost reports whether the main frame was last on its way to another host
// than that it first asked.
func (i *interceptor) leftFirstHost() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.asked) > 1 && hostOf(i.asked[0]) != hostOf(i.asked[1])
}

// handlePaused decides about one paused request and notes it.
func (i *interceptor) handlePaused(e *proto.FetchRequestPaused) verdict {
	switch e.ResourceType {
	case proto.NetworkResourceTypeDocument:
	default:
		return block // only what the definition blocks is paused at all
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	d := newDocument(e, i.mainFrame)
	d.Popup = !d.Main && i.topFrames[e.FrameID]
	answered := isAnswer(e)
	d.OffPortal = !answered && !allowed(i.portal, d.URL)
	same, again := i.matchLoad(e, d)
	switch {
	case again:
		return letPass
	case same && answered && d.isFile():
		return abort
	case same:
		if d.Main { // the page is being left
			i.record(d, answered)
		}
		return decide(modeRead, d, e.Request.Method, answered)
	}
	v := decide(i.mode, d, e.Request.Method, answered)
	d.Captured = v == abort && !d.OffPortal
	i.record(d, answered)
	return v
}

func isAnswer(e *proto.FetchRequestPaused) bool {
	return e.ResponseStatusCode != nil || e.ResponseErrorReason != ""
}

// maxFrames bounds the frames of a page that are remembered.
const maxFrames = 256

// matchLoad says what a document that comes at a click's time has to do with what the
// page began to load before. Of the same request it is not the click's, nor is its
// file; a frame within the page that loads its own address again, whatever the
// query, may do so by itself, but a file of that is the click's. While the page is
// read, matchLoad notes what is asked for.
func (i *interceptor) matchLoad(e *proto.FetchRequestPaused, d document) (same, again bool) {
	had, known := i.frames[e.FrameID]
	this := load{request: e.NetworkID}
	if len(d.URL) <= maxURLChars {
		this.address = withoutQuery(d.URL)
	}
	switch {
	case i.mode != modeRead:
		same = known && this.request != "" && this.request == had.request
		again = known && !same && !d.Main && !d.Popup && this.address != "" && this.address == had.address
		if same {
			i.frames[e.FrameID] = this // a redirect has another address
		} else if known {
			had.superseded = true
			i.frames[e.FrameID] = had
		}
		return same, again
	case d.Main:
		clear(i.frames)
	}
	if known || len(i.frames) < maxFrames {
		i.frames[e.FrameID] = this
	}
	return false, false
}

// isFrameDownload reports whether a download is one that a frame within the page began when
// it was read.
func (i *interceptor) isFrameDownload(frame proto.PageFrameID, address string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	had := i.frames[frame]
	inPage := frame != i.mainFrame && !i.topFrames[frame]
	return inPage && had.address != "" && !had.superseded && had.address == withoutQuery(address)
}

func (i *interceptor) record(d document, answered bool) {
	if d.Main && answered {
		i.last = d
	}
	if d.Main && !answered {
		i.asked = append(i.asked[:min(1, len(i.asked))], d.URL)
	}
	if d.Main && d.OffPortal && i.onLeave != nil {
		i.onLeave(d.URL)
	}
	if i.mode != modeRead {
		select {
		case i.documents <- d:
		default: // a page that opens 64 frames at a click: nobody looks at the rest
		}
	}
}

// decide is the rule for documents. In a page, frames within it may come from
// elsewhere, like its images do: they are no place that we go to.
func decide(m mode, d document, method string, answered bool) verdict {
	switch {
	case d.OffPortal && (d.Main || d.Popup || m != modeRead):
		return abort
	case m == modeCapture && !answered && method == http.MethodGet:
		return abort
	case m != modeRead && answered && d.isFile():
		return saveAsFile
	}
	return letPass
}

func newDocument(e *proto.FetchRequestPaused, main proto.PageFrameID) document {
	d := document{
		URL: e.Request.URL, Main: e.FrameID == main, Redirected: e.RedirectedRequestID != "", Header: http.Header{},
	}
	if e.ResponseStatusCode != nil {
		d.Status = *e.ResponseStatusCode
	}
	for _, h := range e.ResponseHeaders {
		d.Header.Add(h.Name, h.Value)
	}
	kind := strings.ToLower(d.Header.Get("Content-Type"))
	attachment := strings.HasPrefix(strings.ToLower(strings.TrimSpace(d.Header.Get("Content-Disposition"))), "attachment")
	html := kind == "" || strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/xhtml")
	d.HTML = html && !attachment
	return d
}

// allowed reports whether an address is on one of the portal's hosts.
func allowed(p portal.Portal, address string) bool {
	u, err := url.Parse(address)
	return err == nil && p.Allowed(u)
}

// intercept has the browser ask before each document and what the portal's
// definition blocks, in all tabs.
func (s *Session) intercept(w cdpClient) error {
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
		pattern := &proto.FetchRequestPattern{RequestStage: proto.FetchRequestStageRequest}
		if kind, ok := kinds[block]; ok {
			pattern.ResourceType = kind
		} else if block != "image" { // which a flag of the browser does
			pattern.URLPattern = block
		} else {
			continue
		}
		patterns = append(patterns, pattern)
	}
	return proto.FetchEnable{Patterns: append(patterns, s.interceptor.rulePatterns()...)}.Call(w)
}

// paused answers a request that waits for the interceptor.
func (s *Session) paused(params json.RawMessage) {
	var e proto.FetchRequestPaused
	if json.Unmarshal(params, &e) != nil || e.Request == nil {
		return
	}
	v := s.interceptor.handlePaused(&e)
	if what := s.interceptor.ruleFor(&e); what != nil && v != abort {
		s.async(func(w cdpClient) error { return apply(w, &e, *what) })
		return
	}
	if v == letPass && !isAnswer(&e) && s.interceptor.awaitsFiles() && !s.compressed.Load() {
		v = askUncompressed
	}
	if isAnswer(&e) && s.interceptor.awaitsFiles() && compressed(&e) {
		s.compressed.Store(true)
	}
	s.files.noteAnswer(&e)
	s.async(func(w cdpClient) error {
		switch v {
		case block:
			return proto.FetchFailRequest{RequestID: e.RequestID, ErrorReason: proto.NetworkErrorReasonBlockedByClient}.Call(w)
		case abort:
			return proto.FetchFailRequest{RequestID: e.RequestID, ErrorReason: proto.NetworkErrorReasonAborted}.Call(w)
		case saveAsFile:
			return proto.FetchContinueResponse{RequestID: e.RequestID, ResponseCode: e.ResponseStatusCode,
				ResponseHeaders: asAttachment(e.ResponseHeaders)}.Call(w)
		case askUncompressed:
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
