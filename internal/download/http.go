package download

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/poactor/poactor/po"
)

const (
	maxRedirects = 10
)

// fileError is the error of one file that could not be had. Other errors concern
// the order as a whole.
type fileError struct{ po.Missing }

func (r *fileError) Error() string { return string(r.Cause) + ": " + r.Detail }

func newFileError(cause po.Cause, detail string, args ...any) *fileError {
	return &fileError{po.Missing{Cause: cause, Detail: fmt.Sprintf(detail, args...)}}
}

// retryInBrowser is the error of a file that the browser may still get.
func retryInBrowser(cause po.Cause, detail string, args ...any) *fileError {
	r := newFileError(cause, detail, args...)
	r.Browser = true
	return r
}

// newTransport holds the connections of all orders.
func newTransport(parallel int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   30 * time.Second,
		MaxIdleConns:          2 * parallel,
		MaxIdleConnsPerHost:   parallel,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // so that lengths are those of the files
	}
}

// session fetches for one order, as its browser would.
type session struct {
	client    *http.Client
	allowed   func(*url.URL) bool
	idleLimit time.Duration // how long the portal may send nothing
	browser   po.Credentials
	script    bool // a script of the page asks, not somebody who follows a link
}

func newSession(
	transport http.RoundTripper, allowed func(*url.URL) bool, idleLimit time.Duration, c po.Credentials,
) *session {
	s := &session{allowed: allowed, idleLimit: idleLimit, browser: c}
	s.client = &http.Client{Transport: transport, CheckRedirect: s.redirect}
	return s
}

// redirect decides on each redirect.
func (s *session) redirect(req *http.Request, via []*http.Request) error {
	if err := s.keepCookies(req.Response); err != nil {
		return err
	}
	if len(via) > maxRedirects {
		return answered(retryInBrowser(po.DownloadRejected, "more than %d redirects", maxRedirects), req.Response.StatusCode)
	}
	away := false
	for _, hop := range via {
		away = away || siteOf(hop.URL) != siteOf(req.URL)
	}
	err := s.setHeaders(req, away)
	if r, ok := errors.AsType[*fileError](err); ok {
		// A portal leads to other hosts where it wants a sign-in: the browser
		// knows that page when it sees it.
		r.Browser = req.URL.Scheme == "http" || req.URL.Scheme == "https"
		r.Answer = po.PortalAnswer(req.Response.StatusCode, "leads to "+visible(po.PublicURL(req.URL.String())))
	}
	return err
}

// keepCookies gives the browser the cookies that an answer has set, before either
// lane asks for anything else.
func (s *session) keepCookies(resp *http.Response) error {
	list := cookiesOf(resp.Header, resp.Request.URL, time.Now())
	if len(list) == 0 || s.browser.Cookies == nil {
		return nil
	}
	return s.browser.Cookies.SetCookies(resp.Request.Context(), resp.Request.URL, list)
}

// setHeaders gives a request the fields that belong to its address, or refuses the
// address. away says that the way there led over another site.
func (s *session) setHeaders(req *http.Request, away bool) error {
	u := req.URL
	if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !s.allowed(u) {
		return newFileError(po.BlockedHost, "%s is not one of the portal's hosts", visible(u.Scheme+"://"+u.Host))
	}
	req.Header = headerFor(s.browser.Header, s.browser.Referer, u, away)
	if s.browser.Cookies == nil {
		return nil
	}
	list, err := s.browser.Cookies.Cookies(req.Context())
	if err != nil {
		return err
	}
	if cookies := cookieHeader(list, s.browser.Referer, u, time.Now()); cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	return nil
}

// visible makes hostile text fit for one line of a message.
func visible(text string) string {
	quoted := strconv.Quote(cut(text, 200, 200))
	return quoted[1 : len(quoted)-1]
}

// answer is what came with the bytes of a file.
type answer struct {
	status      int // of HTTP; 0 if it is not known
	contentType string
	disposition string
	encodings   []string // that are to be undone, in the order in which they were done
	announced   int64    // length of the file; -1 if it is not known
	unsure      bool     // the browser has undone an encoding, and does not tell whether that came to its end
}

// answerOf reads the header of an answer that has a file of the attachment in its
// body. length is that of the body, -1 if it is not known.
func answerOf(status int, header http.Header, length int64, att po.Attachment) (answer, error) {
	whole, part := rangeOf(status, header)
	if part != "" {
		return answer{}, retryInBrowser(po.DownloadIncomplete, "%s", part)
	}
	a := answer{
		status:      status,
		contentType: header.Get("Content-Type"),
		disposition: header.Get("Content-Disposition"),
		encodings:   encodingsOf(header),
		announced:   length,
	}
	if header.Get("Content-Length") == "" {
		a.announced = -1 // HTTP/2 makes a 0 of none
	}
	if att.Saved == "" && a.isArchive(att) {
		a.encodings = nil
	}
	switch {
	case !decodable(a.encodings):
		return answer{}, retryInBrowser(po.DownloadRejected,
			"the portal sent the file with the encoding %s", visible(strings.Join(a.encodings, ", ")))
	case len(a.encodings) > 0 && a.announced != 0:
		a.announced = -1 // it is that of the encoded file
	case whole >= 0 && a.announced < 0:
		a.announced = whole
	}
	return a, nil
}

