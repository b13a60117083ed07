package main

import (
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/testportal"
)

// A session that the portal has ended: who it was, that it is over, why, and what to do.
func TestFaultsLoginCheckOfAnEndedSession(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	u := newSignedInUser(t, testportal.Options{Orders: 1}, testportal.Sessions{})
	u.site.SetFault(testportal.SignOut)
	u.run(exitSignIn, "login", "--check", "--json")
	said := u.said["login --check --json"]
	for line := range strings.Lines(said) {
		if err := checkLine(line); err != nil && !strings.HasPrefix(line, "poactor: ") { // of standard error
			t.Errorf("%v: %s", err, line)
		}
	}
	for _, want := range []string{`"event":"session"`, `"signed_in":false,"user":"` + testportal.HumanUser + `"`, `"detail":"`,
		`"event":"error","message":"nobody is signed in at `, `"hint":"sign in again: poactor login --portal `, `"exit_code":4`} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not said:\n%s", want, said)
		}
	}
}

// What a shell would take for something else is not shown as a command.
func TestLoginCommand(t *testing.T) {
	t.Parallel()
	l := login{profile: "default"}
	for file, want := range map[string]string{
		"acme.yaml":    "poactor login --portal acme.yaml --import FILE",
		"our acme.yml": "poactor login --portal 'our acme.yml' --import FILE",
		"a\x1b[31m":    "poactor login (the same flags) --import FILE",
	} {
		l.settings.Portal = file
		if got := l.command("poactor login", "--import", "FILE"); strings.ReplaceAll(got, `"`, "'") != want {
			t.Errorf("%q: %s, want %s", file, got, want)
		}
	}
}
