package download

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

// maxPage is the largest page that is taken, in bytes.
const maxPage = 16 << 20

// Page is what the portal has answered to a request for a page.
type Page struct {
	URL    string // that it is from, after redirects
	Status int
	Header http.Header
	Body   []byte
}

// Page asks for a page as the browser would whose credentials are given, when somebody has typed
// in its address. An error is a *po.ReadFailure.
func (a *Archive) Page(ctx context.Context, address string, c po.Credentials) (Page, error) {
	c.Referer = ""
	session := newSession(a.transport, a.allowed, a.idleLimit, c)
	p, err := a.page(ctx, session, po.Call{Method: http.MethodGet, URL: address})
	return p, pageFailure(err, address, p.Status)
}

// Call makes a request that a script of a page makes, as the browser would whose credentials are given: the
// page is their referer. It follows no redirect, and tells
// where one leads. An error is a *po.ReadFailure.
func (a *Archive) Call(ctx context.Context, call po.Call, c po.Credentials) (Page, error) {
	s := newSession(a.transport, a.allowed, a.idleLimit, c)
	s.script = true
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p, err := a.page(ctx, s, call)
	return p, pageFailure(err, call.URL, p.Status)
}

// pageFailure is the error of a page for those who read orders; nil where there is none.
func pageFailure(err error, address string, status int) error {
	if err == nil {
		return nil
	}
	failure := &po.ReadFailure{
		Cause:  po.PortalError,
		Detail: "the page cannot be read",
		URL:    po.PublicURL(address),
		Status: status,
	}
	if f, ok := errors.AsType[*fileError](err); ok {
		failure.Cause, failure.Detail, failure.RetryAfter = f.Cause, f.Detail, f.RetryAfter
	}
	return failure
}

func (a *Archive) page(ctx context.Context, s *session, call po.Call) (Page, error) {
	ctx, idle := awaitHead(ctx, s.idleLimit)
	defer idle.end()
	req, err := http.NewRequestWithContext(ctx, call.Method, call.URL, strings.NewReader(call.Body))
	if err != nil {
		return Page{}, newFileError(po.DownloadRejected, "the address is none")
	}
	if call.Body == "" {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	if err := s.setHeaders(req, false); err != nil {
		return Page{}, failedRequest(idle.why(err))
	}
	if s.script {
		setScriptHeaders(req, call.Header, s.browser.Referer)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return Page{}, failedRequest(idle.why(err))
	}
	idle.stop()
	defer resp.Body.Close()
	if err := s.keepCookies(resp); err != nil {
		return Page{}, failedRequest(idle.why(err))
	}
	p := Page{URL: resp.Request.URL.String(), Status: resp.StatusCode, Header: resp.Header}
	if to, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 { // that was not followed
		p.URL = to.String()
	}
	body := idle.body(resp.Body)
	f := checkStatus(resp.StatusCode, resp.Header, time.Now())
	if f != nil && (f.Cause == po.Throttled || resp.StatusCode >= 500) {
		_, _ = io.CopyN(io.Discard, body, drainBytes)
		return p, f
	}
	var text bytes.Buffer
	if !decodable(encodingsOf(resp.Header)) {
		return p, newFileError(po.DownloadRejected, "the page is encoded in a way that is not known")
	}
	if err := receiveBody(&limitedBuffer{&text, maxPage}, body, encodingsOf(resp.Header)); err != nil {
		return p, newFileError(po.DownloadIncomplete, "the page did not come whole")
	}
	p.Body = text.Bytes()
	return p, nil
}

// limitedBuffer takes so many bytes and no more.
type limitedBuffer struct {
	to   *bytes.Buffer
	left int
}

// Write implements io.Writer.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("the page is too long")
	}
	return b.to.Write(p)
}
