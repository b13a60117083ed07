package download

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
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
	p, err := a.page(ctx, newSession(a.transport, a.allowed, a.idleLimit, c), address)
	if err == nil {
		return p, nil
	}
	failure := &po.ReadFailure{
		Cause:  po.PortalError,
		Detail: "the page cannot be read",
		URL:    po.PublicURL(address),
		Status: p.Status,
	}
	if f, ok := errors.AsType[*fileError](err); ok {
		failure.Cause, failure.Detail, failure.RetryAfter = f.Cause, f.Detail, f.RetryAfter
	}
	return Page{}, failure
}

func (a *Archive) page(ctx context.Context, s *session, address string) (Page, error) {
	ctx, idle := awaitHead(ctx, s.idleLimit)
	defer idle.end()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page{}, newFileError(po.DownloadRejected, "the address is none")
	}
	if err := s.setHeaders(req, false); err != nil {
		return Page{}, failedRequest(idle.why(err))
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
