package launch

import (
	"slices"
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	t.Setenv("POACTOR_PROFILE", "x")
	t.Setenv("SSLKEYLOGFILE", "/x")
	env := environment("/short")
	for _, v := range env {
		if strings.HasPrefix(v, "POACTOR_") || strings.HasPrefix(v, "SSLKEYLOGFILE") {
			t.Errorf("the browser gets %s", v)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	const edge = "/opt/microsoft/msedge/msedge"
	headless := []string{"--headless=new", "--screen-info={1366x900}"}
	profile := []string{"--user-data-dir=/p", "--restore-last-session", "--password-store=basic", "--use-mock-keychain"}
	closed := []string{"--disable-extensions", "--disable-background-networking"}
	for name, row := range map[string]struct {
		browser    string
		options    Options
		has, lacks []string
	}{
		"default": {"", Options{}, append(append(headless, closed...), "--deny-permission-prompts", "--accept-lang=en-US,en"),
			[]string{"--no-sandbox", "--blink-settings=imagesEnabled=false", "--enable-automation", "--edge-skip-compat-layer-relaunch"}},
		"headful": {"", Options{Headful: true}, append(closed, "--deny-permission-prompts"), headless},
		"asked":   {"", Options{NoSandbox: true, NoImages: true}, []string{"--no-sandbox", "--blink-settings=imagesEnabled=false"}, nil},
		"signing in": {"", Options{SignIn: true}, nil,
			append(append(headless, closed...), "--deny-permission-prompts", "--accept-lang=en-US,en")},
		"extensions": {"", Options{Extensions: true}, append(headless, "--deny-permission-prompts"), closed},
		"Kerberos":   {"", Options{Negotiate: []string{"*.corp.example", "corp"}}, []string{"--auth-server-allowlist=*.corp.example,corp"}, nil},
		"Edge":       {edge, Options{}, []string{"--edge-skip-compat-layer-relaunch", "--enable-automation"}, nil},
	} {
		row.options.ProfileDir = "/p"
		checkFlags(t, name, flags(Browser{Path: row.browser}, row.options), append(row.has, profile...), row.lacks)
	}
	o := Options{ProfileDir: "/p", NoSandbox: true, Negotiate: []string{"corp"}}
	checkFlags(t, "plain Edge", profileFlags(Browser{Path: edge}, o), append(profile, "--edge-skip-compat-layer-relaunch",
		"--no-sandbox", "--auth-server-allowlist=corp"), append(append(headless, closed...), "--enable-automation", "--no-startup-window"))
}

func checkFlags(t *testing.T, name string, got, has, lacks []string) {
	t.Helper()
	for _, f := range has {
		if !slices.Contains(got, f) {
			t.Errorf("%s: %s is missing", name, f)
		}
	}
	for _, f := range lacks {
		if slices.Contains(got, f) {
			t.Errorf("%s: %s is there", name, f)
		}
	}
	for _, f := range got {
		if strings.Contains(f, "deleg") || strings.HasPrefix(f, "--remote-debugging") {
			t.Errorf("%s: %s is there", name, f)
		}
	}
}
