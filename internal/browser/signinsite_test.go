package browser

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/testdisplay"
	"github.com/poactor/poactor/portal"
)

// signInSite is a portal with an identity provider on another host. The pages sign in
// by themselves after a moment, as a human would.
type signInSite struct {
	*httptest.Server
	idp    *httptest.Server
	portal portal.Portal

	idpHost string
	asked   chan struct{} // gets a value when the sign-in page is asked for

	home  string // what the portal's page has beside its sign
	mu    sync.Mutex
	form  string // script of the sign-in page
	after string // script of the page after it; empty: it leads back to the portal
}

// What plays a human at the sign-in page: one that takes a moment, and none.
const (
	slowHuman = `setTimeout(() => { location.replace("/done") }, 1500)`
	noHuman   = ``
)

func (s *signInSite) human(form, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.form, s.after = form, after
	for len(s.asked) > 0 {
		<-s.asked
	}
}

func newSignInSite(t *testing.T) *signInSite {
	t.Helper()
	s := &signInSite{asked: make(chan struct{}, 100), form: slowHuman}
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>t</title><body>%s", body)
	}
	mux.HandleFunc("/home", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != "valid" {
			http.Redirect(w, r, s.idp.URL+"/signin?SAMLRequest=x", http.StatusFound)
			return
		}
		page(w, `<a class=out href=/logout hidden>Sign out</a><script>localStorage.setItem("k", "v")</script>`+s.home)
	})
	mux.HandleFunc("/acs", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "valid", Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/home", http.StatusFound)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Server.Close)
	idp := http.NewServeMux()
	idp.HandleFunc("/signin", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		select {
		case s.asked <- struct{}{}:
		default:
		}
		page(w, `<input type=password><script>`+s.form+`</script>`)
	})
	idp.HandleFunc("/done", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "idp", Value: "i", Path: "/"})
		if s.after == "" {
			http.Redirect(w, r, s.URL+"/acs", http.StatusFound)
			return
		}
		page(w, "<script>"+strings.ReplaceAll(s.after, "ACS", s.URL+"/acs")+"</script>")
	})
	s.idp = httptest.NewUnstartedServer(idp)
	s.idp.Start()
	t.Cleanup(s.idp.Close)
	_, port, _ := net.SplitHostPort(s.idp.Listener.Addr().String())
	s.idpHost = "localhost:" + port
	s.idp.URL = "http://" + s.idpHost
	s.portal = testPortal(s.URL)
	s.portal.Probe.Path = "/home"
	s.portal.Signs.SignedIn = portal.Mark{Selectors: []string{"a.out"}}
	s.portal.SignIn.Hosts = []string{s.idpHost}
	return s
}

// config is that of a browser in which pages may open windows without being clicked.
func (s *signInSite) config(t *testing.T) Config {
	t.Helper()
	path, err := launch.Find("", true)
	if err != nil {
		t.Fatal(err)
	}
	wrapper := filepath.Join(t.TempDir(), "browser")
	script := fmt.Sprintf("#!/bin/sh\nexec %q --disable-popup-blocking \"$@\"\n", path)
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return Config{Portal: s.portal, BrowserPath: wrapper, NoSandbox: os.Geteuid() == 0}
}

// needDisplay gives a test a screen.
func needDisplay(t *testing.T) {
	t.Helper()
	if _, err := launch.Find("", true); err != nil {
		t.Skipf("no browser is installed: %v", err)
	}
	t.Setenv("DISPLAY", testdisplay.Start(t))
}

// inWindow signs in at the site, in a window on the profile base; meanwhile runs beside
// it as soon as the sign-in page was asked for.
func (s *signInSite) inWindow(t *testing.T, base string, meanwhile func(stop context.CancelFunc)) (Window, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() {
		select {
		case <-ctx.Done():
		case <-s.asked:
			if meanwhile != nil {
				meanwhile(cancel)
			}
		}
	})
	return SignInByHand(ctx, s.config(t), base, nil)
}
