package browser

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// networkEvent is what is needed of the events of the domain Network.
type networkEvent struct {
	RequestID proto.NetworkRequestID
	Timestamp float64 // of the browser's clock, in seconds
	WallTime  float64 // the same since 1970; of requests
	FrameID   proto.PageFrameID
	Type      proto.NetworkResourceType
	URL       string // of a WebSocket
	Request   struct {
		URL, Method, PostData string
		HasPostData           bool
		Headers               map[string]string
	}
	Response struct {
		Status        int
		FromDiskCache bool
		MIMEType      string
		Headers       map[string]string
	}
	DataLength    int64
	Initiator     struct{ Type string }
	ErrorText     string
	Canceled      bool
	BlockedReason string
	Frame         struct {
		ID       proto.PageFrameID
		ParentID proto.PageFrameID
	} // of Page.frameNavigated
}

// trackRequests keeps account of the requests by what the page's own process tells. It tells
// of one as soon as a script makes it, and in one row with the answers to our own
// scripts: what such an answer says of the page is never older than the requests that
// are known when it comes. The browser's own process, which pauses requests, tells of
// them in its own time; on a busy machine that was later.
func (s *Session) trackRequests(method string, params json.RawMessage) bool {
	p := &s.interceptor.requests
	network := strings.HasPrefix(method, "Network.")
	if method == "Network.requestWillBeSentExtraInfo" {
		s.pageHeaders.record(params)
		p.sharedWorker(params)
		return true
	}
	if s.console.record(method, params) {
		return true
	}
	if !network && method != "Page.frameNavigated" {
		return false
	}
	var e networkEvent
	if json.Unmarshal(params, &e) != nil {
		return network
	}
	s.failures.record(method, &e)
	s.traffic.record(method, &e, proto.TargetTargetID(e.FrameID) == s.interceptor.tabTarget())
	switch method {
	case "Network.requestWillBeSent":
		if r, counts := s.describeRequest(&e); counts {
			p.add(e.RequestID, r)
			if r.own && r.kind != proto.NetworkResourceTypeScript {
				s.activity.begin(e.RequestID, e.Request.URL)
			}
		}
	case "Network.webSocketCreated":
		if s.mayList(e.URL) {
			p.add(e.RequestID, request{key: "socket " + withoutQuery(e.URL), address: withoutQuery(e.URL), stream: true})
		}
	case "Network.webSocketHandshakeResponseReceived":
		p.update(e.RequestID, e.Timestamp, func(r *request) bool { r.answered = time.Now(); return false })
	case "Network.requestServedFromCache":
		p.update(e.RequestID, 0, func(r *request) bool { p.answeredByCache(*r); return false })
	case "Network.responseReceived":
		s.activity.progress(e.RequestID, e.Response.Status)
		if e.Type == proto.NetworkResourceTypeXHR || e.Type == proto.NetworkResourceTypeFetch {
			s.files.noteEncoding(contentEncoding(e.Response.Headers))
		}
		p.update(e.RequestID, e.Timestamp, func(r *request) bool {
			r.answered, r.length = time.Now(), contentLength(e.Response.Headers)
			if e.Response.FromDiskCache {
				p.answeredByCache(*r)
			}
			if what := badAnswer(r.kind, e.Response.Status); what != "" {
				p.recordAnswer(*r, what)
				return true
			}
			return r.kind == proto.NetworkResourceTypeDocument && !strings.Contains(e.Response.MIMEType, "html")
		})
	case "Network.dataReceived":
		s.activity.progress(e.RequestID, 0)
		p.update(e.RequestID, e.Timestamp, func(r *request) bool {
			r.answered, r.received = time.Now(), r.received+e.DataLength
			return false
		})
	case "Network.eventSourceMessageReceived", "Network.webSocketFrameReceived":
		p.update(e.RequestID, e.Timestamp, func(r *request) bool { r.answered = time.Now(); return false })
	case "Network.webSocketClosed", "Network.webSocketFrameError":
		p.update(e.RequestID, e.Timestamp, func(r *request) bool { return true })
	case "Network.loadingFinished":
		s.activity.end(e.RequestID)
		p.update(e.RequestID, e.Timestamp, func(r *request) bool { p.recordAnswer(*r, ""); return true })
	case "Network.loadingFailed":
		s.activity.end(e.RequestID)
		if e.ErrorText == badEncoding && s.interceptor.awaitsFiles() {
			s.compressed.Store(true)
		}
		p.update(e.RequestID, e.Timestamp, func(r *request) bool {
			switch {
			case r.stream, e.BlockedReason != "":
			case !e.Canceled && e.ErrorText != "net::ERR_ABORTED":
				p.recordAnswer(*r, "failed: "+po.Clip(e.ErrorText, 100))
			case r.answered.IsZero() && time.Since(r.begun) >= ownTimeout:
				p.recordAnswer(*r, "was given up by the page")
			}
			return true
		})
	case "Page.frameNavigated":
		if e.Frame.ParentID == "" && proto.TargetTargetID(e.Frame.ID) == s.interceptor.tabTarget() {
			s.documents.Add(1)
			p.reset()
			s.activity.reset()
		}
	}
	return network
}

