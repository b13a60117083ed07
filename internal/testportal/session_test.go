package testportal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// signIn posts the form of the sign-in page.
func signIn(t *testing.T, c *http.Client, address, user, password, returnTo string) answer {
	t.Helper()
	return postForm(t, c, address, url.Values{"user[login]": {user}, "user[password]": {password}, "return_to": {returnTo}})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{SignIn: true, Mix: Plain})
	c := client(t)
	o := p.orders[0]
	page := "/order_headers/" + o.number
	everything := func(when string, want map[string]int) {
		t.Helper()
		for path, status := range want {
			a := get(t, c, p.URL()+path)
			if a.status != status {
				t.Errorf("%s: %s answers %d, want %d", when, path, a.status, status)
			}
			if status == http.StatusFound && !strings.HasPrefix(a.head.Get("Location"), "/sessions/new?") {
				t.Errorf("%s: %s leads to %q", when, path, a.head.Get("Location"))
			}
		}
	}
	out := map[string]int{page: 302, page + "/attachments.json": 401, o.files[0].path(): 302, "/": 302, "/assets/app.js": 200, "/sessions/new": 200}
	in := map[string]int{page: 200, page + "/attachments.json": 200, o.files[0].path(): 200, "/": 200}
	everything("at first", out)

	form := get(t, c, p.URL()+"/sessions/new?return_to="+page)
	if !strings.Contains(string(form.body), `type="password"`) || !strings.Contains(string(form.body), page) {
		t.Errorf("the sign-in page is\n%s", form.body)
	}
	if a := signIn(t, c, p.URL()+"/sessions/new", "keller", "", page); a.status != http.StatusOK {
		t.Errorf("no password: %d", a.status)
	}
	everything("without a password", out)
	if a := signIn(t, c, p.URL()+"/sessions/new", "keller", "secret", page); a.status != http.StatusFound || a.head.Get("Location") != page {
		t.Errorf("signed in: %d, to %q", a.status, a.head.Get("Location"))
	}
	everything("signed in", in)
	p.SignOutAll()
	everything("signed out", out)

	base, err := url.Parse(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.Jar.SetCookies(base, []*http.Cookie{p.SessionCookie()})
	everything("with a session's cookie", in)
	p.SetFault(SignOut)
	everything("under a fault", out)
	p.SetFault(NoFault)
	everything("after it", in)

	for _, hostile := range []string{"//evil.example/", "https://evil.example/", ""} {
		if a := signIn(t, c, p.URL()+"/sessions/new", "keller", "secret", hostile); a.head.Get("Location") != "/" {
			t.Errorf("return_to %q leads to %q", hostile, a.head.Get("Location"))
		}
	}
}

// TestRecord has two browsers ask for one order at once and one for another.
func TestRecord(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{Mix: Plain})
	both, alone := p.orders[0].number, p.orders[1].number
	p.SetFault(Hang)
	ctx, giveUp := context.WithCancel(t.Context())
	first, second := begin(t, ctx, p.URL()+"/order_headers/"+both), begin(t, ctx, p.URL()+"/order_headers/"+both)
	until(t, func() bool { return len(p.Requests()) == 2 })
	giveUp()
	<-first
	<-second
	until(t, func() bool { return !p.Requests()[0].End.IsZero() && !p.Requests()[1].End.IsZero() })
	p.SetFault(NoFault)
	c := client(t)
	for range 2 {
		get(t, c, p.URL()+"/order_headers/"+alone)
	}
	get(t, c, p.URL()+p.orders[1].files[0].path())
	get(t, c, p.URL()+"/assets/style.css")
	until(t, func() bool { return !p.Requests()[4].End.IsZero() })

	if got := p.AtOnce(); got[both] != 2 || got[alone] != 1 {
		t.Errorf("%d and %d browsers at once, want 2 and 1", got[both], got[alone])
	}
	if got := p.Counts(); got[RequestPage] != 4 || got[RequestFile] != 1 || got[RequestAsset] != 1 {
		t.Errorf("counts %v", got)
	}
	var browsers []string
	for _, r := range p.Requests() {
		if answered := r.Status == http.StatusOK; answered != (r.Order == alone) || r.End.Before(r.Start) {
			t.Errorf("recorded %+v", r)
		}
		if r.Order == alone {
			browsers = append(browsers, r.Browser)
		}
		if r.Kind == RequestFile && r.File != p.orders[1].files[0].id {
			t.Errorf("recorded file %d", r.File)
		}
	}
	if len(browsers) != 3 || browsers[0] == "" || browsers[0] != browsers[1] || browsers[0] != browsers[2] {
		t.Errorf("one browser is recorded as %q", browsers)
	}
}
