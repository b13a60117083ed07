package browser

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/poactor/poactor/po"
)

// passes is a page that stands before another until a cookie says that it was seen.
func passes(code int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("passed"); err == nil {
			page(`<a class=att href=/f/1>one</a>`)(w, r)
			return
		}
		stays(code, body, headers...)(w, r)
	}
}

// stays is a page that is the same for everybody.
func stays(code int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		fmt.Fprint(w, "<!doctype html>"+body)
	}
}

// A page that stands before the order's is waited for; one that stays is the
// portal's trouble and no order's.
func TestFaultsInterstitials(t *testing.T) {
	t.Parallel()
	const again = `<script>setTimeout(()=>{document.cookie='passed=1; path='+location.pathname;location.reload()},700)</script>`
	var turns atomic.Int64
	pages := site{
		"/orders/check503": passes(503, `<title>Just a moment...</title><h1>Checking your browser</h1>`+again, "cf-mitigated", "challenge"),
		"/orders/check403": passes(403, `<title>Just a moment...</title>`+again),
		"/orders/check429": passes(429, `<title>Verificação</title>`+again, "Retry-After", "9"),
		"/orders/check202": passes(202, `<title>x</title>`+again, "x-amzn-waf-action", "challenge"),
		"/orders/check200": passes(200, `<h1>Please wait while we check your browser</h1>`+again),
		"/orders/foreign":  passes(503, `<title>Bitte warten</title><p>Der Browser wird überprüft.</p>`+again),
		"/orders/denied":   passes(403, `<title>Access denied?</title><p>Un instant…</p>`+again),
		"/orders/refresh":  stays(503, `<meta http-equiv=refresh content="1;url=/orders/list"><p>Un momento</p>`),
		"/orders/header":   stays(502, `<p>Un momento</p>`, "Refresh", "1;url=/orders/list"),
		"/orders/twice": func(w http.ResponseWriter, r *http.Request) {
			if turns.Add(1) < 3 {
				stays(503, `<title>One moment, please</title><script>setTimeout(()=>location.reload(),300)</script>`)(w, r)
				return
			}
			page(`<a class=att href=/f/1>one</a>`)(w, r)
		},
		"/orders/list":       page(`<a class=att href=/f/1>one</a>`),
		"/orders/endless":    stays(503, `<title>One moment, please</title><script>setTimeout(()=>location.reload(),300)</script>`),
		"/orders/maint503":   stays(503, `<title>Acme</title><h1>We’ll be back soon</h1>`, "Retry-After", "60"),
		"/orders/maint200":   page(`<h1>Scheduled maintenance</h1><p>Until 10 pm.`),
		"/orders/maint403":   stays(403, `<h1>Wartungsarbeiten</h1>`),
		"/orders/own":        stays(503, `<p>Portal en pause</p>`),
		"/orders/nginx503":   stays(503, `<title>503 Service Temporarily Unavailable</title><h1>503 Service Temporarily Unavailable</h1>`, "Retry-After", "3"),
		"/orders/down200":    page(`<h1>Service unavailable</h1>`),
		"/orders/plain503":   stays(503, `<h1>Error</h1>`),
		"/orders/plain403":   stays(403, `<h1>This order belongs to another department</h1>`),
		"/orders/gone":       stays(404, `<h1>This page is temporarily unavailable</h1>`),
		"/orders/contract":   page(`<h1>Scheduled maintenance of lifts</h1><a class=att href=/f/1>one</a>`),
		"/orders/emptyorder": page(`<h1>System maintenance 2026</h1><p class=none>No attachments</p>`),
	}
	p := testPortal(serve(t, pages))
	p.Interstitial.Texts = []string{"portal  en pause"}
	s := openSession(t, p)
	for number, want := range map[string]string{
		"check503": "attachments one", "check403": "attachments one", "check429": "attachments one", "check202": "attachments one",
		"check200": "attachments one", "foreign": "attachments one", "refresh": "attachments one", "header": "attachments one",
		"denied": "attachments one", "twice": "attachments one",
		"endless":    "failure portal_error for all",
		"maint503":   "failure portal_error after 1m0s for all",
		"maint200":   "failure portal_error for all",
		"maint403":   "failure portal_error for all",
		"own":        "failure portal_error for all",
		"nginx503":   "failure throttled after 3s",
		"down200":    "failure portal_error for all",
		"plain503":   "failure portal_error",
		"plain403":   "forbidden",
		"gone":       "not_found",
		"contract":   "attachments one",
		"emptyorder": "empty",
	} {
		r, err := s.Read(t.Context(), order(number), nil)
		got := outcome(r, err)
		if f, ok := err.(*po.ReadFailure); ok && f.PortalWide {
			got += " for all"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
}

// A file that asks for a sign-in is that file's trouble while the order's page
// shows its list, and the session's end when it does not.
func TestSignInForOneFile(t *testing.T) {
	t.Parallel()
	foreign := serve(t, http.HandlerFunc(page("<input type=password>")))
	list := func(number string) string {
		return `<a class=att href=/f/` + number + `>one</a><a class=att href=/f/good.pdf>two</a>`
	}
	over := func(number string) http.HandlerFunc { // from the second time on
		var asked atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) > 1 {
				redirect("/sessions/new")(w, r)
				return
			}
			page(list(number))(w, r)
		}
	}
	hidden := func(number string) http.HandlerFunc {
		var asked atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) > 1 {
				http.NotFound(w, r)
				return
			}
			page(list(number))(w, r)
		}
	}
	base := serve(t, site{
		"/sessions/new":  page(`<input type=password>`),
		"/f/sso":         redirect(foreign + "/oauth/authorize?redirect_uri=x"),
		"/f/login":       redirect("/sessions/new"),
		"/f/over":        redirect("/sessions/new"),
		"/f/hidden":      redirect("/sessions/new"),
		"/f/401":         status(401),
		"/f/form":        page(`<input type=password>`),
		"/f/good.pdf":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "%PDF-1.4 x") },
		"/orders/sso":    page(list("sso")),
		"/orders/login":  page(list("login")),
		"/orders/401":    page(list("401")),
		"/orders/form":   page(list("form")),
		"/orders/over":   over("over"),
		"/orders/hidden": hidden("hidden"),
		"/orders/behind": page(`<p class=none>none</p><a class=req href=/req/1>r</a>`),
		"/req/1":         redirect("/sessions/new"),
	})
	s := openSession(t, testPortal(base))
	for number, want := range map[string]string{
		"sso": string(po.BlockedHost), "login": string(po.Forbidden), "401": string(po.Forbidden), "form": string(po.Forbidden),
		"over": "failure signed_out", "hidden": "failure signed_out", "behind": "failure forbidden",
	} {
		r, err := s.Read(t.Context(), order(number), []string{base + "/f/" + number, base + "/f/good.pdf"})
		got := outcome(r, err)
		if err == nil && len(r.Attachments) == 2 {
			got = string(r.Attachments[0].Cause)
			if r.Attachments[1].Saved == "" {
				t.Errorf("%s: the other file is not saved: %+v", number, r.Attachments[1])
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
}
