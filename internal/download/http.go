package download

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

const (
	maxRedirects  = 10
	drainBytes    = 64 << 10 // read of an answer that is of no use, so that its connection can be used again
	maxRetryAfter = 24 * time.Hour
)

// refusal is the error of one file that could not be had. Other errors concern
// the order as a whole.
type refusal struct{ po.Missing }

func (r *refusal) Error() string { return string(r.Cause) + ": " + r.Detail }

func refuse(cause po.Cause, detail string, args ...any) *refusal {
	return &refusal{po.Missing{Cause: cause, Detail: fmt.Sprintf(detail, args...)}}
}

// oddity is a refusal of which the browser may make more.
func oddity(cause po.Cause, detail string, args ...any) *refusal {
	r := refuse(cause, detail, args...)
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
	silence   time.Duration // that the portal may keep
	cookies   cookies
	userAgent string
	referer   string
}

func newSession(transport http.RoundTripper, allowed func(*url.URL) bool, silence time.Duration, c po.Credentials) (*session, error) {
	jar, err := newCookies(c.Cookies)
	if err != nil {
		return nil, err
	}
	s := &session{allowed: allowed, silence: silence, cookies: jar, userAgent: c.UserAgent, referer: c.Referer}
	s.client = &http.Client{Transport: transport, CheckRedirect: s.redirect}
	return s, nil
}

// redirect decides on each redirect.
func (s *session) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return oddity(po.DownloadRejected, "more than %d redirects", maxRedirects)
	}
	last := req.Response
	s.cookies.jar.SetCookies(last.Request.URL, last.Cookies())
	err := s.dress(req)
	if r, ok := errors.AsType[*refusal](err); ok {
		// A portal leads to other hosts where it wants a sign-in: the browser
		// knows that page when it sees it.
		r.Browser = req.URL.Scheme == "http" || req.URL.Scheme == "https"
	}
	return err
}

// dress gives a request the fields that belong to its address, or refuses the
// address.
func (s *session) dress(req *http.Request) error {
	u := req.URL
	if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !s.allowed(u) {
		return refuse(po.BlockedHost, "%s is not one of the portal's hosts", visible(u.Scheme+"://"+u.Host))
	}
	for name, value := range map[string]string{
		"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": s.userAgent,
		"Referer": refererFor(s.referer, u), "Cookie": s.cookies.header(u),
	} {
		req.Header.Del(name)
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return nil
}

// visible makes hostile text fit for one line of a message.
func visible(text string) string {
	quoted := strconv.Quote(cut(text, 200, 200))
	return quoted[1 : len(quoted)-1]
}

// refererFor is what a browser tells an address of the page that links to it:
// all to the page's own host, the host alone to others, nothing without
// encryption where the page has it.
func refererFor(page string, to *url.URL) string {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Scheme == "https" && to.Scheme == "http" {
		return ""
	}
	u.User, u.Fragment = nil, ""
	if u.Scheme == to.Scheme && u.Host == to.Host {
		return u.String()
	}
	return u.Scheme + "://" + u.Host + "/"
}

// answer is what came with the bytes of a file.
type answer struct {
	contentType string
	disposition string
	announced   int64 // -1 if no length was
}

// get writes what the address has into to. The error is a refusal, or that of
// writing.
func (s *session) get(ctx context.Context, address string, to *sink) (answer, error) {
	ctx, silence := awaitHead(ctx, s.silence)
	defer silence.end()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, refuse(po.DownloadRejected, "the link is not a URL")
	}
	if err := s.dress(req); err != nil {
		return answer{}, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, failedRequest(silence.why(err))
	}
	silence.broken()
	defer resp.Body.Close()
	body := silence.body(resp.Body)
	if r := judge(resp.StatusCode, resp.Header, time.Now()); r != nil {
		io.CopyN(io.Discard, body, drainBytes)
		return answer{}, r
	}
	a := answer{resp.Header.Get("Content-Type"), resp.Header.Get("Content-Disposition"), resp.ContentLength}
	if resp.Header.Get("Content-Length") == "" {
		a.announced = -1 // HTTP/2 makes a 0 of none
	}
	if _, err := io.Copy(to, body); err != nil {
		return answer{}, failedBody(silence.why(err), to, a.announced)
	}
	return a, nil
}

// judge says what an answer's status means. now is for dates in Retry-After.
func judge(status int, header http.Header, now time.Time) *refusal {
	after := retryAfter(header.Get("Retry-After"), now)
	switch {
	case status == http.StatusOK || status == http.StatusNonAuthoritativeInfo:
		if e := strings.ToLower(header.Get("Content-Encoding")); compressed[e] {
			return oddity(po.DownloadRejected, "the portal sent the file with the encoding %s", e)
		}
		return nil
	case strings.EqualFold(header.Get("Cf-Mitigated"), "challenge"): // which a browser passes
		return oddity(po.PortalError, "the portal checks the browser (HTTP %d)", status)
	case status == http.StatusForbidden:
		return oddity(po.Forbidden, "the portal refuses the file (HTTP 403)")
	case status == http.StatusNotFound || status == http.StatusGone:
		return refuse(po.DownloadRejected, "the portal does not have the file (HTTP %d)", status)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
		r := refuse(po.Throttled, "the portal asks to slow down (HTTP %d)", status)
		r.RetryAfter = after
		return r
	case status == http.StatusRequestTimeout:
		return refuse(po.Timeout, "the portal gave up waiting (HTTP 408)")
	case status >= 500:
		return refuse(po.PortalError, "the portal has an error (HTTP %d)", status)
	}
	return oddity(po.DownloadRejected, "the portal answers HTTP %d", status)
}

var compressed = set("gzip x-gzip deflate compress br zstd")

// retryAfter reads the field of that name: seconds or a date.
func retryAfter(field string, now time.Time) time.Duration {
	field = strings.TrimSpace(field)
	if seconds, err := strconv.ParseInt(field, 10, 32); err == nil {
		return min(max(0, time.Duration(seconds)*time.Second), maxRetryAfter)
	}
	if date, err := http.ParseTime(field); err == nil {
		return min(max(0, date.Sub(now)), maxRetryAfter)
	}
	return 0
}

// failedRequest says what it means that there is no answer. Its text is made
// without the address, which may hold a token. Where no connection came about
// the browser may do better: it knows the system's proxy and certificates.
func failedRequest(err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	e, network := errors.AsType[*net.OpError](err)
	if timedOut(err) && !(network && e.Op == "dial") {
		return refuse(po.Timeout, "the portal did not answer in time")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return oddity(po.PortalError, "the portal's certificate is not trusted")
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return oddity(po.PortalError, "the portal refused the encrypted connection")
	}
	if network {
		return oddity(po.PortalError, "%s", visible(e.Error()))
	}
	return oddity(po.PortalError, "the connection broke before the portal's answer")
}

// failedBody says what it means that an answer broke off.
func failedBody(err error, to *sink, announced int64) error {
	switch {
	case to.err != nil:
		return to.err
	case timedOut(err):
		return refuse(po.Timeout, "the file did not come in time: %d bytes came", to.bytes)
	case announced >= 0:
		return oddity(po.DownloadIncomplete, "%d of %d bytes came", to.bytes, announced)
	}
	return oddity(po.DownloadIncomplete, "the file broke off after %d bytes", to.bytes)
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
