package browser

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// Bounds of the traffic that is recorded.
const (
	maxCalls       = 64
	maxCallBytes   = 2 << 20  // of one answer
	maxRecorded    = 16 << 20 // that the browser keeps of all answers
	trafficTimeout = 3 * time.Second
)

// trafficLog has what the page that is read has asked for, while its list is read. The browser keeps the
// answers, as long as the page is there.
type trafficLog struct {
	mu       sync.Mutex
	on       bool
	document proto.NetworkRequestID
	kind     string // content type of the document
	calls    []recordedCall
}

type recordedCall struct {
	id   proto.NetworkRequestID
	call po.Call
	json bool // its answer is, and has come whole
}

// start forgets what another page has asked for.
func (l *trafficLog) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.document, l.kind, l.calls = "", "", nil
}

// record takes an event of the domain Network. main says that it is of the page itself.
func (l *trafficLog) record(method string, e *networkEvent, main bool) {
	if !l.on {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.calls, func(c recordedCall) bool { return c.id == e.RequestID })
	switch method {
	case "Network.requestWillBeSent":
		switch {
		case !main:
		case e.Type == proto.NetworkResourceTypeDocument:
			l.document, l.kind = e.RequestID, ""
		case e.Type != proto.NetworkResourceTypeXHR && e.Type != proto.NetworkResourceTypeFetch:
		case at >= 0: // redirected
			l.calls = slices.Delete(l.calls, at, at+1)
		case len(l.calls) < maxCalls && (e.Request.PostData != "" || !e.Request.HasPostData):
			c := po.Call{Method: e.Request.Method, URL: e.Request.URL, Header: http.Header{}, Body: e.Request.PostData}
			for name, value := range e.Request.Headers {
				c.Header.Set(name, value)
			}
			l.calls = append(l.calls, recordedCall{id: e.RequestID, call: c})
		}
	case "Network.responseReceived":
		if e.RequestID == l.document {
			for name, value := range e.Response.Headers {
				if strings.EqualFold(name, "Content-Type") {
					l.kind = value
				}
			}
		} else if at >= 0 {
			l.calls[at].json = e.Response.Status == http.StatusOK && strings.Contains(e.Response.MIMEType, "json")
		}
	case "Network.loadingFailed":
		if at >= 0 {
			l.calls = slices.Delete(l.calls, at, at+1)
		}
	}
}

// traffic is what the page that was read has asked for, with the answers that the browser still has; nil where
// nothing was to be recorded, or the page itself is not to be had.
func (s *Session) recordedTraffic(ctx context.Context) *po.Traffic {
	if !s.config.Record {
		return nil
	}
	s.traffic.mu.Lock()
	document, kind, calls := s.traffic.document, s.traffic.kind, slices.Clone(s.traffic.calls)
	s.traffic.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, trafficTimeout)
	defer cancel()
	page, ok := s.answerBody(ctx, document)
	if !ok {
		return nil
	}
	t := &po.Traffic{Document: page, Kind: kind}
	for _, c := range calls {
		if !c.json {
			continue
		}
		if body, ok := s.answerBody(ctx, c.id); ok && len(body) <= maxCallBytes {
			c.call.Answer = body
			t.Calls = append(t.Calls, c.call)
		}
	}
	return t
}

// answerBody is the answer to a request of the page; false where the browser does not have it any more.
func (s *Session) answerBody(ctx context.Context, id proto.NetworkRequestID) ([]byte, bool) {
	answer, err := proto.NetworkGetResponseBody{RequestID: id}.Call(s.page(ctx))
	if err != nil {
		return nil, false
	}
	if !answer.Base64Encoded {
		return []byte(answer.Body), true
	}
	body, err := base64.StdEncoding.DecodeString(answer.Body)
	return body, err == nil
}
