package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/internal/testdisplay"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/vault"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// bench is a portal with an account that is to sign in at it.
type bench struct {
	t    *testing.T
	site *testportal.Portal
	Config

	mu   sync.Mutex
	said []string
}

// human is how long whoever signs in takes for a page.
const human = 1500 * time.Millisecond

func newBench(t *testing.T, s testportal.Sessions) *bench {
	t.Helper()
	path, err := launch.Find("", true)
	if err != nil {
		t.Skipf("no browser is installed: %v", err)
	}
	site, err := testportal.Start(testportal.Options{Mix: testportal.Plain, Orders: 1, SignIn: true, Sessions: s,
		PageLatency: -1, ListLatency: -1, TrackerLatency: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	coupa, _ := portal.Builtin("coupa")
	definition, err := site.Definition(coupa)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	store := account.Open(filepath.Join(dir, "data"), vault.New(vault.Config{InsecurePlain: true, NoKeychain: true}))
	held, err := store.Create("coupa", account.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Unlock() })
	b := &bench{t: t, site: site}
	b.Config = Config{Account: held, Say: b.say, Browser: browser.Config{
		Portal: definition, BrowserPath: popups(t, dir, path), NoSandbox: os.Geteuid() == 0}}
	return b
}

// popups is a browser whose pages may open windows without being clicked.
func popups(t *testing.T, dir, path string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		return path
	}
	wrapper := filepath.Join(dir, "browser")
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' --disable-popup-blocking \"$@\"\n", path)
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return wrapper
}

func (b *bench) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, fmt.Sprintf(format, args...))
	b.t.Log(b.said[len(b.said)-1])
}

// saysOf reports whether anything was said that has a text in it.
func (b *bench) saysOf(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(strings.Join(b.said, "\n"), text)
}

