package browser

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
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
	return script(t, "exec '"+path+"' --ozone-platform=headless \"$@\"")
}

// script is a program.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "browser")
	syscall.ForkLock.RLock() // a process started meanwhile would have the file open, and it could not be run
	err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return path
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
	if len(saw) > 0 {
		t.Error("the driven browser has opened the window's page again")
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

// A browser that policies forbid to drive is started once. What one leaves that starts
// itself again, outside its group, is ended with the profile.
func TestStartsThatCannotWork(t *testing.T) {
	t.Parallel()
	const version = `[ "$1" = --version ] && { echo Chromium 156.0.0.0; exit; }; `
	dir := t.TempDir()
	open := func(path string) *Launcher {
		l := New(Config{Portal: testPortal("http://127.0.0.1:9"), BrowserPath: path, NoSandbox: os.Geteuid() == 0, Lease: leaser(t, nil),
			Downloads: t.TempDir(), Times: Times{Start: 10 * time.Minute}})
		for range 3 {
			s, err := l.Open(t.Context())
			if err == nil {
				s.Close()
			}
			if e, ok := errors.AsType[*po.Error](err); !ok || e.Cause != po.BrowserDied {
				t.Errorf("open: %v", err)
			}
		}
		return l
	}
	starts := filepath.Join(dir, "starts")
	l := open(script(t, version+"echo >>"+starts+"; echo 'DevTools remote debugging is disallowed by the system admin.' >&2; sleep 600"))
	if got, _ := os.ReadFile(starts); string(got) != "\n" || !errors.Is(l.refused, launch.ErrForbidden) {
		t.Errorf("%d starts: %v", len(got), l.refused)
	}
	args := filepath.Join(dir, "args")
	open(script(t, version+`[ -n "$AGAIN" ] && { echo "$2" >>`+args+`; while :; do sleep 1; done; }; AGAIN=1 setsid "$0" again "$1" 3>&- 4>&- &
		while ! [ -s `+args+` ]; do sleep 0.01; done`))
	all, err := os.ReadFile(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range strings.Fields(string(all)) {
		if list, err := process.Find(func(a string) bool { return a == arg }); err != nil || len(list) > 0 {
			t.Errorf("%s: %d are left, %v", arg, len(list), err)
		}
	}
}
