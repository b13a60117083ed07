package browser

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
)

// The window is left when the portal's sign is on a page, whatever window it comes in;
// what was in it is on the disk then.
func TestFaultsSignInByHand(t *testing.T) {
	needDisplay(t)
	site := newSignInSite(t)
	for _, row := range []struct {
		name  string
		after string // script of the last page of the identity provider
		stale bool
	}{
		{name: "a redirect"},
		{name: "another window", after: `window.open("ACS"); setTimeout(() => window.close(), 500)`},
		{name: "a session that is over", stale: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			site.human(slowHuman, row.after)
			base := filepath.Join(t.TempDir(), "base")
			if row.stale {
				old := &http.Cookie{Name: "session", Value: "over", Path: "/"}
				if err := SignIn(t.Context(), site.config(t), base, []*http.Cookie{old}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := site.inWindow(t, base, nil)
			if err != nil {
				t.Fatal(err)
			}
			cookies := got.State.Cookies
			got.State.Cookies = nil
			host := strings.TrimPrefix(site.URL, "http://")
			want := Window{SignedIn: true, MayBeSignedIn: true, LastHost: host, State: storagestate.State{
				Origins: []storagestate.Origin{{Origin: site.URL, LocalStorage: []storagestate.Item{{Name: "k", Value: "v"}}}}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff([]string{"idp of localhost", "session of 127.0.0.1"}, cookieNames(cookies)); diff != "" {
				t.Errorf("cookies: -want +got:\n%s", diff)
			}
			if left := argumentsWith(t, base); len(left) > 0 {
				t.Errorf("processes are left: %q", left)
			}
			onDisk := cookieNames(jarOf(t, site.config(t), base))
			if diff := cmp.Diff([]string{"idp of localhost", "session of 127.0.0.1"}, onDisk); diff != "" {
				t.Errorf("cookies on the disk: -want +got:\n%s", diff)
			}
		})
	}
}

// A plain window is left to its user; what was in it is on the disk then. It is no
// driven browser to its pages.
func TestFaultsSignInPlain(t *testing.T) {
	needDisplay(t)
	site := newSignInSite(t)
	site.human(`if (!navigator.webdriver) setTimeout(() => { location.replace("/done") }, 1500)`,
		`window.open("ACS"); setTimeout(() => window.close(), 500)`)
	site.home = `<script>setTimeout(() => window.close(), 1500)</script>`
	base := filepath.Join(t.TempDir(), "base")
	if err := SignInPlain(t.Context(), site.config(t), base); err != nil {
		t.Fatal(err)
	}
	onDisk := cookieNames(jarOf(t, site.config(t), base))
	if diff := cmp.Diff([]string{"idp of localhost", "session of 127.0.0.1"}, onDisk); diff != "" {
		t.Errorf("cookies on the disk: -want +got:\n%s", diff)
	}
}

// What is imported into a profile is there for the next browser on it; a cookie that no
// browser takes is named.
func TestFaultsImport(t *testing.T) {
	site := newSignInSite(t)
	c, base := site.config(t), filepath.Join(t.TempDir(), "base")
	later := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	state := storagestate.State{
		Cookies: []storagestate.Cookie{
			{Name: "session", Value: "valid", Domain: "127.0.0.1", Path: "/", HTTPOnly: true},
			{Name: "below", Value: "b", Domain: ".portal.example", Path: "/p", Secure: true,
				SameSite: storagestate.SameSiteNone, Expires: later},
			{Name: "parted", Value: "p", Domain: "portal.example", Path: "/", Secure: true, SameSite: storagestate.SameSiteNone,
				Partition: &storagestate.Partition{TopLevelSite: "https://top.example", HasCrossSiteAncestor: true}},
			{Name: "none", Value: "n", Domain: "portal.example", Path: "/", SameSite: storagestate.SameSiteNone},
		},
		Origins: []storagestate.Origin{{Origin: site.URL,
			LocalStorage: []storagestate.Item{{Name: "a", Value: "\"</script>é\u2028"}}}},
	}
	missing, err := Import(t.Context(), c, base, state)
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != 1 || missing[0].Name != "none" {
		t.Errorf("missing: %v", missing)
	}
	want := map[string]storagestate.Cookie{}
	for _, c := range state.Cookies[:3] {
		want[c.Name] = c
	}
	got := map[string]storagestate.Cookie{}
	for _, c := range jarOf(t, c, base) {
		got[c.Name] = c
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("", func(c storagestate.Cookie) map[string]any {
		return map[string]any{"value": c.Value, "domain": c.Domain, "path": c.Path, "expires": c.Expires.Unix(),
			"partition": c.Partition, "secure": c.Secure, "http": c.HTTPOnly, "site": c.SameSite}
	})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	c.Lease = func(context.Context) (Profile, error) {
		return Profile{ID: "base", Dir: base, TempDir: shortDir(t), Release: func() error { return nil }}, nil
	}
	c.Downloads, c.Cloned = t.TempDir(), true
	s, err := New(c).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	proof, err := s.Prove(t.Context())
	if err != nil || !proof.SignedIn {
		t.Errorf("%+v, %v", proof, err)
	}
	held, err := s.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	items := append(slices.Clone(state.Origins[0].LocalStorage), storagestate.Item{Name: "k", Value: "v"})
	wantOrigins := []storagestate.Origin{{Origin: site.URL, LocalStorage: items}}
	if diff := cmp.Diff(wantOrigins, held.Origins, byValue); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"session of 127.0.0.1"}, cookieNames(held.Cookies)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A session without any profile is signed in by a state.
func TestFaultsSeed(t *testing.T) {
	site := newSignInSite(t)
	site.home = `<script>if (!localStorage.getItem("token")) document.body.textContent = ""</script>`
	cookies := []storagestate.Cookie{{Name: "session", Value: "valid", Domain: "127.0.0.1", Path: "/"}}
	token := []storagestate.Origin{{Origin: site.URL, LocalStorage: []storagestate.Item{{Name: "token", Value: "t"}}}}
	c := site.config(t)
	c.Lease, c.Downloads = leaser(t, nil), t.TempDir()
	s, err := New(c).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c.Times = quickTimes
	for _, row := range []struct {
		name string
		seed storagestate.State
		want bool
	}{
		{"nothing", storagestate.State{}, false},
		{"a cookie and no token", storagestate.State{Cookies: cookies}, false},
		{"both", storagestate.State{Cookies: cookies, Origins: token}, true},
	} {
		if err := s.Seed(t.Context(), row.seed); err != nil {
			t.Fatal(err)
		}
		proof, err := s.Prove(t.Context())
		if err != nil || proof.SignedIn != row.want {
			t.Errorf("%s: %+v, %v", row.name, proof, err)
		}
	}
}

// byValue compares items by their values, which they do not print.
var byValue = cmp.Transformer("", func(i storagestate.Item) map[string]string {
	return map[string]string{i.Name: i.Value}
})

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// What a window has shown before it was closed, killed or called off is told.
func TestFaultsWindowEnds(t *testing.T) {
	needDisplay(t)
	site := newSignInSite(t)
	t.Run("it closes itself", func(t *testing.T) {
		site.human(slowHuman, `window.close()`)
		base := filepath.Join(t.TempDir(), "base")
		got, err := site.inWindow(t, base, nil)
		if err != nil || got.SignedIn || got.LastHost != site.idpHost {
			t.Errorf("%+v, %v", got, err)
		}
		if diff := cmp.Diff([]string{"idp of localhost"}, cookieNames(jarOf(t, site.config(t), base))); diff != "" {
			t.Errorf("cookies on the disk: -want +got:\n%s", diff)
		}
	})
	t.Run("killed", func(t *testing.T) {
		site.human(noHuman, "")
		base := filepath.Join(t.TempDir(), "base")
		got, err := site.inWindow(t, base, func(context.CancelFunc) { killWith(t, base) })
		if err != nil || got.SignedIn {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("called off", func(t *testing.T) {
		site.human(noHuman, "")
		base := filepath.Join(t.TempDir(), "base")
		_, err := site.inWindow(t, base, func(stop context.CancelFunc) { stop() })
		if po.CauseOf(err) != po.Interrupted {
			t.Errorf("%v", err)
		}
		if left := argumentsWith(t, base); len(left) > 0 {
			t.Errorf("processes are left: %q", left)
		}
	})
	t.Run("refused", func(t *testing.T) {
		site.human(`if (navigator.webdriver)
			document.body.append("Couldn\u2019t sign you in. This browser or app may not be secure.")`, "")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		var told []string
		got, err := SignInByHand(ctx, site.config(t), filepath.Join(t.TempDir(), "base"), func(host string) {
			told = append(told, host)
			cancel()
		})
		if po.CauseOf(err) != po.Interrupted || got.Refused != site.idpHost || len(told) != 1 {
			t.Errorf("%+v, %q, %v", got, told, err)
		}
	})
}

// jarOf is what a browser on a profile has for cookies.
func jarOf(t *testing.T, c Config, base string) (cookies []storagestate.Cookie) {
	t.Helper()
	err := withBrowser(t.Context(), c, base, func(w cdpClient, p *launch.Process) (err error) {
		if cookies, err = jar(w); err != nil {
			return err
		}
		return quit(w, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return cookies
}

func cookieNames(cookies []storagestate.Cookie) []string {
	var names []string
	for _, c := range cookies {
		names = append(names, c.Name+" of "+c.Domain)
	}
	slices.Sort(names)
	return names
}

func browsersOn(t *testing.T, dir string) []process.Process {
	t.Helper()
	list, err := process.Find(func(arg string) bool { return strings.Contains(arg, dir) })
	if err != nil {
		t.Error(err)
	}
	return list
}

func argumentsWith(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	for _, p := range browsersOn(t, dir) {
		found = append(found, strings.Join(p.Args, " "))
	}
	return found
}

// killWith kills the browser on a profile.
func killWith(t *testing.T, dir string) {
	t.Helper()
	for _, p := range browsersOn(t, dir) {
		if p, err := os.FindProcess(p.Pid); err == nil {
			_ = p.Kill()
		}
	}
}
