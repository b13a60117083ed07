package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/vault"
	"github.com/poactor/poactor/portal"
)

// A session that was imported, used, lost and renewed is in nothing that poactor leaves
// or says, at its most talkative.
func TestFaultsNoSessionInWhatIsLeft(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	site, err := testportal.Start(testportal.Options{Orders: 20, Mix: testportal.Plain, MaxFile: 64 << 10, SignIn: true,
		PageLatency: 60 * time.Millisecond, ListLatency: 40 * time.Millisecond, FileLatency: -1, TrackerLatency: -1,
		Sessions: testportal.Sessions{Provider: testportal.ProviderLeads, Requests: 10, Endings: 1, Counted: testportal.RequestPage}})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	coupa, _ := portal.Builtin("coupa")
	definition, err := site.Definition(coupa)
	if err != nil {
		t.Fatal(err)
	}
	text, err := definition.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cookie := func(address string, c *http.Cookie) map[string]any {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"name": c.Name, "value": c.Value, "domain": u.Hostname(), "path": "/", "httpOnly": true,
			"secure": false, "sameSite": "Lax", "expires": time.Now().Add(time.Hour).Unix()}
	}
	session, provider := site.SessionCookieFor("ada"), site.ProviderCookieFor("ada")
	state, err := json.Marshal(map[string]any{"origins": []any{},
		"cookies": []any{cookie(site.URL(), session), cookie(site.ProviderURL(), provider)}})
	if err != nil {
		t.Fatal(err)
	}
	write("portal.yaml", text)
	write("config.yaml", nil)
	write("passphrase", []byte("correct horse battery staple"))
	if err := site.WriteBatch(at("orders.csv")); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"HOME": dir, "XDG_DATA_HOME": at("data"), "POACTOR_KEYCHAIN": "off"}[name]
		return v, ok
	}
	said := map[string]string{}
	run := func(want int, stdin string, args ...string) {
		t.Helper()
		var all bytes.Buffer
		a := &app{stdin: strings.NewReader(stdin), stdout: &all, stderr: &all, env: env}
		args = append([]string{"--config", at("config.yaml")}, args...)
		if code := a.main(args); code != want {
			t.Errorf("%q: exit code %d\n%s", args, code, all.String())
		}
		said[strings.Join(args, " ")] = all.String()
	}
	flags := []string{"--portal", at("portal.yaml"), "--passphrase-file", at("passphrase")}
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox")
	}
	run(exitDone, string(state), append([]string{"login", "--import", "-"}, flags...)...)
	run(exitDone, "", append([]string{"login", "--check"}, flags...)...)
	run(exitDone, "", append([]string{"run", "--json", "--workers", "2", "--log-level", "trace", "--login-wait", "1m", at("orders.csv")}, flags...)...)
	run(exitDone, "", "profile", "list")
	run(exitDone, "", "profile", "list", "--json")
	run(exitDone, "", "status", at("orders"))

	secrets := map[string]string{"session": session.Value, "provider": provider.Value, "passphrase": "correct horse"}
	store := account.Open(config.DataDir(env), vault.New(vault.Config{PassphraseFile: at("passphrase"), NoKeychain: true}))
	found, err := store.Find(definition.Name, account.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := found.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range kept.Cookies {
		if len(c.Value) > 8 {
			secrets["kept "+c.Ref().String()] = c.Value
		}
	}
	if len(site.SignIns()) == 0 || len(secrets) < 4 {
		t.Errorf("nothing was renewed: %v, %d secrets", site.SignIns(), len(secrets))
	}
	for name, secret := range secrets {
		for command, text := range said {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in what %q says", name, command)
			}
		}
	}
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || path == "passphrase" {
			return err
		}
		data, err := os.ReadFile(at(path))
		for name, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s is in %s", name, path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Log(fmt.Sprint(said))
	}
}
