package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/signin"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/portal"
)

// login is what `poactor login` is asked for.
type login struct {
	settings config.Settings
	plain    bool
	importIt string // file, or -
	exportTo string // file
	check    bool

	portal  portal.Portal
	profile string // its name
}

func (a *app) loginCommand() *cobra.Command {
	var l login
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in at the portal, for all runs to come",
		Long: `Login opens a browser's window on the portal's sign-in page and waits until you are
signed in; then it closes the window, and another browser looks whether the portal
shows it a signed-in user, as the browsers of a run will. Only then the session is
kept: a browser profile of poactor's own, and the session's cookies, encrypted with a
key in the system's keychain, or with a passphrase. poactor never asks for a password
and stores none.

Some identity providers let nobody in who uses a browser that a program drives. With
--plain the window is an ordinary browser's: sign in, then close it.

A machine without a display takes a session from one that has it, with --import: what
"poactor login --export" has written there, a storage state of Playwright, a
cookies.txt (Netscape), or the JSON of a cookie extension. Such a file is as good as a
password. Only what belongs to the portal and its identity provider is taken from it.`,
		Example: `  poactor login --base-url https://acme.coupahost.com
  poactor login --portal acme.yaml --plain
  poactor login --portal acme.yaml --import cookies.txt
  poactor login --portal acme.yaml --check --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.fill(c.Flags()); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(c.Context(), endSignals()...)
			defer stop()
			return a.login(ctx, l)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	l.settings.RegisterPortal(fs)
	fs.Lookup("profile").Usage = "`name` of the profile, where a portal has several users (default: " +
		account.DefaultName + ")"
	fs.BoolVar(&l.plain, "plain", false, "open a browser without any debugging; close it when you are signed in")
	fs.StringVar(&l.importIt, "import", "", "take the session from a `FILE` (-: standard input); no window opens")
	fs.StringVar(&l.exportTo, "export", "", "write the session to a new `FILE`, as Playwright's storage state")
	fs.BoolVar(&l.check, "check", false, "say who is signed in, and until when as far as cookies tell")
	fs.BoolVar(&l.settings.JSON, "json", false, "write who is signed in as JSON; instructions go to standard error")
	l.settings.RegisterSecrets(fs)
	l.settings.RegisterBrowser(fs)
	return c
}

// login does what is asked for, at the portal and with the profile that are meant.
func (a *app) login(ctx context.Context, l login) (err error) {
	a.json = l.settings.JSON
	asked := 0
	for _, is := range []bool{l.plain, l.importIt != "", l.exportTo != "", l.check} {
		if is {
			asked++
		}
	}
	if asked > 1 {
		return wrongUse("poactor login --help lists the flags",
			"--plain, --import, --export and --check cannot go together")
	}
	if err := l.settings.CheckSecrets(); err != nil {
		return wrongUse("poactor login --help lists the flags", "%v", err)
	}
	if l.portal, err = runPortal(l.settings); err != nil {
		return err
	}
	l.profile = cmp.Or(l.settings.Profile, account.DefaultName)
	if config.IsPath(l.profile) || l.profile == config.NoProfile {
		return wrongUse("leave --profile away, or give a name of your own like --profile audit",
			"--profile %s: poactor login makes profiles of its own, which have names", l.profile)
	}
	if l.exportTo != "" {
		return a.exportSession(ctx, l)
	}
	if !l.portal.Proves() {
		return wrongUse("add to its file, under signs, like: signed_in: {selectors: [\"a[href='/logout']\"]}; "+
			"that is an element which only the pages of a signed-in user have",
			"portal %s does not say what a signed-in user's page shows: nobody could tell whether a sign-in has worked",
			l.portal.Name)
	}
	if l.check {
		return a.checkSession(ctx, l)
	}
	return a.signIn(ctx, l)
}

// signIn opens a window, or imports a session.
func (a *app) signIn(ctx context.Context, l login) (err error) {
	var state storagestate.State
	if l.importIt != "" {
		if state, err = a.readSession(l); err != nil {
			return err
		}
	} else if !a.display() {
		return cannot("sign in on a machine that has one: poactor login --export FILE there, "+
			"poactor login --import FILE here; or export the portal's cookies with an extension of its browser",
			"there is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set)")
	}
	held, err := a.accounts(l.settings).Create(l.portal.Name, l.profile)
	if err != nil {
		return err
	}
	if err := held.Lock(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	before, err := held.Info()
	if err != nil {
		return err
	}
	info, err := a.enter(ctx, l, held, before, state)
	if err != nil {
		if before.Version == "" { // it was made for this
			err = errors.Join(err, held.Delete(context.WithoutCancel(ctx)))
		}
		return err
	}
	a.saySignedIn(l, before, info)
	return nil
}

// enter has somebody sign in with an account that is locked.
func (a *app) enter(
	ctx context.Context, l login, held *account.Account, before account.Info, state storagestate.State,
) (account.Info, error) {
	if before.Version != "" && before.BaseURL != l.portal.BaseURL {
		return before, elsewhere(l, before, "use another name: poactor login --profile NAME; "+
			"or delete it: poactor profile delete "+l.profile)
	}
	if _, err := held.Prepare(ctx); err != nil {
		return before, err
	}
	c := signin.Config{Browser: signInBrowser(l.settings, l.portal), Account: held, Say: a.say}
	if l.importIt != "" {
		return signin.Import(ctx, c, state)
	}
	a.say("a window opens on %s", l.portal.SignInURL())
	if l.plain {
		a.say("sign in there, wait until the portal's own page is there, then close the window (on macOS: quit that browser)")
	} else {
		a.say("sign in there: the window closes by itself when you are signed in; Ctrl-C here, or closing it, gives up")
	}
	return signin.ByHand(ctx, c, l.plain)
}

// say tells what goes on; where standard output is for JSON, on standard error.
func (a *app) say(format string, args ...any) {
	out := a.stdout
	if a.json {
		out = a.stderr
	}
	fmt.Fprintln(out, progress.Line(fmt.Sprintf(format, args...)))
}

// saySignedIn says what has come of it, and what comes next.
func (a *app) saySignedIn(l login, before, info account.Info) {
	if info.User == "" {
		a.say("signed in at %s; who it is the portal file does not say where to look (probe.user)", info.BaseURL)
	} else {
		a.say("signed in as %s at %s", who(info), info.BaseURL)
	}
	if before.User != "" && before.User != info.User {
		a.warn("this profile was %s's before", who(before))
	}
	if info.Protection == "none" {
		a.warn("the session is not encrypted: whoever reads %s is signed in", config.DataDir(a.env))
	}
	a.say("kept as profile %s of portal %s; now run: %s", info.Name, info.Portal, l.command("poactor", "BATCH"))
	if a.json {
		progress.WriteLine(a.stdout, "session", sessionOf(info))
	}
}

// command is a command at the portal and with the profile that were signed in with, to be
// pasted; without their flags where a shell would take those for something else.
func (l login) command(program string, more ...string) string {
	words := strings.Fields(program)
	if l.settings.Portal != config.Defaults().Portal {
		words = append(words, "--portal", l.settings.Portal)
	}
	if l.settings.BaseURL != "" {
		words = append(words, "--base-url", l.settings.BaseURL)
	}
	if l.profile != account.DefaultName {
		words = append(words, "--profile", l.profile)
	}
	if line, ok := commandLine(append(words, more...)...); ok {
		return line
	}
	return strings.Join(append(append(strings.Fields(program), "(the same flags)"), more...), " ")
}

// readSession reads the file to import, and leaves out of it what is not the portal's.
func (a *app) readSession(l login) (storagestate.State, error) {
	data, err := a.readAll(l.importIt)
	if err != nil {
		return storagestate.State{}, err
	}
	state, report, err := storagestate.Parse(data)
	if err != nil {
		return storagestate.State{}, err
	}
	a.say("%s: %s, %s and %s", shownPath(l.importIt), report.Dialect, progress.Count(len(state.Cookies), "cookie"),
		progress.Count(len(state.Origins), "origin"))
	for _, note := range slices.Concat(report.Dropped, report.Warnings) {
		a.warn("%s", note)
	}
	serves := func(host string) bool { return browser.Serves(l.portal, host) }
	if err := state.Check(l.portal.BaseURL, serves, time.Now()); err != nil {
		return storagestate.State{}, err
	}
	state, leftOut := state.Only(serves)
	if leftOut > 0 {
		a.say("%d of other hosts than the portal's and its identity provider's are left out", leftOut)
	}
	return state, nil
}

// readAll reads a file, or standard input; what is too long is cut, and refused later.
func (a *app) readAll(path string) ([]byte, error) {
	in := a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, wrongUse("", "%v", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, storagestate.MaxBytes+1))
	if err != nil {
		return nil, wrongUse("", "read %s: %v", shownPath(path), err)
	}
	return data, nil
}

// exportSession writes the session of an account to a file.
func (a *app) exportSession(ctx context.Context, l login) error {
	found, state, err := a.storedSession(ctx, l)
	if err != nil {
		return err
	}
	text, err := state.Marshal()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.exportTo, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return wrongUse("give a new name: a session is not written over anything", "%s exists already", l.exportTo)
	}
	if err != nil {
		return outdir.WriteError(err)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return outdir.WriteError(errors.Join(err, os.Remove(l.exportTo)))
	}
	for _, c := range state.Cookies {
		short := !c.Expires.IsZero() && time.Until(c.Expires) < shortLife
		if short && browser.ServesPortal(l.portal, c.Host()) {
			a.warn("%s ends %s: a copy of the session may live no longer, "+
				"as such a cookie may be renewed only by the browser that it is bound to", c, humanize.Time(c.Expires))
		}
	}
	a.say("%s has the session of %s: %s and %s; it is as good as a password", l.exportTo, who(found.info),
		progress.Count(len(state.Cookies), "cookie"), progress.Count(len(state.Origins), "origin"))
	a.say("where it is used, run: %s", l.command("poactor login", "--import", "FILE"))
	return nil
}

// shortLife is that of a cookie which only its own browser can renew.
const shortLife = 15 * time.Minute

// storedSession is the account that somebody has signed in with at this portal, and its session.
func (a *app) storedSession(ctx context.Context, l login) (found runProfile, state storagestate.State, err error) {
	found, err = openAccount(a.accounts(l.settings), l.portal, l.profile)
	if err == nil && found.info.BaseURL != l.portal.BaseURL {
		err = elsewhere(l, found.info, "poactor profile list shows those that there are")
	}
	if err == nil {
		state, err = found.account.Load(ctx)
	}
	return found, state, err
}

// elsewhere is the error of a profile that is for another address of the portal.
func elsewhere(l login, info account.Info, hint string) error {
	return wrongUse(hint, "the profile %s of portal %s is signed in at %s, and this is %s",
		l.profile, l.portal.Name, info.BaseURL, l.portal.BaseURL)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
