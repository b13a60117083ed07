package download

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/po"
)

const pdf = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\nbody\n%%EOF\n"

const signInPage = "<!DOCTYPE html><html><title>Sign in</title><input type=password></html>"

// portal serves the handler and allows its own host only.
func portal(t *testing.T, h http.Handler) (base string, allowed func(*url.URL) bool) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	return server.URL, func(u *url.URL) bool { return u.Host == host }
}

func openArchive(t *testing.T, c Config) *Archive {
	t.Helper()
	if c.Out == "" {
		c.Out = t.TempDir()
	}
	if c.Allowed == nil {
		c.Allowed = func(*url.URL) bool { return true }
	}
	a, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// cutShort announces more bytes than it sends.
func cutShort(w http.ResponseWriter) {
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	fmt.Fprintf(rw, "HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 100\r\n\r\n%s", pdf)
	rw.Flush()
	conn.Close()
}

// reset breaks the connection before an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func status(code int, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, signInPage)
	}
}

func send(content string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		for i := 0; i+1 < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		fmt.Fprint(w, content)
	}
}

// portalSaid is what is kept of each answer of TestFetchAnswers that is no file: its
// status, and the words of its page.
var portalSaid = map[string]string{
	"204":                "HTTP 204 No Content",
	"401":                "HTTP 401 Unauthorized: Sign in",
	"403":                "HTTP 403 Forbidden: Sign in",
	"404":                "HTTP 404 Not Found: Sign in",
	"408":                "HTTP 408 Request Timeout: Sign in",
	"410":                "HTTP 410 Gone: Sign in",
	"418":                "HTTP 418 I'm a teapot: Sign in",
	"429":                "HTTP 429 Too Many Requests: Sign in",
	"429, seconds":       "HTTP 429 Too Many Requests: Sign in",
	"500":                "HTTP 500 Internal Server Error: Sign in",
	"503":                "HTTP 503 Service Unavailable: Sign in",
	"503, Retry-After":   "HTTP 503 Service Unavailable: Sign in",
	"503, a check":       "HTTP 503 Service Unavailable: Sign in",
	"cut short":          "HTTP 200 OK",
	"empty, unannounced": "HTTP 200 OK",
	"gzip":               "HTTP 200 OK",
	"hang in the body":   "HTTP 200 OK",
	"json":               `HTTP 200 OK: {"error":"x"}`,
	"page as pdf":        "HTTP 200 OK: Sign in",
	"redirect for ever":  "HTTP 302 Found",
	"redirect outside":   "HTTP 302 Found: leads to http://127.0.0.1:9/x",
	"redirect to SSO":    "HTTP 302 Found: leads to https://login.sso.example/saml2",
	"redirect to file":   "HTTP 302 Found: leads to file:///etc/passwd",
	"redirect to login":  "HTTP 200 OK: Sign in",
	"sign-in page":       "HTTP 200 OK: Sign in",
}

