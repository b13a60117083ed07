package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/portal"
)

// signedInUser is somebody who has imported a session, with a directory for all that is
// theirs: orders.csv, portal.yaml and the file passphrase.
type signedInUser struct {
	t                 *testing.T
	site              *testportal.Portal
	dir               string
	stdin             io.Reader
	vars              map[string]string // of the environment
	session, provider string            // values of the imported cookies
	said              map[string]string // by what was asked for
}

// newSignedInUser is signed in at a portal of quick answers.
func newSignedInUser(t *testing.T, o testportal.Options, s testportal.Sessions) *signedInUser {
	t.Helper()
	o.Mix, o.MaxFile, o.SignIn, o.Sessions = testportal.Plain, 64<<10, true, s
	o.PageLatency, o.ListLatency, o.FileLatency, o.TrackerLatency = 60*time.Millisecond, 40*time.Millisecond, -1, -1
	site, err := testportal.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	u := &signedInUser{t: t, site: site, dir: t.TempDir(), said: map[string]string{}}
	u.vars = map[string]string{"HOME": u.dir, "XDG_DATA_HOME": u.at("data"), "POACTOR_KEYCHAIN": "off"}
	coupa, _ := portal.Builtin("coupa")
	definition, err := site.Definition(coupa)
	if err != nil {
		t.Fatal(err)
	}
	text, err := definition.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"portal.yaml": text, "config.yaml": nil, "passphrase": []byte("correct horse battery staple")} {
		if err := os.WriteFile(u.at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := site.WriteBatch(u.at("orders.csv")); err != nil {
		t.Fatal(err)
	}
	session, provider := site.SessionCookieFor(testportal.HumanUser), site.ProviderCookieFor(testportal.HumanUser)
	u.session, u.provider = session.Value, provider.Value
	cookies := []any{u.cookie(site.URL(), session)}
	if s.Provider != testportal.NoProvider {
		cookies = append(cookies, u.cookie(site.ProviderURL(), provider))
	}
	state, err := json.Marshal(map[string]any{"origins": []any{}, "cookies": cookies})
	if err != nil {
		t.Fatal(err)
	}
	u.stdin = bytes.NewReader(state)
	u.run(exitDone, "login", "--import", "-")
	u.stdin = strings.NewReader("")
	return u
}

func (u *signedInUser) cookie(address string, c *http.Cookie) map[string]any {
	parsed, err := url.Parse(address)
	if err != nil {
		u.t.Fatal(err)
	}
	return map[string]any{"name": c.Name, "value": c.Value, "domain": parsed.Hostname(), "path": "/", "httpOnly": true,
		"secure": false, "sameSite": "Lax", "expires": time.Now().Add(time.Hour).Unix()}
}

func (u *signedInUser) at(name string) string { return filepath.Join(u.dir, name) }

func (u *signedInUser) env(name string) (string, bool) {
	v, ok := u.vars[name]
	return v, ok
}

// run gives a command, with the flags of the portal where it takes any, and wants its
// exit code.
func (u *signedInUser) run(want int, args ...string) {
	u.t.Helper()
	all := []string{"--config", u.at("config.yaml")}
	all = append(all, args...)
	if args[0] == "login" || args[0] == "run" {
		all = append(all, "--portal", u.at("portal.yaml"), "--passphrase-file", u.at("passphrase"))
		if os.Geteuid() == 0 {
			all = append(all, "--no-sandbox")
		}
	}
	var out bytes.Buffer
	a := &app{stdin: u.stdin, stdout: &out, stderr: &out, env: u.env}
	if code := a.main(all); code != want {
		u.t.Errorf("%q: exit code %d\n%s", args, code, out.String())
	}
	u.said[strings.Join(args, " ")] = out.String()
}
