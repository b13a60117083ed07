package plain_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/browser/sessiontest"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/testportal/plain"
	"github.com/poactor/poactor/po"
)

// Plain sessions do what browsers do, as far as tests rely on it.
func TestConforms(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	text := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
	}
	text("/{$}", `<a href="/sessions/destroy">Sign out</a>`)
	text("/order_headers/listed", "")
	text("/order_headers/listed/attachments.json", `{"supplier":"Acme","attachments":[{"name":"a","path":"/a"},{"name":"a","path":"/b"}]}`)
	text("/order_headers/empty", "")
	text("/order_headers/empty/attachments.json", `{}`)
	mux.HandleFunc("/order_headers/waits", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	site := httptest.NewServer(mux)
	defer site.Close()
	b := &plain.Browsers{Base: site.URL, Dir: t.TempDir()}
	order := func(number string) po.Order { return po.Order{Key: po.Key(number), Number: number} }
	orders := sessiontest.Orders{Listed: order("listed"), Empty: order("empty"), NotFound: order("gone"), Waiting: order("waits")}
	sessiontest.Run(t, orders, func(t *testing.T) sessiontest.Session {
		s, err := b.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// A session has the cookies that it is opened with, and says when they are good no more.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	for _, out := range []testportal.SignedOut{testportal.ToSignIn, testportal.ToTimeout, testportal.MaskedGone} {
		site, err := testportal.Start(testportal.Options{
			Orders: 1, Mix: testportal.Plain, MaxFile: 8 << 10, PageLatency: -1, ListLatency: -1,
			SignIn: true, Sessions: testportal.Sessions{SignedOut: out},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer site.Close()
		b := &plain.Browsers{Base: site.URL(), Dir: t.TempDir(), Cookies: func() []*http.Cookie {
			return []*http.Cookie{site.SessionCookieFor("O'Brien")}
		}}
		s, err := b.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		proof := po.Proof{SignedIn: true, User: "O'Brien"}
		if got, err := s.Prove(t.Context()); err != nil || got != proof {
			t.Errorf("%q: %+v, %v", out, got, err)
		}
		site.EndSessions()
		if got, err := s.Prove(t.Context()); err != nil || got.SignedIn || got.Detail == "" {
			t.Errorf("%q, signed out: %+v, %v", out, got, err)
		}
		number := string(site.Truth()[0].Key)
		reading, err := s.Read(t.Context(), po.Order{Key: po.Key(number), Number: number}, nil)
		got := []any{reading.Sign, po.CauseOf(err)}
		sign := []any{po.Sign(""), po.SignedOut}
		if out == testportal.MaskedGone {
			sign = []any{po.SignNotFound, po.Cause("")}
		}
		if !cmp.Equal(got, sign) {
			t.Errorf("%q: read %v, want %v", out, got, sign)
		}
	}
}
