package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Only the portal's own mark says that somebody is signed in; a cookie, a status or a
// page that is neither does not.
func TestProve(t *testing.T) {
	t.Parallel()
	const menu = `<nav hidden><a href="/sessions/destroy">Sign out</a></nav>`
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	other := serve(t, site{"/away": page("Good bye.")})
	pages := site{
		"/in":           page(menu + `<b class=who>Ada Lovelace</b>`),
		"/late":         page(`<script>setTimeout(() => { document.body.innerHTML = '` + menu + `<b class=who>Ada</b>' }, 300)</script>`),
		"/text":         page(`Welcome back <b class=who> Ada  L. </b>`),
		"/moves":        page(`<script>setTimeout(() => { location = '/in' }, 100)</script>`),
		"/out":          page(`<form><input type=password></form>`),
		"/both":         page(menu + `<form><input type=password></form>`),
		"/bare":         page(`<h1>Home</h1>`),
		"/status":       status(401, menu),
		"/none":         status(404, menu),
		"/broken":       status(500, menu),
		"/sent":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sessions/new", http.StatusFound) },
		"/sessions/new": page(menu), // told by its address alone
		"/away": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(other, "127.0.0.1", "localhost", 1)+"/away", http.StatusFound)
		},
	}
	p := testPortal(serve(t, pages))
	p.Signs.SignedIn = portal.Mark{Selectors: []string{"a[href*='/sessions/destroy']"}, Texts: []string{"Welcome back"}}
	p.Probe.User = []string{".nobody", ".who"}
	s := openSession(t, p)
	s.config.Times.Navigation, s.config.Times.Signs = time.Minute, 10*time.Second
	for path, want := range map[string]string{
		"/in": "Ada Lovelace", "/late": "Ada", "/text": "Ada L.", "/moves": "Ada Lovelace",
		"/out": "not: the portal asks for a sign-in", "/both": "not: the portal asks for a sign-in",
		"/sent": "not: the portal asks for a sign-in", "/status": "not: the portal answers 401 to the page that shows who is signed in (probe.path)",
		"/none": "not: the portal answers 404 to the page that shows who is signed in (probe.path)", "/broken": "failure portal_error", "/away": "not: the portal leads to " + hostOf(strings.Replace(other, "127.0.0.1", "localhost", 1)),
	} {
		s.config.Portal.Probe.Path = path
		if got := proofText(s.Prove(t.Context())); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	s.config.Times.Signs = time.Second
	s.config.Portal.Probe.Path = "/bare"
	if got := proofText(s.Prove(t.Context())); !strings.HasPrefix(got, "not: the page does not show") {
		t.Errorf("a bare page: %q", got)
	}
	s.config.Portal.Probe = portal.Probe{Path: "/in", User: []string{"b:has("}}
	if _, err := s.Prove(t.Context()); err == nil || !err.(*po.ReadFailure).Definition {
		t.Errorf("a selector that is none: %v", err)
	}
	if got := outcome(s.Read(t.Context(), order("1"), nil)); got != "not_found" { // it goes on as before
		t.Errorf("an order after that: %q", got)
	}
}

func proofText(p po.Proof, err error) string {
	switch {
	case err != nil:
		return "failure " + string(po.CauseOf(err))
	case p.SignedIn:
		return p.User
	}
	return "not: " + p.Detail
}
