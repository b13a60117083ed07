package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
)

// windowed is a browser with a window that needs no display.
func windowed(t *testing.T) string {
	t.Helper()
	needBrowser(t)
	path, err := launch.Find(*browserPath, true)
	if err != nil {
		t.Skipf("no browser with a window is installed: %v", err)
	}
	script := filepath.Join(t.TempDir(), "browser")
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' --ozone-platform=headless \"$@\"\n", path)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script
}

// In a plain window pages see no automation, and what its user got there serves a driven
// browser on the same profile when the window is closed, cookies of a session too.
func TestFaultsPlainWindow(t *testing.T) {
	t.Parallel()
	path := windowed(t)
	saw := make(chan string, 10)
	base := serve(t, site{
		"/login": func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
			page(`<script>fetch("/saw?" + navigator.webdriver).then(() => close())</script>`)(w, r)
		},
		"/saw": func(_ http.ResponseWriter, r *http.Request) { saw <- r.URL.RawQuery },
		"/orders/1": func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("sid"); err != nil {
				page("<input type=password>")(w, r)
				return
			}
			page("<a class=att href=/f/a.pdf>a</a>")(w, r)
		},
	})
	home, err := os.MkdirTemp("", "pa") // short: the browser puts sockets into it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	profile := Profile{ID: "base", Dir: filepath.Join(home, "p"), TempDir: filepath.Join(home, "t")}
	for _, dir := range []string{profile.Dir, profile.TempDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	root := os.Geteuid() == 0
	p, err := launch.StartPlain(launch.Inspect(t.Context(), path),
		launch.Options{ProfileDir: profile.Dir, TempDir: profile.TempDir, NoSandbox: root}, base+"/login")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	select {
	case <-p.Exited():
	case <-time.After(2 * time.Minute):
		t.Fatal("the window was not closed")
	}
	if err := p.Failed(); err != nil {
		t.Fatal(p.Explain(t.Context(), err))
	}
	for end := time.Now().Add(time.Minute); p.Alive(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a process is left")
		}
	}
	if got := <-saw; got != "false" {
		t.Errorf("navigator.webdriver is %s", got)
	}
	s, err := New(Config{
		Portal: testPortal(base), BrowserPath: path, NoSandbox: root, Cloned: true, Downloads: t.TempDir(),
		Lease: func(context.Context) (Profile, error) { return profile, nil },
	}).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := s.Read(t.Context(), order("1"), nil); err != nil || r.Sign != po.SignAttachments {
		t.Errorf("the driven browser is shown %q: %v", r.Sign, err)
	}
}

// A window that its user does not close can be asked to end.
func TestFaultsPlainWindowQuits(t *testing.T) {
	t.Parallel()
	path := windowed(t)
	opened := make(chan string, 10)
	base := serve(t, site{"/login": func(w http.ResponseWriter, r *http.Request) { opened <- r.URL.Path; page("hello")(w, r) }})
	home, err := os.MkdirTemp("", "pa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	p, err := launch.StartPlain(launch.Inspect(t.Context(), path), launch.Options{
		ProfileDir: filepath.Join(home, "p"), TempDir: home, NoSandbox: os.Geteuid() == 0}, base+"/login")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	late := time.After(2 * time.Minute)
	select {
	case <-opened:
	case <-p.Exited():
		t.Fatal(p.Explain(t.Context(), p.Failed()))
	case <-late:
		t.Fatal("the page was not opened")
	}
	if err := p.Quit(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Exited():
	case <-late:
		t.Error("it does not end")
	}
}
