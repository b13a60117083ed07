package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/portal"
)

// signIn signs a user in whose everything is in dir, and returns the arguments and the environment
// with which poactor is that user's.
func (s settings) signIn(ctx context.Context, p *testportal.Portal, dir string) (args, env []string, err error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	coupa, _ := portal.Builtin("coupa")
	definition, err := p.Definition(coupa)
	if err != nil {
		return nil, nil, err
	}
	text, err := definition.Marshal()
	if err != nil {
		return nil, nil, err
	}
	for name, data := range map[string][]byte{"portal.yaml": text, "config.yaml": nil} {
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			return nil, nil, err
		}
	}
	// A passphrase would cost each start a second, which is what it is for.
	args = []string{"--config", at("config.yaml"), "--portal", at("portal.yaml"), "--insecure-plain"}
	if s.noSandbox {
		args = append(args, "--no-sandbox")
	}
	if s.browser != "" {
		args = append(args, "--browser", s.browser)
	}
	env = append(os.Environ(), "XDG_DATA_HOME="+at("data"), "POACTOR_KEYCHAIN=off")
	state, err := stateOf(p)
	if err != nil {
		return nil, nil, err
	}
	login := exec.CommandContext(ctx, s.poactor, append([]string{"login", "--import", "-"}, args...)...)
	login.Stdin, login.Env = bytes.NewReader(state), env
	if out, err := login.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("%w: %s", err, out)
	}
	return args, env, nil
}

// stateOf is a session of the portal in Playwright's form.
func stateOf(p *testportal.Portal) ([]byte, error) {
	u, err := url.Parse(p.URL())
	if err != nil {
		return nil, err
	}
	c := p.SessionCookie()
	return json.Marshal(map[string]any{"origins": []any{}, "cookies": []any{map[string]any{
		"name": c.Name, "value": c.Value, "domain": u.Hostname(), "path": "/", "httpOnly": true, "secure": false,
		"sameSite": "Lax", "expires": time.Now().Add(time.Hour).Unix()}}})
}
