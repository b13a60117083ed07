// Package plain has sessions that read the built-in portal over HTTP, as
// somebody would who knows its calls: without a browser. They are for tests that
// must run hundreds of times; what a browser does is tested with browsers.
package plain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/poactor/poactor/po"
)

// Browsers opens sessions on the portal at Base. Each has a directory of its
// own in Dir, as a browser would have its profile.
type Browsers struct {
	Base string
	Dir  string
	// Cookies are those that a session has from the start, as a browser has its
	// profile's. Nil: none.
	Cookies func() []*http.Cookie

	opened atomic.Int64
}

// Open opens a session.
func (b *Browsers) Open(context.Context) (*Session, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &Session{
		base: b.Base, name: fmt.Sprintf("plain-%d-%d", os.Getpid(), b.opened.Add(1)),
		client: &http.Client{
			Jar: jar, Transport: &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		done: make(chan struct{}),
	}
	if b.Cookies != nil {
		base, err := url.Parse(b.Base)
		if err != nil {
			return nil, err
		}
		jar.SetCookies(base, b.Cookies())
	}
	s.dir = filepath.Join(b.Dir, s.name)
	return s, os.MkdirAll(s.dir, 0o700)
}

// Session reads orders. It satisfies the Session port of package actors.
type Session struct {
	base, name, dir string
	client          *http.Client
	files           atomic.Int64
	die             sync.Once
	done            chan struct{} // closed by Kill
}

// Profile implements the port.
func (s *Session) Profile() string { return s.name }

// Memory implements the port: it is not known.
func (s *Session) Memory() int64 { return 0 }

// Done implements the port.
func (s *Session) Done() <-chan struct{} { return s.done }

// Kill ends the session as if its browser had died.
func (s *Session) Kill() { s.die.Do(func() { close(s.done) }) }

// Close implements the port.
func (s *Session) Close() error {
	s.Kill()
	s.client.CloseIdleConnections()
	return os.RemoveAll(s.dir)
}

// Read implements the port.
func (s *Session) Read(ctx context.Context, order po.Order, _ []string) (po.Reading, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.alive(), func() { cancel(po.BrowserDied) })()
	reading, err := s.read(ctx, order)
	if err == nil {
		return reading, nil
	}
	failure, ok := errors.AsType[*po.ReadFailure](err)
	if !ok {
		failure = &po.ReadFailure{Cause: po.PortalError, Detail: err.Error()}
	}
	switch {
	case errors.Is(context.Cause(ctx), po.BrowserDied):
		failure = &po.ReadFailure{Cause: po.BrowserDied, Detail: "killed"}
	case ctx.Err() != nil:
		failure = &po.ReadFailure{Cause: po.Interrupted, Detail: "called off"}
	}
	return po.Reading{}, failure
}

// Look implements the port. There is no page to keep evidence of.
func (s *Session) Look(context.Context, po.Order, po.Failure) (po.Reading, error) {
	return po.Reading{Sign: po.SignAttachments}, nil
}

// mark is on the portal's pages for who is signed in, userMark before the name.
const (
	mark     = `href="/sessions/destroy"`
	userMark = `<span class="user">`
)

// Prove implements the port: who gets the portal's first page with its mark is signed in.
func (s *Session) Prove(ctx context.Context) (po.Proof, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.alive(), func() { cancel(po.BrowserDied) })()
	page, err := s.get(ctx, s.base+"/")
	failure, _ := errors.AsType[*po.ReadFailure](err)
	switch {
	case failure != nil && failure.Cause == po.SignedOut:
		return po.Proof{Detail: "the portal asks for a sign-in"}, nil
	case errors.Is(context.Cause(ctx), po.BrowserDied):
		return po.Proof{}, &po.ReadFailure{Cause: po.BrowserDied, Detail: "killed"}
	case err != nil:
		return po.Proof{}, &po.ReadFailure{Cause: po.PortalError, Detail: err.Error()}
	}
	if !strings.Contains(string(page), mark) {
		return po.Proof{Detail: "the page does not show that anybody is signed in"}, nil
	}
	_, user, _ := strings.Cut(string(page), userMark)
	user, _, _ = strings.Cut(user, "<")
	return po.Proof{SignedIn: true, User: html.UnescapeString(user)}, nil
}

// alive is a context that ends with the session.
func (s *Session) alive() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-s.done; cancel() }()
	return ctx
}

func (s *Session) read(ctx context.Context, order po.Order) (po.Reading, error) {
	page := s.base + "/order_headers/" + url.PathEscape(order.Number)
	reading := po.Reading{URL: page, Trace: po.Trace{Pages: []string{page}}}
	if _, err := s.get(ctx, page); err != nil {
		if f, ok := errors.AsType[*po.ReadFailure](err); ok && f.Cause == po.CauseNotFound {
			reading.Sign = po.SignNotFound
			return reading, nil
		}
		return reading, err
	}
	body, err := s.get(ctx, page+"/attachments.json")
	if err != nil {
		return reading, err
	}
	var list struct {
		Supplier    string
		Attachments []struct{ Name, Path, Token string }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return reading, err
	}
	reading.Sign, reading.Supplier = po.SignEmpty, list.Supplier
	for i, a := range list.Attachments {
		reading.Sign = po.SignAttachments
		att := po.Attachment{ID: fmt.Sprintf("%d:%s", i, a.Path), Name: a.Name, URL: s.base + a.Path}
		if a.Token != "" { // only a form gives it
			att.URL = ""
			if att.Saved, err = s.post(ctx, s.base+a.Path, a.Token); err != nil {
				return reading, err
			}
		}
		reading.Attachments = append(reading.Attachments, att)
	}
	reading.Credentials = s.credentials(page)
	return reading, nil
}

func (s *Session) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return s.do(req)
}

// post saves what a form gives.
func (s *Session) post(ctx context.Context, address, token string) (string, error) {
	form := url.Values{"authenticity_token": {token}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := s.do(req)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir, fmt.Sprint(s.files.Add(1)))
	return path, os.WriteFile(path, body, 0o600)
}

func (s *Session) do(req *http.Request) ([]byte, error) {
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound:
		return nil, &po.ReadFailure{Cause: po.CauseNotFound}
	case res.StatusCode == http.StatusFound, res.StatusCode == http.StatusUnauthorized: // nobody else is led away
		return nil, &po.ReadFailure{Cause: po.SignedOut, Detail: res.Status}
	case res.StatusCode != http.StatusOK:
		return nil, &po.ReadFailure{Cause: po.PortalError, Detail: res.Status}
	}
	return io.ReadAll(res.Body)
}

// credentials lend the session's cookies to the HTTP lane.
func (s *Session) credentials(page string) po.Credentials {
	return po.Credentials{Cookies: jar{s}, Header: http.Header{"User-Agent": {"plain"}}, Referer: page}
}

// jar is the session's as the HTTP lane knows it.
type jar struct{ session *Session }

// Cookies implements po.CookieJar.
func (j jar) Cookies(context.Context) ([]po.Cookie, error) {
	u, err := url.Parse(j.session.base)
	if err != nil {
		return nil, err
	}
	var list []po.Cookie
	for _, k := range j.session.client.Jar.Cookies(u) {
		list = append(list, po.Cookie{Name: k.Name, Value: k.Value, Domain: u.Hostname(), Path: "/"})
	}
	return list, nil
}

// SetCookies implements po.CookieJar.
func (j jar) SetCookies(_ context.Context, from *url.URL, cookies []po.Cookie) error {
	for _, c := range cookies {
		j.session.client.Jar.SetCookies(from, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: c.Path, Expires: c.Expires}})
	}
	return nil
}
