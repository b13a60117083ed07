package testportal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// guarded is a portal with sign-in.
func guarded(t *testing.T, s Sessions) *Portal {
	t.Helper()
	return swift(t, Options{SignIn: true, Sessions: s, Mix: Plain, Orders: 10, MaxFile: 8 << 10})
}

// walker is a client that follows redirects, as a browser does.
func walker(t *testing.T) *http.Client {
	t.Helper()
	c := client(t)
	c.CheckRedirect = nil
	return c
}

// holding is a client with some cookies of the portal's.
func holding(t *testing.T, p *Portal, cookies ...*http.Cookie) *http.Client {
	t.Helper()
	c := client(t)
	give(t, c, p.URL(), cookies...)
	return c
}

func give(t *testing.T, c *http.Client, address string, cookies ...*http.Cookie) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c.Jar.SetCookies(u, cookies)
}

// copied is another client with the cookies that one has now, without what tells
// browsers apart: a clone.
func copied(t *testing.T, p *Portal, of *http.Client) *http.Client {
	t.Helper()
	u, err := url.Parse(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	var some []*http.Cookie
	for _, c := range of.Jar.Cookies(u) {
		if c.Name != browserCookie {
			some = append(some, c)
		}
	}
	return holding(t, p, some...)
}

// who is the name on the page that says who is signed in; empty if none is.
func who(t *testing.T, c *http.Client, p *Portal) string {
	t.Helper()
	a := get(t, c, p.URL()+accountPath)
	if a.status != http.StatusOK {
		return ""
	}
	_, rest, found := strings.Cut(string(a.body), `<span class="user">`)
	name, rest, _ := strings.Cut(rest, "</span>")
	if found && !strings.Contains(rest, p.site.signOut) {
		t.Errorf("the page of %s has no link for signing out", name)
	}
	return name
}

// are checks as whom some clients are signed in, one after the other.
func are(t *testing.T, p *Portal, when string, want []string, clients ...*http.Client) {
	t.Helper()
	var got []string
	for _, c := range clients {
		got = append(got, who(t, c, p))
	}
	if !cmp.Equal(got, want) {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

// whys are the endings of sessions, in their order.
func whys(p *Portal) []Ending {
	var all []Ending
	for _, e := range p.SessionEnds() {
		all = append(all, e.Why)
	}
	return all
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sessions Sessions
		end      func(*Portal, *http.Cookie)
		why      Ending
	}{
		"life":         {sessions: Sessions{Life: time.Nanosecond}, why: EndedByLife},
		"idle":         {sessions: Sessions{Idle: time.Nanosecond}, why: EndedByIdle},
		"all":          {end: func(p *Portal, _ *http.Cookie) { p.EndSessions() }, why: EndedByCall},
		"all, as ever": {end: func(p *Portal, _ *http.Cookie) { p.SignOutAll() }, why: EndedByCall},
		"a user's":     {end: func(p *Portal, _ *http.Cookie) { p.EndSessions("Nunes") }, why: EndedByCall},
		"a cookie's":   {end: func(p *Portal, c *http.Cookie) { p.EndSession(c) }, why: EndedByCall},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := guarded(t, c.sessions)
			cookie := p.SessionCookieFor("Nunes")
			client := holding(t, p, cookie)
			if c.end != nil {
				if got := who(t, client, p); got != "Nunes" {
					t.Errorf("signed in as %q", got)
				}
				c.end(p, cookie)
			}
			until(t, func() bool { return who(t, client, p) == "" })
			want := []SessionEnd{{User: "Nunes", Why: c.why}}
			if diff := cmp.Diff(want, p.SessionEnds(), cmpopts.IgnoreFields(SessionEnd{}, "At")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of two sessions that would end after two requests only the first does.
func TestSessionsEndAfterRequests(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{Requests: 2, Endings: 1})
	for i, want := range [][]string{{"Nunes", "Nunes", "", ""}, {"Nunes", "Nunes", "Nunes", "Nunes"}} {
		c := holding(t, p, p.SessionCookieFor("Nunes"))
		var got []string
		for range want {
			got = append(got, who(t, c, p))
		}
		if !cmp.Equal(got, want) {
			t.Errorf("session %d: %q, want %q", i, got, want)
		}
	}
	if got := whys(p); !cmp.Equal(got, []Ending{EndedByRequests}) {
		t.Errorf("ended: %q", got)
	}
}

// A session that ends after one file lasts for any number of pages before that.
func TestSessionsEndAfterFiles(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{Requests: 1, Counted: RequestFile, Files: Elsewhere})
	c := holding(t, p, p.SessionCookie())
	file := p.URL() + p.orders[0].files[0].path()
	for range 3 {
		if got := who(t, c, p); got != defaultUser {
			t.Errorf("signed in as %q", got)
		}
	}
	if got := []int{get(t, c, file).status, get(t, c, file).status}; !cmp.Equal(got, []int{200, 302}) {
		t.Errorf("files: %d", got)
	}
	if got := whys(p); who(t, c, p) != "" || !cmp.Equal(got, []Ending{EndedByRequests}) {
		t.Errorf("ended: %q", got)
	}
}

// A call ends one user's sessions, or those in one browser, and no others.
func TestEndSome(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{})
	keller, nunes := p.SessionCookie(), p.SessionCookieFor("Nunes")
	first, second, third := holding(t, p, keller), holding(t, p, keller), holding(t, p, nunes)
	if who(t, first, p) != defaultUser || who(t, second, p) != defaultUser || who(t, third, p) != "Nunes" {
		t.Fatal("not signed in")
	}
	p.EndSessionsIn(p.Requests()[0].Browser)
	are(t, p, "one browser's ended", []string{"", defaultUser, "Nunes"}, first, second, third)
	give(t, first, p.URL(), p.SessionCookie())
	p.EndSessions("Nunes")
	are(t, p, "one user's ended", []string{defaultUser, defaultUser, ""}, first, second, third)
	last := p.Requests()[len(p.Requests())-1]
	if last.Kind != RequestProbe || last.SignedIn || last.User != "" {
		t.Errorf("recorded %+v", last)
	}
}

func TestSignOutByAddress(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(Options) (*Portal, error){"coupa": Start, "other": StartOther} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := served(t, start, Options{SignIn: true, Orders: 8, Sessions: Sessions{ExitLink: true}})
			cookie := p.SessionCookie()
			c, clone := holding(t, p, cookie), holding(t, p, cookie)
			if name == "coupa" {
				page := get(t, c, p.URL()+"/order_headers/"+p.orders[0].number)
				const link = `<a href="/sessions/destroy?return=attachment" title="attachment log.txt">`
				if !strings.Contains(string(page.body), link) {
					t.Errorf("the page has no such link:\n%s", page.body)
				}
			}
			if a := get(t, c, p.URL()+p.site.signOut+"?return=attachment"); a.status != http.StatusOK {
				t.Errorf("signing out: %d", a.status)
			}
			if who(t, c, p) != "" || who(t, clone, p) != "" {
				t.Error("still signed in")
			}
			if got := whys(p); !cmp.Equal(got, []Ending{EndedByUser}) || p.Counts()[RequestSignOut] != 1 {
				t.Errorf("ended: %q, counted %v", got, p.Counts())
			}
		})
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	t.Run("one session", func(t *testing.T) {
		t.Parallel()
		p := guarded(t, Sessions{Limit: OneSession})
		first, second, other := client(t), client(t), client(t)
		signIn(t, first, p.URL()+"/sessions/new", "Nunes", "secret", "")
		signIn(t, other, p.URL()+"/sessions/new", "Osei", "secret", "")
		clone := copied(t, p, first)
		are(t, p, "signed in", []string{"Nunes", "Nunes", "Osei"}, first, clone, other)
		signIn(t, second, p.URL()+"/sessions/new", "Nunes", "secret", "")
		are(t, p, "after another sign-in", []string{"", "", "Nunes", "Osei"}, first, clone, second, other)
		if diff := cmp.Diff(map[string]int{"Nunes": 2, "Osei": 1}, p.SignInsBy()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("one browser", func(t *testing.T) {
		t.Parallel()
		p := guarded(t, Sessions{Limit: OneBrowser})
		first := client(t)
		signIn(t, first, p.URL()+"/sessions/new", "Nunes", "secret", "")
		who(t, first, p)
		clone := copied(t, p, first)
		are(t, p, "signed in", []string{"Nunes", "Nunes", "", "Nunes"}, first, clone, first, clone)
		if got := p.SessionEnds(); len(got) != 1 || got[0].Why != EndedByLimit || got[0].Browser == "" {
			t.Errorf("ended: %+v", got)
		}
	})
}

// A client that goes on with the cookie that it is given stays signed in; its clone with
// the first one does so for the grace only, and then ends the session for both.
func TestRotation(t *testing.T) {
	t.Parallel()
	for grace, want := range map[time.Duration][]string{time.Hour: {"Nunes", "Nunes", "Nunes"}, 0: {"Nunes", "", ""}} {
		p := guarded(t, Sessions{RotateEvery: 3, RotateGrace: grace})
		cookie := p.SessionCookieFor("Nunes")
		c, clone := holding(t, p, cookie), holding(t, p, cookie)
		for i := range 7 {
			if got := who(t, c, p); got != "Nunes" {
				t.Fatalf("request %d: signed in as %q", i, got)
			}
		}
		if got := []string{who(t, c, p), who(t, clone, p), who(t, c, p)}; !cmp.Equal(got, want) {
			t.Errorf("grace %v: %q, want %q", grace, got, want)
		}
		if ended := cmp.Equal(whys(p), []Ending{EndedByRotation}); ended != (grace == 0) {
			t.Errorf("grace %v: ended %q", grace, whys(p))
		}
	}
}

func TestBrowserOnly(t *testing.T) {
	t.Parallel()
	for _, only := range []bool{false, true} {
		p := guarded(t, Sessions{BrowserOnly: only})
		a := signIn(t, client(t), p.URL()+"/sessions/new", "Nunes", "secret", "")
		resp := http.Response{Header: a.head}
		for _, c := range resp.Cookies() {
			if c.Name == "_coupa_session" && (c.MaxAge == 0 && c.Expires.IsZero()) != only {
				t.Errorf("browser only %t: the cookie lasts for %d s, until %v", only, c.MaxAge, c.Expires)
			}
		}
		if (p.SessionCookie().MaxAge == 0) != only {
			t.Errorf("browser only %t: SessionCookie's lasts", only)
		}
	}
}

var stepName = regexpFor("step")

func TestSecondStep(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Sessions{
		"portal":   {SecondStep: true},
		"provider": {SecondStep: true, Provider: ProviderLeads},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := guarded(t, s)
			c := walker(t)
			code := p.URL() + "/sessions/code"
			back := ""
			a := answer{}
			if s.Provider == NoProvider {
				a = signIn(t, c, p.URL()+"/sessions/new", "Nunes", "secret", "")
			} else {
				back = p.URL() + "/sessions/sso?return_to=%2F"
				code = p.ProviderURL() + "/code"
				a = provide(t, c, p, "Nunes", back)
			}
			step := stepName.FindSubmatch(a.body)
			if step == nil || strings.Contains(string(a.body), `type="password"`) || who(t, c, p) != "" {
				t.Fatalf("after the password: %d\n%s", a.status, a.body)
			}
			form := func(code string) url.Values {
				return url.Values{"step": {string(step[1])}, "code": {code}, "return_to": {back}}
			}
			postForm(t, c, code, form("000000"))
			if who(t, c, p) != "" {
				t.Error("signed in by a wrong code")
			}
			postForm(t, c, code, form(OneTimeCode))
			if got := who(t, c, p); got != "Nunes" {
				t.Errorf("signed in as %q", got)
			}
			again := walker(t)
			postForm(t, again, code, form(OneTimeCode))
			if got := who(t, again, p); got != "" {
				t.Errorf("the step counts twice, for %q", got)
			}
		})
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(Options) (*Portal, error){"coupa": Start, "other": StartOther} {
		p := served(t, start, Options{Orders: 10, Mix: Plain, Gone: 0.4, MaxFile: 8 << 10})
		gone := 0
		for _, o := range p.Truth() {
			if o.Status == po.NotFound {
				gone++
			}
		}
		if gone < 4 || gone > 5 { // the other portal has one of its own
			t.Errorf("%s: %d of 10 are not found", name, gone)
		}
	}
}

func TestSessionsOptions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"without sign-in": {Sessions: Sessions{Requests: 1}},
		"limit":           {SignIn: true, Sessions: Sessions{Limit: "no such"}},
		"signed out":      {SignIn: true, Sessions: Sessions{SignedOut: "no such"}},
		"file":            {SignIn: true, Sessions: Sessions{Files: "no such"}},
		"provider":        {SignIn: true, Sessions: Sessions{Provider: "no such"}},
		"step and leave":  {SignIn: true, Sessions: Sessions{SecondStep: true, Provider: ProviderCloses}},
		"negative":        {SignIn: true, Sessions: Sessions{Idle: -1}},
		"share":           {Gone: 1.5},
	} {
		if p, err := Start(opts); err == nil {
			t.Errorf("%s: started", name)
			_ = p.Close()
		}
	}
}

func TestDefinition(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{Provider: ProviderLeads})
	coupa, _ := portal.Builtin("coupa")
	d, err := p.Definition(coupa)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Proves() || d.ProbeURL() != p.URL()+"/account" || d.SignInURL() != p.URL()+"/sessions/new" {
		t.Errorf("probe at %s, sign-in at %s", d.ProbeURL(), d.SignInURL())
	}
	u, err := url.Parse(p.ProviderURL() + "/authorize")
	if err != nil {
		t.Fatal(err)
	}
	if d.Allowed(u) || !d.AllowedForSignIn(u) {
		t.Error("the identity provider is not for signing in alone")
	}
}
