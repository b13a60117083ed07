package testportal

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	browserCookie = "visitor" // tells browsers apart; gone when they close
	sessionLife   = 30 * 24 * time.Hour
	defaultUser   = "A. Keller"
)

// session is one user's. Its fields are guarded by the sessions' lock.
type session struct {
	user     string
	value    string               // of its cookie
	former   map[string]time.Time // values that its cookie had, and until when
	began    time.Time
	used     time.Time
	requests int             // that used it, and count
	unturned int             // that used it since its cookie was replaced
	browser  string          // that used it last; empty if not known
	out      map[string]bool // browsers for which it has ended
}

// sessions are the sign-ins that hold, and what became of others.
type sessions struct {
	opts Sessions

	mu      sync.Mutex
	byValue map[string]*session // also by the former values of their cookies
	signIns []SignIn
	ends    []SessionEnd
	endings int // by Life, Idle and Requests
}

// begin opens a session of a user who signed in from a browser; both the browser and
// the way are empty where nobody did.
func (s *sessions) begin(user, browser string, way Way) (value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Limit != NoLimit {
		s.endAll(EndedByLimit, func(other *session) bool { return other.user == user })
	}
	now := time.Now()
	begun := &session{user: user, value: rand.Text(), began: now, used: now, browser: browser}
	if s.byValue == nil {
		s.byValue = make(map[string]*session)
	}
	s.byValue[begun.value] = begun
	if way != "" {
		s.signIns = append(s.signIns, SignIn{User: user, Browser: browser, Way: way, At: now})
	}
	return begun.value
}

// user names whose session a cookie's value is, without using it.
func (s *sessions) user(value, browser string) (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.byValue[value]
	if held == nil || held.out[browser] || s.ending(held, value) != "" {
		return "", false
	}
	return held.user, true
}

// use is what a request does to the session of its cookie. renewed is the cookie's new
// value, if it has one from now on.
func (s *sessions) use(value, browser string, kind RequestKind) (user, renewed string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.byValue[value]
	if held == nil {
		return "", "", false
	}
	if why := s.ending(held, value); why != "" {
		s.end(held, why)
		return "", "", false
	}
	if held.out[browser] {
		return "", "", false
	}
	if browser != "" && browser != held.browser {
		if s.opts.Limit == OneBrowser && held.browser != "" {
			s.endFor(held, held.browser, EndedByLimit)
		}
		held.browser = browser
	}
	held.used = time.Now()
	if s.opts.Counted == "" || s.opts.Counted == kind {
		held.requests++
	}
	held.unturned++
	if s.opts.RotateEvery > 0 && held.unturned >= s.opts.RotateEvery && value == held.value {
		s.turn(held)
		renewed = held.value
	}
	return held.user, renewed, true
}

// ending says whether, and why, a session is over for a cookie's value.
func (s *sessions) ending(held *session, value string) Ending {
	if until, is := held.former[value]; is && !time.Now().Before(until) {
		return EndedByRotation
	}
	if s.opts.Endings > 0 && s.endings >= s.opts.Endings {
		return ""
	}
	switch {
	case s.opts.Life > 0 && time.Since(held.began) >= s.opts.Life:
		return EndedByLife
	case s.opts.Idle > 0 && time.Since(held.used) >= s.opts.Idle:
		return EndedByIdle
	case s.opts.Requests > 0 && held.requests >= s.opts.Requests:
		return EndedByRequests
	}
	return ""
}

// turn replaces a session's cookie.
func (s *sessions) turn(held *session) {
	if held.former == nil {
		held.former = make(map[string]time.Time)
	}
	held.former[held.value] = time.Now().Add(s.opts.RotateGrace)
	held.value, held.unturned = rand.Text(), 0
	s.byValue[held.value] = held
}

func (s *sessions) end(held *session, why Ending) {
	switch why {
	case EndedByLife, EndedByIdle, EndedByRequests:
		s.endings++
	}
	maps.DeleteFunc(s.byValue, func(_ string, other *session) bool { return other == held })
	s.ends = append(s.ends, SessionEnd{User: held.user, Why: why, At: time.Now()})
}

// endFor ends a session for one browser.
func (s *sessions) endFor(held *session, browser string, why Ending) {
	if held.out == nil {
		held.out = make(map[string]bool)
	}
	held.out[browser] = true
	s.ends = append(s.ends, SessionEnd{User: held.user, Browser: browser, Why: why, At: time.Now()})
}

func (s *sessions) endAll(why Ending, which func(*session) bool) {
	for _, held := range s.all() {
		if which(held) {
			s.end(held, why)
		}
	}
}