// Every kind of answer that a portal gives for a file.
func TestFetchAnswers(t *testing.T) {
	t.Parallel()
	missing := func(cause po.Cause, browser bool) po.Missing { return po.Missing{Cause: cause, Browser: browser} }
	var asked atomic.Int32
	rows := map[string]struct {
		handler http.HandlerFunc
		file    string // its name; empty: it is missing
		empty   bool
		want    po.Missing
	}{
		"file":              {handler: send(pdf), file: "page.pdf"},
		"named by answer":   {handler: send(pdf, "Content-Disposition", `attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf`), file: "Résumé.pdf"},
		"chunked":           {handler: func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); io.WriteString(w, pdf) }, file: "page.pdf"},
		"redirect":          {handler: redirectTo("/file"), file: "page.pdf"},
		"401":               {handler: status(401), want: missing(po.DownloadRejected, true)},
		"403":               {handler: status(403), want: missing(po.Forbidden, true)},
		"404":               {handler: status(404), want: missing(po.DownloadRejected, true)},
		"410":               {handler: status(410), want: missing(po.DownloadRejected, true)},
		"418":               {handler: status(418), want: missing(po.DownloadRejected, true)},
		"429":               {handler: status(429), want: missing(po.Throttled, false)},
		"429, seconds":      {handler: status(429, "Retry-After", "7"), want: po.Missing{Cause: po.Throttled, RetryAfter: 7 * time.Second}},
		"503, a check":      {handler: status(503, "cf-mitigated", "challenge"), want: missing(po.PortalError, true)},
		"503":               {handler: status(503), want: missing(po.PortalError, false)},
		"503, Retry-After":  {handler: status(503, "Retry-After", "3"), want: po.Missing{Cause: po.Throttled, RetryAfter: 3 * time.Second}},
		"500":               {handler: status(500), want: missing(po.PortalError, false)},
		"204":               {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, want: missing(po.DownloadRejected, true)},
		"408":               {handler: status(408), want: missing(po.Timeout, false)},
		"sign-in page":      {handler: send(signInPage, "Content-Type", "text/html"), want: missing(po.DownloadRejected, true)},
		"page as pdf":       {handler: send(signInPage), want: missing(po.DownloadRejected, true)},
		"json":              {handler: send(`{"error":"x"}`, "Content-Type", "application/json"), want: missing(po.DownloadRejected, true)},
		"gzip":              {handler: send("\x1f\x8b", "Content-Encoding", "gzip"), want: missing(po.DownloadIncomplete, false)},
		"redirect to login": {handler: redirectTo("/login"), want: missing(po.DownloadRejected, true)},
		"redirect outside":  {handler: redirectTo("http://127.0.0.1:9/x"), want: missing(po.BlockedHost, true)},
		"redirect to SSO":   {handler: redirectTo("https://login.sso.example/saml2?SAMLRequest=s3cret"), want: missing(po.BlockedHost, true)},
		"redirect to file":  {handler: redirectTo("file:///etc/passwd"), want: missing(po.BlockedHost, false)},
		"redirect for ever": {handler: redirectTo("/"), want: missing(po.DownloadRejected, true)},
		"cut short":         {handler: func(w http.ResponseWriter, _ *http.Request) { cutShort(w) }, want: missing(po.DownloadIncomplete, true)},
		"reset":             {handler: func(w http.ResponseWriter, _ *http.Request) { reset(w) }, want: missing(po.PortalError, true)},
		"hang":              {handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, want: missing(po.Timeout, false)},
		"hang in the body": {handler: func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, pdf)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, want: missing(po.Timeout, false)},
		"empty, announced":   {handler: send("", "Content-Length", "0"), file: "page.pdf", empty: true},
		"empty, unannounced": {handler: func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }, want: missing(po.DownloadRejected, false)},
		"empty at first": {handler: func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) > 1 {
				io.WriteString(w, pdf)
			}
		}, file: "page.pdf"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.Handle("/", row.handler)
			mux.HandleFunc("/file", send(pdf))
			mux.HandleFunc("/login", send(signInPage, "Content-Type", "text/html"))
			base, allowed := portal(t, mux)
			timeout := time.Minute
			if row.want.Cause == po.Timeout {
				timeout = 200 * time.Millisecond
			}
			a := openArchive(t, Config{Allowed: allowed, FileTimeout: timeout})
			att := po.Attachment{ID: "1", Name: "page.pdf", URL: base + "/?token=s3cret"}
			result, err := a.Fetch(t.Context(), po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Attachments: []po.Attachment{att}})
			if err != nil {
				t.Fatal(err)
			}
			if row.file == "" {
				row.want.ID, row.want.Answer = "1", portalSaid[name]
				if diff := cmp.Diff([]po.Missing{row.want}, result.Missing, cmpopts.IgnoreFields(po.Missing{}, "Detail")); diff != "" {
					t.Errorf("missing (-want +got):\n%s%+v", diff, result.Missing)
				}
				for _, m := range result.Missing {
					if m.Detail == "" || strings.Contains(m.Detail, "s3cret") || strings.Contains(m.Detail, "\n") {
						t.Errorf("detail %q", m.Detail)
					}
				}
				return
			}
			content := pdf
			if row.empty {
				content = ""
			}
			want := []po.File{{ID: "1", Name: row.file, Original: row.file, Bytes: int64(len(content)), SHA256: sum(content),
				URL: base + "/", Lane: po.LaneHTTP, Empty: row.empty}} // without the token
			if diff := cmp.Diff(want, result.Saved.Files, cmpopts.IgnoreFields(po.File{}, "Time")); diff != "" || len(result.Missing) > 0 {
				t.Errorf("files (-want +got):\n%s%+v", diff, result.Missing)
			}
			if diff := cmp.Diff(map[string]string{"S/PO_1__WORK/" + row.file: content}, tree(t, a)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func redirectTo(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestNotListening(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	got := fetchOne(t, openArchive(t, Config{}), po.Attachment{ID: "1", Name: "a.pdf", URL: "http://" + l.Addr().String() + "/?t=s3cret"})
	if len(got.Missing) != 1 || got.Missing[0].Cause != po.PortalError || !got.Missing[0].Browser || !strings.Contains(got.Missing[0].Detail, "refused") || strings.Contains(got.Missing[0].Detail, "s3cret") {
		t.Errorf("got %+v", got)
	}
}

// What keeps this program from the portal may let the browser pass.
func TestFailedRequest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err     error
		cause   po.Cause
		browser bool
	}{
		"refused":      {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, po.PortalError, true},
		"dropped":      {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, po.PortalError, true},
		"no such name": {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, po.PortalError, true},
		"proxy":        {&net.OpError{Op: "proxyconnect", Err: errors.New("refused")}, po.PortalError, true},
		"proxy says":   {errors.New("Proxy Authentication Required"), po.PortalError, true},
		"certificate":  {&tls.CertificateVerificationError{Err: errors.New("x")}, po.PortalError, true},
		"no answer":    {context.DeadlineExceeded, po.Timeout, false},
		"read stalled": {&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, po.Timeout, false},
	} {
		got, ok := failedRequest(&url.Error{Op: "Get", URL: "http://x/", Err: row.err}).(*fileError)
		if !ok || got.Cause != row.cause || got.Browser != row.browser {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestHostileLinks(t *testing.T) {
	t.Parallel()
	a := openArchive(t, Config{})
	for link, want := range map[string]po.Cause{
		"file:///etc/passwd": po.BlockedHost, "javascript:alert(1)": po.BlockedHost, "ftp://x/y": po.BlockedHost,
		"http://user:pass@127.0.0.1/x": po.BlockedHost, "http://[::1": po.DownloadRejected, "://": po.DownloadRejected, "x\x00y": po.DownloadRejected,
	} {
		got := fetchOne(t, a, po.Attachment{ID: "1", URL: link})
		if len(got.Missing) != 1 || got.Missing[0].Cause != want || strings.Contains(got.Missing[0].Detail, "pass") && !strings.Contains(link, "passwd") {
			t.Errorf("%q: %+v, want %s", link, got, want)
		}
	}
}

// fetchOne fetches one attachment of an order without history.
func fetchOne(t *testing.T, a *Archive, att po.Attachment) po.FetchResult {
	t.Helper()
	result, err := a.Fetch(t.Context(), po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S", Attachments: []po.Attachment{att}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The credentials go to the hosts that they belong to, and to no other.
func TestCredentialsStayHome(t *testing.T) {
	t.Parallel()
	type seen struct{ cookie, agent, referer, encoding string }
	var atHome, abroad, back seen
	note := func(to *seen, r *http.Request) {
		*to = seen{r.Header.Get("Cookie"), r.UserAgent(), r.Referer(), r.Header.Get("Accept-Encoding")}
	}
	var home, cdn *httptest.Server
	cdn = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(&abroad, r)
		http.Redirect(w, r, home.URL+"/back", http.StatusFound)
	}))
	defer cdn.Close()
	cdnURL := strings.Replace(cdn.URL, "127.0.0.1", "localhost", 1) // another host, the same machine
	home = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			note(&back, r)
			io.WriteString(w, pdf)
			return
		}
		note(&atHome, r)
		http.SetCookie(w, &http.Cookie{Name: "step", Value: "2"})
		http.Redirect(w, r, cdnURL+"/x", http.StatusFound)
	}))
	defer home.Close()
	a := openArchive(t, Config{})
	result, err := a.Fetch(t.Context(), po.FetchJob{
		Order: po.Order{Key: "1", Number: "1"}, Attachments: []po.Attachment{{ID: "1", Name: "a.pdf", URL: home.URL + "/x"}},
		Credentials: po.Credentials{Header: http.Header{"User-Agent": {"Agent/1"}}, Referer: home.URL + "/order/1", Cookies: &jar{list: []po.Cookie{
			{Name: "session", Value: "s3cret", Domain: "127.0.0.1", Path: "/"}, {Name: "cdn", Value: "c", Domain: "localhost", Path: "/"}}}},
	})
	if err != nil || len(result.Missing) > 0 {
		t.Fatal(result, err)
	}
	want := []seen{
		{"session=s3cret", "Agent/1", home.URL + "/order/1", "identity"},
		{"cdn=c", "Agent/1", home.URL + "/", "identity"},
		{"session=s3cret; step=2", "Agent/1", home.URL + "/order/1", "identity"},
	}
	if diff := cmp.Diff(want, []seen{atHome, abroad, back}, cmp.AllowUnexported(seen{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Files of several orders share connections.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/odd" {
			w.WriteHeader(404)
		}
		io.WriteString(w, pdf)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	a := openArchive(t, Config{})
	for i := range 10 {
		path := map[bool]string{true: "/odd", false: "/"}[i%2 == 0]
		fetchOne(t, a, po.Attachment{ID: fmt.Sprint(i), URL: server.URL + path})
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 10 files one after the other", n)
	}
}
