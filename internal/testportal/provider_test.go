package testportal

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func regexpFor(field string) *regexp.Regexp {
	return regexp.MustCompile(`name="` + field + `" value="([^"]*)"`)
}

// provide posts the identity provider's form.
func provide(t *testing.T, c *http.Client, p *Portal, user, returnTo string) answer {
	t.Helper()
	return postForm(t, c, p.ProviderURL()+"/authorize", url.Values{
		"user": {user}, "password": {"secret"}, "return_to": {returnTo},
	})
}

// A user signs in once at the identity provider; after the portal's session has ended
// its own brings the next one without a word, and another user in another browser has
// nothing of it.
func TestProvider(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{Provider: ProviderLeads})
	number := p.orders[0].number
	page := p.URL() + "/order_headers/" + number
	c := walker(t)
	form := get(t, c, page)
	back := formReturn(t, form)
	if a := provide(t, c, p, "Nunes", back); a.status != http.StatusOK || !strings.Contains(string(a.body), number) {
		t.Errorf("signed in: %d\n%s", a.status, a.body)
	}
	p.EndSessions()
	if a := get(t, c, page); a.status != http.StatusOK || !strings.Contains(string(a.body), number) {
		t.Errorf("again: %d\n%s", a.status, a.body)
	}
	p.EndSessions()
	p.EndProviderSessions()
	if a := get(t, c, page); formReturn(t, a) != back || who(t, c, p) != "" {
		t.Error("signed in without either session")
	}
	seeded := walker(t)
	give(t, seeded, p.ProviderURL(), p.ProviderCookieFor("Osei"))
	if got := who(t, seeded, p); got != "Osei" {
		t.Errorf("with a cookie of the provider's: %q", got)
	}
	want := []SignIn{{User: "Nunes", Way: ByProviderForm}, {User: "Nunes", Way: Silently}, {User: "Osei", Way: Silently}}
	if diff := cmp.Diff(want, p.SignIns(), cmpopts.IgnoreFields(SignIn{}, "At", "Browser")); diff != "" {
		t.Error(diff)
	}
	if p.Counts()[RequestProvider] == 0 {
		t.Errorf("counted %v", p.Counts())
	}
}

// formReturn is where the identity provider's form leads back to.
func formReturn(t *testing.T, form answer) string {
	t.Helper()
	back := regexpFor("return_to").FindSubmatch(form.body)
	if back == nil || !strings.Contains(string(form.body), `type="password"`) {
		t.Fatalf("no form of the identity provider: %d\n%s", form.status, form.body)
	}
	return string(back[1])
}

// A code of the identity provider's is good once, and it leads nowhere but to the portal.
func TestProviderIsCareful(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{Provider: ProviderLeads})
	back := p.URL() + "/sessions/sso?return_to=%2F"
	a := provide(t, client(t), p, "Nunes", back)
	first, second := client(t), client(t)
	if b := get(t, first, a.head.Get("Location")); b.status != http.StatusFound || b.head.Get("Location") != "/" {
		t.Errorf("led back: %d, to %q", b.status, b.head.Get("Location"))
	}
	if b := get(t, second, a.head.Get("Location")); b.status != http.StatusForbidden || who(t, second, p) != "" {
		t.Errorf("led back twice: %d", b.status)
	}
	for _, hostile := range []string{
		"https://evil.example/", p.URL() + ".evil.example/sessions/sso", "//evil.example", "%zz", "",
	} {
		if a := provide(t, client(t), p, "Nunes", hostile); a.status != http.StatusBadRequest {
			t.Errorf("to %q: %d", hostile, a.status)
		}
	}
	if a := signIn(t, client(t), p.URL()+"/sessions/new", "Nunes", "secret", ""); a.status != http.StatusForbidden {
		t.Errorf("the portal's own form: %d", a.status)
	}
}

// What each identity provider answers once the password was right, and where its own
// session lives.
func TestProviderLeadsBack(t *testing.T) {
	t.Parallel()
	for how, c := range map[Provider]struct {
		form, silent int    // status
		says         string // after the form
	}{
		ProviderLeads:   {302, 302, ""},
		ProviderRefuses: {302, 302, ""},
		ProviderPosts:   {200, 200, ".submit()"},
		ProviderOpens:   {200, 302, `{"open":"http://127.0.0.1`},
		ProviderCloses:  {200, 302, "{}"},
	} {
		p := guarded(t, Sessions{Provider: how})
		client := client(t)
		back := p.URL() + "/sessions/sso?return_to=%2F"
		address := p.ProviderURL() + "/authorize?" + url.Values{"return_to": {back}}.Encode()
		form := string(get(t, client, address).body)
		refuses, closes := strings.Contains(form, "webdriver"), strings.Contains(form, "window.close()")
		if refuses != (how == ProviderRefuses) || closes != how.leaves() {
			t.Errorf("%s: the form is\n%s", how, form)
		}
		a := provide(t, client, p, "Nunes", back)
		if a.status != c.form || !strings.Contains(string(a.body), c.says) {
			t.Errorf("%s: %d\n%s", how, a.status, a.body)
		}
		if a := get(t, client, address); a.status != c.silent {
			t.Errorf("%s, silently: %d", how, a.status)
		}
		if how == ProviderPosts {
			code := regexpFor("code").FindSubmatch(a.body)
			postForm(t, client, back, url.Values{"code": {string(code[1])}})
			if got := who(t, client, p); got != "Nunes" {
				t.Errorf("%s: signed in as %q", how, got)
			}
		}
	}
}