// all sessions, in the order in which they began.
func (s *sessions) all() []*session {
	var all []*session
	for value, held := range s.byValue {
		if value == held.value {
			all = append(all, held)
		}
	}
	slices.SortFunc(all, func(a, b *session) int { return a.began.Compare(b.began) })
	return all
}

// SessionCookie opens a session and returns its cookie, which lasts for longer than any
// run and through SetFault(SignOut), until SignOutAll, if Sessions do not end it. It
// names no domain: it is for the host of URL, in a net/http client as in a browser.
func (p *Portal) SessionCookie() *http.Cookie { return p.SessionCookieFor(defaultUser) }

// SessionCookieFor is SessionCookie for a user. It is no sign-in that SignIns tells of.
func (p *Portal) SessionCookieFor(user string) *http.Cookie {
	return p.sessionCookie(p.sessions.begin(user, "", ""))
}

func (p *Portal) sessionCookie(value string) *http.Cookie {
	c := &http.Cookie{Name: p.site.cookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if !p.opts.Sessions.BrowserOnly {
		c.MaxAge = int(sessionLife.Seconds())
	}
	return c
}

// SignOutAll ends every session.
func (p *Portal) SignOutAll() { p.EndSessions() }

// EndSessions ends the sessions of some users; of all, if none is named.
func (p *Portal) EndSessions(users ...string) {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	p.sessions.endAll(EndedByCall, func(held *session) bool {
		return len(users) == 0 || slices.Contains(users, held.user)
	})
}

// EndSession ends the session of a cookie.
func (p *Portal) EndSession(cookie *http.Cookie) {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	if held := p.sessions.byValue[cookie.Value]; held != nil {
		p.sessions.end(held, EndedByCall)
	}
}

// EndSessionsIn ends the sessions that there are for one browser, as Request.Browser
// names it; others may go on with them.
func (p *Portal) EndSessionsIn(browser string) {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	for _, held := range p.sessions.all() {
		p.sessions.endFor(held, browser, EndedByCall)
	}
}

// SignIns are the sign-ins that succeeded, in their order.
func (p *Portal) SignIns() []SignIn {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	return slices.Clone(p.sessions.signIns)
}

// SignInsBy counts SignIns by user.
func (p *Portal) SignInsBy() map[string]int {
	counts := make(map[string]int)
	for _, s := range p.SignIns() {
		counts[s.User]++
	}
	return counts
}

// SessionEnds are the ends of sessions, in the order in which they were noticed: Life and
// its like when the session's cookie comes the next time.
func (p *Portal) SessionEnds() []SessionEnd {
	p.sessions.mu.Lock()
	defer p.sessions.mu.Unlock()
	return slices.Clone(p.sessions.ends)
}

// visit is what is known of a request that is recorded.
type visit struct {
	kind    RequestKind
	browser string
	user    string // who is signed in; empty if nobody is
}

// visitKey is the key of a request's visit in its context.
type visitKey struct{}

// visitOf is a recorded request's.
func visitOf(r *http.Request) *visit {
	if v, ok := r.Context().Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

func withVisit(r *http.Request, v *visit) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

// signedIn says who is, without using the session.
func (p *Portal) signedIn(r *http.Request, browser string) (user string, ok bool) {
	switch {
	case p.faults.everywhere() == SignOut:
		return "", false
	case !p.opts.SignIn:
		return defaultUser, true
	}
	return p.sessions.user(cookieValue(r, p.site.cookie), browser)
}

// admit uses the session of a recorded request. It reports whether there is one.
func (p *Portal) admit(w http.ResponseWriter, r *http.Request) bool {
	v := visitOf(r)
	switch {
	case p.faults.everywhere() == SignOut:
		v.user = ""
		return false
	case !p.opts.SignIn:
		v.user = defaultUser
		return true
	}
	user, renewed, ok := p.sessions.use(cookieValue(r, p.site.cookie), v.browser, v.kind)
	if renewed != "" {
		http.SetCookie(w, p.sessionCookie(renewed))
	}
	v.user = user
	return ok
}

// guarded lets only who is signed in go on.
func (p *Portal) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.admit(w, r) {
			next(w, r)
			return
		}
		p.signedOut(w, r)
	}
}

func cookieValue(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// browser names the browser that a request came from. One that is met for the
// first time is given a name, if it asks for a page.
func (p *Portal) browser(w http.ResponseWriter, r *http.Request) string {
	if name := cookieValue(r, browserCookie); name != "" {
		return name
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return ""
	}
	name := rand.Text()
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return name
}
