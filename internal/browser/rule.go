package browser

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// rule says what becomes of requests to some addresses while a page is on loan.
type rule struct {
	pattern string
	match   *regexp.Regexp
	what    po.Interception
}

// addRule puts a rule before those that there are.
func (i *interceptor) addRule(pattern string, what po.Interception) {
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	r := rule{pattern, regexp.MustCompile("(?s)^" + quoted + "$"), what}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = append([]rule{r}, i.rules...)
}

// clearRules forgets the rules, and reports whether there were any.
func (i *interceptor) clearRules() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	had := len(i.rules) > 0
	i.rules = nil
	return had
}

// rulePatterns are what the browser is to ask about for the rules.
func (i *interceptor) rulePatterns() (list []*proto.FetchRequestPattern) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range i.rules {
		list = append(list, &proto.FetchRequestPattern{URLPattern: r.pattern, RequestStage: proto.FetchRequestStageRequest})
	}
	return list
}

// ruleFor is the first rule for a request; nil if there is none, or it is an answer.
func (i *interceptor) ruleFor(e *proto.FetchRequestPaused) *po.Interception {
	i.mu.Lock()
	defer i.mu.Unlock()
	if isAnswer(e) {
		return nil
	}
	document := e.ResourceType == proto.NetworkResourceTypeDocument
	for _, r := range i.rules {
		if !r.match.MatchString(e.Request.URL) {
			continue
		}
		if r.what.Status != 0 && !r.what.Block && document && e.FrameID == i.mainFrame {
			i.record(answerOf(e, r.what), true)
		}
		return &r.what
	}
	return nil
}

// answerOf is the answer that a rule gives in the place of a server.
func answerOf(e *proto.FetchRequestPaused, what po.Interception) document {
	return document{URL: e.Request.URL, Main: true, Status: what.Status, Header: what.Header, HTML: true}
}

// apply does with a request what a rule says.
func apply(w cdpClient, e *proto.FetchRequestPaused, what po.Interception) error {
	switch {
	case what.Block:
		return proto.FetchFailRequest{RequestID: e.RequestID, ErrorReason: proto.NetworkErrorReasonBlockedByClient}.Call(w)
	case what.Status != 0:
		return proto.FetchFulfillRequest{RequestID: e.RequestID, ResponseCode: what.Status,
			ResponseHeaders: headerEntries(what.Header), Body: what.Body}.Call(w)
	}
	var headers []*proto.FetchHeaderEntry
	for name, value := range e.Request.Headers {
		if what.Header.Get(name) == "" {
			headers = append(headers, &proto.FetchHeaderEntry{Name: name, Value: value.Str()})
		}
	}
	headers = append(headers, headerEntries(what.Header)...)
	return proto.FetchContinueRequest{RequestID: e.RequestID, Headers: headers}.Call(w)
}

func headerEntries(h http.Header) (list []*proto.FetchHeaderEntry) {
	for name, values := range h {
		for _, value := range values {
			list = append(list, &proto.FetchHeaderEntry{Name: name, Value: value})
		}
	}
	return list
}