// prove wants the account to be signed in, for another browser on a clone, with the
// stored session and without.
func (b *bench) prove(info account.Info, err error, user string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	if info.User != user || info.BaseURL != b.site.URL() || info.Version == "" || info.SignedIn.IsZero() {
		b.t.Errorf("%+v", info)
	}
	state, err := b.Account.Load(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for name, row := range map[string]struct {
		base  string
		state *storagestate.State
	}{"clone": {b.Account.BaseDir(), nil}, "stored": {"", &state}} {
		proved, err := Prove(b.t.Context(), b.Browser, row.base, row.state)
		if err != nil || !proved.SignedIn || proved.User != user {
			b.t.Errorf("%s: %+v, %v", name, proved.Proof, err)
		}
	}
}

// kept is everything that an account has, to see that nothing of it has changed.
func (b *bench) kept() string {
	b.t.Helper()
	info, err := b.Account.Info()
	if err != nil {
		b.t.Fatal(err)
	}
	state, err := b.Account.Load(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := state.Marshal()
	if err != nil {
		b.t.Fatal(err)
	}
	var files []string
	err = filepath.Walk(b.Account.BaseDir(), func(path string, f os.FileInfo, err error) error {
		if err == nil {
			files = append(files, fmt.Sprint(path, f.Size(), f.ModTime()))
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprint(info, string(text), files)
}

// give signs the account in without a window.
func (b *bench) give(user string) *http.Cookie {
	b.t.Helper()
	c := b.site.SessionCookieFor(user)
	info, err := Import(b.t.Context(), b.Config, b.stateOf(c))
	if err != nil || info.User != user {
		b.t.Fatalf("%+v, %v", info, err)
	}
	return c
}

func (b *bench) stateOf(c *http.Cookie) storagestate.State {
	cookie := storagestate.Cookie{Name: c.Name, Value: c.Value, Domain: "127.0.0.1", Path: "/", HTTPOnly: true}
	return storagestate.State{Cookies: []storagestate.Cookie{cookie}}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// Somebody who signs in is signed in in other browsers, whatever way the sign-in takes.
func TestFaultsByHand(t *testing.T) {
	t.Setenv("DISPLAY", testdisplay.Start(t))
	for name, s := range map[string]testportal.Sessions{
		"form":                {},
		"two steps":           {SecondStep: true, BrowserOnly: true},
		"identity provider":   {Provider: testportal.ProviderPosts},
		"it opens the portal": {Provider: testportal.ProviderOpens},
	} {
		t.Run(name, func(t *testing.T) {
			s.Human = human
			b := newBench(t, s)
			info, err := ByHand(within(t), b.Config, false)
			b.prove(info, err, testportal.HumanUser)
		})
	}
}

// A session that is over does not pass for a sign-in: the window stays until there is a
// new one.
func TestFaultsStaleSession(t *testing.T) {
	t.Setenv("DISPLAY", testdisplay.Start(t))
	b := newBench(t, testportal.Sessions{Human: 3 * time.Second})
	b.site.EndSession(b.give("Grace Hopper"))
	info, err := ByHand(within(t), b.Config, false)
	b.prove(info, err, testportal.HumanUser)
}

// What is there stays as it was where nobody signs in, or the last step closes the
// window.
func TestFaultsNobodySignsIn(t *testing.T) {
	t.Setenv("DISPLAY", testdisplay.Start(t))
	b := newBench(t, testportal.Sessions{Human: human, Provider: testportal.ProviderCloses})
	b.give("Grace Hopper")
	before := b.kept()
	b.site.EndSessions()
	_, err := ByHand(within(t), b.Config, false)
	e, ok := errors.AsType[*po.Error](err)
	if !ok || e.Cause != po.SignedOut || !strings.Contains(e.Hint, "closed by itself") {
		t.Errorf("%v", err)
	}
	t.Logf("%v", err)
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	_, err = ByHand(ctx, b.Config, false)
	if po.CauseOf(err) != po.Interrupted {
		t.Errorf("%v", err)
	}
	if after := b.kept(); after != before {
		t.Error("what was kept has changed")
	}
}

// A browser that is killed right after the sign-in has not written its cookies: what was
// seen of it before is put into others.
func TestFaultsKilledWindow(t *testing.T) {
	t.Setenv("DISPLAY", testdisplay.Start(t))
	// The page with the portal's sign takes its time, so that the window stays.
	b := newBench(t, testportal.Sessions{Human: human, BrowserOnly: true})
	b.Browser.Portal.Signs.SignedIn = portal.Mark{Selectors: []string{"a[href='/sessions/destroy'].never"}}
	proof := b.Browser.Portal
	coupa, _ := portal.Builtin("coupa")
	proof.Signs.SignedIn = coupa.Signs.SignedIn
	ctx := within(t)
	info, err := b.staged(ctx, "", func(_ Config, dir string) (account.Info, error) {
		var killed sync.WaitGroup
		defer killed.Wait()
		killed.Go(func() {
			for len(b.site.SignIns()) == 0 && ctx.Err() == nil {
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(5 * time.Second) // some looks at it
			killOn(t, dir)
		})
		seen, err := browser.SignInByHand(ctx, b.Browser, dir, nil)
		if err != nil || seen.SignedIn || !seen.MayBeSignedIn {
			t.Errorf("%+v, %v", seen, err)
		}
		b.Browser.Portal = proof
		return b.judge(ctx, dir, seen, false)
	})
	if err != nil {
		t.Fatal(err)
	}
	state, err := b.Account.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proved, err := Prove(t.Context(), b.Browser, b.Account.BaseDir(), &state)
	if err != nil || !proved.SignedIn || info.User != testportal.HumanUser {
		t.Errorf("%+v, %+v, %v", info, proved, err)
	}
}

// killOn kills the browser on a profile.
func killOn(t *testing.T, dir string) {
	list, err := process.Find(func(arg string) bool { return arg == "--user-data-dir="+dir })
	if err != nil {
		t.Error(err)
	}
	for _, p := range list {
		if p, err := os.FindProcess(p.Pid); err == nil {
			_ = p.Kill()
		}
	}
}

// An identity provider that refuses a driven browser is recognised.
func TestFaultsRefused(t *testing.T) {
	t.Setenv("DISPLAY", testdisplay.Start(t))
	b := newBench(t, testportal.Sessions{Human: human, Provider: testportal.ProviderRefuses})
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	b.Say = func(format string, args ...any) {
		if b.say(format, args...); strings.Contains(format, "--plain") {
			cancel()
		}
	}
	_, err := ByHand(ctx, b.Config, false)
	if po.CauseOf(err) != po.Interrupted || !b.saysOf("does not take this browser") {
		t.Errorf("%v", err)
	}
}

// What somebody has done in a browser without any debugging is seen by the next one.
func TestFaultsPlain(t *testing.T) {
	t.Setenv("DISPLAY", testdisplay.Start(t))
	b := newBench(t, testportal.Sessions{Human: human, Provider: testportal.ProviderOpens, BrowserOnly: true})
	info, err := ByHand(within(t), b.Config, true)
	b.prove(info, err, testportal.HumanUser)
}

// What is imported signs in, or is refused by name. internal/browser tries every dialect.
func TestFaultsImport(t *testing.T) {
	b := newBench(t, testportal.Sessions{})
	c := b.site.SessionCookieFor("Grace Hopper")
	for name, row := range map[string]struct {
		text    string
		dropped bool
	}{
		"Playwright": {fmt.Sprintf(`{"origins": [], "cookies": [
			{"name": %q, "value": %q, "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": true, "sameSite": "Lax"},
			{"name": "other", "value": "x", "domain": ".tracker.example", "path": "/"}]}`, c.Name, c.Value), false},
		"Netscape": {fmt.Sprintf("# Netscape HTTP Cookie File\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\t%s\t%s\n",
			c.Name, c.Value), false},
		// SameSite=None without Secure is what browsers drop: it has to be said.
		"Cookie-Editor": {fmt.Sprintf(`[{"name": %q, "value": %q, "domain": "127.0.0.1", "path": "/", "httpOnly": true,
			"secure": false, "sameSite": "no_restriction", "hostOnly": true, "session": true, "storeId": "0"}]`, c.Name, c.Value), true},
	} {
		t.Run(name, func(t *testing.T) {
			b.t, b.said = t, nil
			state, report, err := storagestate.Parse([]byte(row.text))
			if err != nil {
				t.Fatal(err)
			}
			state, _ = state.Only(func(host string) bool { return browser.Serves(b.Browser.Portal, host) })
			info, err := Import(within(t), b.Config, state)
			switch {
			case row.dropped:
				if po.CauseOf(err) != po.SignedOut || !b.saysOf("not imported: cookie _coupa_session of 127.0.0.1: ") {
					t.Errorf("%v, %v, %q", report, err, b.said)
				}
			case err != nil || info.User != "Grace Hopper":
				t.Errorf("%s: %+v, %v", report.Dialect, info, err)
			}
		})
	}
}

// A portal that fails for a moment does not cost somebody the sign-in.
func TestFaultsImportFromTroubledPortal(t *testing.T) {
	b := newBench(t, testportal.Sessions{})
	target, err := url.Parse(b.site.URL())
	if err != nil {
		t.Fatal(err)
	}
	var probes atomic.Int32
	pass := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == b.Browser.Portal.Probe.Path && probes.Add(1) <= 2 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	defer front.Close()
	b.Browser.Portal.BaseURL = front.URL
	info, err := Import(within(t), b.Config, b.stateOf(b.site.SessionCookieFor("Grace Hopper")))
	if err != nil || info.User != "Grace Hopper" || probes.Load() < 3 {
		t.Errorf("%+v, %v after %d looks", info, err, probes.Load())
	}
}

// Neither an import that signs nobody in nor one that is over touches what was there.
func TestFaultsUselessImport(t *testing.T) {
	b := newBench(t, testportal.Sessions{})
	b.give("Grace Hopper")
	before := b.kept()
	over := b.site.SessionCookieFor("Ada")
	b.site.EndSession(over)
	_, err := Import(within(t), b.Config, b.stateOf(over))
	if po.CauseOf(err) != po.SignedOut || strings.Contains(fmt.Sprint(err), over.Value) {
		t.Errorf("%v", err)
	}
	if after := b.kept(); after != before {
		t.Error("what was kept has changed")
	}
}
