package browser_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// A clone of a profile that was signed in reads as signed in, an empty one as
// signed out.
func TestSignIn(t *testing.T) {
	t.Parallel()
	if _, err := launch.Find("", false); err != nil {
		t.Skipf("no browser is installed: %v", err)
	}
	site, err := testportal.Start(testportal.Options{Mix: testportal.Plain, Orders: 1, SignIn: true, PageLatency: -1, ListLatency: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	coupa, _ := portal.Builtin("coupa")
	definition, err := coupa.WithBaseURL(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	config := browser.Config{Portal: definition, NoSandbox: os.Geteuid() == 0, Downloads: t.TempDir()}

	base := filepath.Join(t.TempDir(), "base")
	quick, _ := launch.Find("", false) // the headless shell, where it is installed
	begun := time.Now()
	if err := browser.SignIn(t.Context(), config, base, []*http.Cookie{site.SessionCookie()}); err != nil {
		t.Fatal(err)
	}
	t.Logf("signed in within %v", time.Since(begun))
	if left := processesOn(t, base); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
	for _, row := range []struct {
		name, base, browser string
		want                po.Sign
	}{
		{"empty", "", "", po.SignSignedOut},
		{"clone", base, "", po.SignAttachments},
		{"another clone", base, "", po.SignAttachments},
		{"clone for a browser that is named", base, quick, po.SignAttachments},
	} {
		t.Run(row.name, func(t *testing.T) {
			work, err := os.MkdirTemp("", "pa")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(work) })
			store, err := profilestore.Open(profilestore.Config{Dir: filepath.Join(work, "p"), Base: row.base})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			c := config
			c.BrowserPath, c.Cloned = row.browser, row.base != ""
			c.Lease = func(ctx context.Context) (browser.Profile, error) {
				p, err := store.Lease(ctx)
				if err != nil {
					return browser.Profile{}, err
				}
				return browser.Profile{ID: p.ID, Dir: p.Dir, TempDir: p.TempDir, Release: p.Release}, nil
			}
			s, err := browser.New(c).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			order := site.Truth()[0]
			r, err := s.Read(t.Context(), po.Order{Key: order.Key, Number: string(order.Key)}, nil)
			if err != nil || r.Sign != row.want {
				t.Errorf("sign %q, %v; want %q", r.Sign, err, row.want)
			}
		})
	}
}

// processesOn are the command lines that name a directory.
func processesOn(t *testing.T, dir string) []string {
	t.Helper()
	list, err := process.Find(func(arg string) bool { return strings.Contains(arg, dir) })
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range list {
		found = append(found, strings.Join(p.Args, " "))
	}
	return found
}

func TestSignInFails(t *testing.T) {
	t.Parallel()
	if _, err := launch.Find("", false); err != nil {
		t.Skipf("no browser is installed: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	definition, _ := portal.Builtin("coupa")
	definition.BaseURL = "http://127.0.0.1:1"
	called, off := context.WithCancel(t.Context())
	off()
	got := map[string]po.Cause{}
	for name, row := range map[string]struct {
		ctx     context.Context
		path    string
		dir     string
		cookies []*http.Cookie
	}{
		"no directory": {t.Context(), "", file, nil},
		"no browser":   {t.Context(), "/bin/true", t.TempDir(), nil},
		"no cookie":    {t.Context(), "", t.TempDir(), []*http.Cookie{{Name: "n", Value: "v", Domain: "other.example", Path: "no path"}}},
		"called off":   {called, "", t.TempDir(), nil},
	} {
		err := browser.SignIn(row.ctx, browser.Config{Portal: definition, BrowserPath: row.path, NoSandbox: os.Geteuid() == 0}, row.dir, row.cookies)
		t.Logf("%s: %v", name, err)
		got[name] = po.CauseOf(err)
	}
	want := map[string]po.Cause{"no directory": po.ProfileFailed, "no browser": po.BrowserDied, "no cookie": po.ProfileFailed, "called off": po.Interrupted}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}