// describeRequest reports whether a request may change what the page lists, and describes it.
func (s *Session) describeRequest(e *networkEvent) (request, bool) {
	main := proto.TargetTargetID(e.FrameID) == s.interceptor.tabTarget()
	r := request{kind: e.Type, own: main, clock: e.WallTime - e.Timestamp, address: withoutQuery(e.Request.URL)}
	switch e.Type {
	case proto.NetworkResourceTypeXHR, proto.NetworkResourceTypeFetch:
	case proto.NetworkResourceTypeScript:
		if r.stands = e.Initiator.Type == "parser"; r.stands && isTracker(e.Request.URL) {
			return r, false
		}
	case proto.NetworkResourceTypeEventSource:
		r.stream = true
	case proto.NetworkResourceTypeDocument:
		if main {
			return r, false
		}
	default:
		return r, false
	}
	if !s.mayList(e.Request.URL) {
		return r, false
	}
	r.key = requestKey(e.Request.Method, e.Request.URL, e.Request.PostData)
	switch {
	case r.stream:
		r.key = "stream " + r.address
	case e.Request.PostData == "" && e.Request.HasPostData: // too long to be told: like no other
		r.key += " " + string(e.RequestID)
	}
	return r, true
}

// requestKey is the same for requests that are the same to the letter.
func requestKey(method, address, body string) string {
	key := method + " " + withoutCacheBusters(address)
	if body != "" {
		h := fnv.New64a()
		_, _ = h.Write([]byte(body))
		key += fmt.Sprintf(" %x", h.Sum64())
	}
	return key
}

// RequestHash is what a reading's Requests have of a request.
func RequestHash(c po.Call) string { return hashOfKey(requestKey(c.Method, c.URL, c.Body)) }

// isTracker reports whether a script that stands in a page measures what people do
// there, by its address: such scripts are slow at times, and list nothing.
func isTracker(address string) bool {
	return trackers.MatchString(address)
}

var trackers = regexp.MustCompile(`(?i)track|analytic|collect|telemetry|metric|beacon|pixel|tag-?manager|gtag|gtm` +
	`|matomo|piwik|hotjar|segment|sentry|newrelic|nr-|datadog|rum|pendo|walkme|clarity|optimizely|adobedtm` +
	`|consent|cookie`)

// withoutCacheBusters is an address without what is another one each time so that no cache
// answers, and, for what pages are kept up to date with, without its query.
func withoutCacheBusters(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	for _, part := range strings.Split(strings.ToLower(u.Path), "/") {
		switch part {
		case "socket.io", "signalr", "sockjs", "sockjs-node", "cometd", "faye", "atmosphere":
			return withoutQuery(address)
		}
	}
	query := u.Query()
	for name := range query {
		switch strings.ToLower(name) {
		case "_", "nocache", "cachebuster", "cb", "rand", "random", "rnd":
			query.Del(name)
		case "t", "ts", "time", "timestamp": // a tab, or a type, otherwise
			if timeOrRandom.MatchString(query.Get(name)) {
				query.Del(name)
			}
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// timeOrRandom is a time since 1970, in seconds at least, or a random number from [0,1).
var timeOrRandom = regexp.MustCompile(`^(\d{10,}|0?\.\d+)$`)

// mayList reports whether what a page lists may come from an address: from the
// portal's hosts, and those of the same site.
func (s *Session) mayList(address string) bool {
	return allowed(s.config.Portal, address) || sameSite(s.config.Portal.BaseURL, address)
}

// contentLength is how long an answer's content is announced to be, as it is read; -1 if
// that is not known.
func contentLength(headers map[string]string) int64 {
	if contentEncoding(headers) != "" {
		return -1
	}
	for name, value := range headers {
		if !strings.EqualFold(name, "Content-Length") {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil && n >= 0 {
			return n
		}
	}
	return -1
}

// badAnswer says in words what is wrong with the status of an answer that a page's
// list may need; empty: nothing. That there is no such thing, or that the user may
// not see it, is an answer like others, but not where a script loads another one.
func badAnswer(kind proto.NetworkResourceType, status int) string {
	if status >= 500 || status == 429 || status == 408 || status >= 400 && kind == proto.NetworkResourceTypeScript {
		return fmt.Sprintf("was answered %d", status)
	}
	return ""
}