// isArchive says whether what looks like an encoding is the file's own compression,
// of which some servers tell as of one.
func (a answer) isArchive(att po.Attachment) bool {
	if len(a.encodings) != 1 || a.encodings[0] != "gzip" && a.encodings[0] != "x-gzip" {
		return false
	}
	ext := strings.ToLower(path.Ext(expectedName(chooseName(a.disposition, att), att)))
	declared := mediaType(a.contentType)
	return ext == ".gz" || ext == ".tgz" ||
		ext == "" && (declared == "application/gzip" || declared == "application/x-gzip")
}

// get writes what an attachment's address has into to. The error is a *fileError, or
// that of writing.
func (s *session) get(ctx context.Context, att po.Attachment, to *sink) (answer, error) {
	ctx, idle := awaitHead(ctx, s.idleLimit)
	defer idle.end()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, att.URL, nil)
	if err != nil {
		return answer{}, newFileError(po.DownloadRejected, "the link is not a URL")
	}
	if err := s.setHeaders(req, false); err != nil {
		return answer{}, failedRequest(idle.why(err))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, failedRequest(idle.why(err))
	}
	idle.stop()
	defer resp.Body.Close()
	body := idle.body(resp.Body)
	if err := s.keepCookies(resp); err != nil {
		return answer{}, failedRequest(idle.why(err))
	}
	if r := checkStatus(resp.StatusCode, resp.Header, time.Now()); r != nil {
		r.Answer = s.refusal(ctx, resp.StatusCode, wordsOf(resp, body))
		return answer{}, r
	}
	a, err := answerOf(resp.StatusCode, resp.Header, resp.ContentLength, att)
	if err != nil {
		return answer{}, answered(err, resp.StatusCode)
	}
	to.length = a.announced
	length := max(a.announced, resp.ContentLength)
	what := "for a file of " + humanize.IBytes(uint64(max(0, length)))
	if err := quotaError(to.quota.Check(0, length, length, what)); err != nil {
		return answer{}, answered(err, resp.StatusCode)
	}
	if err := receiveBody(to, body, a.encodings); err != nil {
		return answer{}, answered(failedBody(idle.why(err), to, resp.ContentLength), resp.StatusCode)
	}
	return a, nil
}

// receiveBody writes a body into to, without its encodings.
func receiveBody(to io.Writer, body io.Reader, encodings []string) error {
	if len(encodings) == 0 {
		_, err := io.Copy(to, body)
		return err
	}
	from := bufio.NewReader(body)
	if _, err := from.Peek(1); err == io.EOF { // nothing at all is encoded as nothing
		return nil
	}
	return copyDecoded(to, from, encodings)
}

// checkStatus says what an answer's status means. now is for dates in Retry-After.
func checkStatus(status int, header http.Header, now time.Time) *fileError {
	after := po.RetryAfter(header.Get("Retry-After"), now)
	switch {
	case status == http.StatusOK, status == http.StatusNonAuthoritativeInfo, status == http.StatusPartialContent:
		return nil
	case strings.EqualFold(header.Get("Cf-Mitigated"), "challenge"): // which a browser passes
		return retryInBrowser(po.PortalError, "the portal checks the browser (HTTP %d)", status)
	case status == http.StatusForbidden:
		return retryInBrowser(po.Forbidden, "the portal refuses the file (HTTP 403)")
	case status == http.StatusNotFound || status == http.StatusGone: // but a click may ask otherwise
		return retryInBrowser(po.DownloadRejected, "the portal does not have the file (HTTP %d)", status)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
		r := newFileError(po.Throttled, "the portal asks to slow down (HTTP %d)", status)
		r.RetryAfter = after
		return r
	case status == http.StatusRequestTimeout:
		return newFileError(po.Timeout, "the portal gave up waiting (HTTP 408)")
	case status >= 500:
		return newFileError(po.PortalError, "the portal has an error (HTTP %d)", status)
	}
	return retryInBrowser(po.DownloadRejected, "the portal answers HTTP %d", status)
}

// failedRequest says what it means that there is no answer. Its text is made
// without the address, which may hold a token. Where no connection came about
// the browser may do better: it knows the system's proxy and certificates.
func failedRequest(err error) error {
	if r, ok := errors.AsType[*fileError](err); ok {
		return r
	}
	e, network := errors.AsType[*net.OpError](err)
	if timedOut(err) && !(network && e.Op == "dial") {
		return newFileError(po.Timeout, "the portal did not answer in time")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return retryInBrowser(po.PortalError, "the portal's certificate is not trusted")
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return retryInBrowser(po.PortalError, "the portal refused the encrypted connection")
	}
	if network {
		return retryInBrowser(po.PortalError, "%s", visible(e.Error()))
	}
	return retryInBrowser(po.PortalError, "the connection broke before the portal's answer")
}

// failedBody says what it means that an answer broke off.
func failedBody(err error, to *sink, announced int64) error {
	encoding, encoded := errors.AsType[*errEncoding](err)
	switch {
	case to.err != nil:
		return to.err
	case encoded && encoding.short():
		return newFileError(po.DownloadIncomplete, "the file's compression has no end: %d bytes came of it", to.bytes)
	case encoded:
		return newFileError(po.DownloadRejected, "the file is not compressed as the portal says, or damaged")
	case timedOut(err):
		return newFileError(po.Timeout, "the file did not come in time: %d bytes came", to.bytes)
	case announced >= 0:
		return retryInBrowser(po.DownloadIncomplete, "%d of %d bytes came", to.bytes, announced)
	}
	return retryInBrowser(po.DownloadIncomplete, "the file broke off after %d bytes", to.bytes)
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
