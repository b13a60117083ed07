package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/vault"
)

// A session that was imported, used, lost and renewed is in nothing that poactor leaves
// or says, at its most talkative.
func TestFaultsNoSessionInWhatIsLeft(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	u := newSignedInUser(t, testportal.Options{Orders: 20}, testportal.Sessions{
		Provider: testportal.ProviderLeads, Requests: 10, Endings: 1, Counted: testportal.RequestPage})
	u.run(exitDone, "login", "--check")
	u.run(exitDone, "run", "--json", "--workers", "2", "--log-level", "trace", "--login-wait", "1m", u.at("orders.csv"))
	u.run(exitDone, "profile", "list")
	u.run(exitDone, "profile", "list", "--json")
	u.run(exitDone, "status", u.at("orders"))

	secrets := map[string]string{"session": u.session, "provider": u.provider, "passphrase": "correct horse"}
	store := account.Open(config.DataDir(u.env), vault.New(vault.Config{PassphraseFile: u.at("passphrase"), NoKeychain: true}))
	found, err := store.Find("coupa", account.DefaultName)
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
	if len(u.site.SignIns()) == 0 || len(secrets) < 4 {
		t.Errorf("nothing was renewed: %v, %d secrets", u.site.SignIns(), len(secrets))
	}
	for name, secret := range secrets {
		for command, text := range u.said {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in what %q says", name, command)
			}
		}
	}
	err = fs.WalkDir(os.DirFS(u.dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || path == "passphrase" {
			return err
		}
		data, err := os.ReadFile(u.at(path))
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
		t.Log(fmt.Sprint(u.said))
	}
}
