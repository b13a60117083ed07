package testportal

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	browserCookie = "visitor" // tells browsers apart; gone when they close
	sessionLife   = 30 * 24 * time.Hour
)

// sessions are the sign-ins that hold.
type sessions struct {
	mu    sync.Mutex
	valid map[string]bool
}

func (s *sessions) open() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.valid == nil {
		s.valid = make(map[string]bool)
	}
	token := rand.Text()
	s.valid[token] = true
	return token
}

func (s *sessions) holds(r *http.Request, name string) bool {
	cookie, err := r.Cookie(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	return err == nil && s.valid[cookie.Value]
}

// SessionCookie signs a user in and returns the cookie of the session, which
// lasts for longer than any run and through SetFault(SignOut), until SignOutAll.
// It names no domain: it is for the host of URL, in a net/http client as in a
// browser.
func (p *Portal) SessionCookie() *http.Cookie {
	return &http.Cookie{
		Name: p.site.cookie, Value: p.sessions.open(), Path: "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(sessionLife.Seconds()),
	}
}

// SignOutAll ends every session.
func (p *Portal) SignOutAll() {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	clear(p.sessions.valid)
}

func (p *Portal) signedIn(r *http.Request) bool {
	if p.faults.everywhere() == SignOut {
		return false
	}
	return !p.opts.SignIn || p.sessions.holds(r, p.site.cookie)
}

// guarded sends who is not signed in to the sign-in page.
func (p *Portal) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.signedIn(r) {
			next(w, r)
			return
		}
		p.signedOut(w, r)
	}
}

// signedOut is the answer to who is not signed in.
func (p *Portal) signedOut(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".json") {
		http.Error(w, `{"error":"signed out"}`, http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, p.site.signIn+"?return_to="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
}

// browser names the browser that a request came from. One that is met for the
// first time is given a name, if it asks for a page.
func (p *Portal) browser(w http.ResponseWriter, r *http.Request) string {
	if cookie, err := r.Cookie(browserCookie); err == nil {
		return cookie.Value
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return ""
	}
	name := rand.Text()
	http.SetCookie(w, &http.Cookie{Name: browserCookie, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return name
}

func (p *Portal) signInPage(w http.ResponseWriter, r *http.Request) {
	p.signInForm(w, r, "")
}

func (p *Portal) signInForm(w http.ResponseWriter, r *http.Request, complaint string) {
	p.render(w, http.StatusOK, "signin.html", map[string]string{
		"Action": p.site.signIn, "ReturnTo": r.FormValue("return_to"), "Error": complaint,
	})
}

// signIn takes any user and password, as long as there is one.
func (p *Portal) signIn(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("user[login]") == "" || r.PostFormValue("user[password]") == "" {
		p.signInForm(w, r, "The user name or password is not right.")
		return
	}
	http.SetCookie(w, p.SessionCookie())
	target := r.PostFormValue("return_to")
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		target = "/"
	}
	http.Redirect(w, r, target, http.StatusFound)
}
