package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mattn/go-isatty"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/signin"
	"github.com/poactor/poactor/internal/vault"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// accounts are what poactor login has kept for this user.
func (a *app) accounts(s config.Settings) *account.Store {
	v := vault.Config{
		PassphraseFile: s.PassphraseFile, PassphraseCommand: s.PassphraseCommand, InsecurePlain: s.InsecurePlain,
		Interactive: a.terminal() && a.display(), Notify: func(line string) { a.warn("%s", line) }, Stderr: a.stderr,
	}
	return account.Open(config.DataDir(a.env), vault.New(v.WithEnv(a.env)))
}

// display reports whether a window can be opened. Where the system always has one, or
// does not tell, trying shows.
func (a *app) display() bool {
	if runtime.GOOS != "linux" {
		return true
	}
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY"} {
		if text, _ := a.env(name); text != "" {
			return true
		}
	}
	return false
}

// terminal reports whether somebody may sit before this program.
func (a *app) terminal() bool {
	f, ok := a.stdin.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// runProfile is what the browsers of a run get for a profile. Its zero value is none.
type runProfile struct {
	name    string           // of the account; empty: it is a directory, or none
	dir     string           // to clone; empty: they begin empty
	account *account.Account // nil for a directory that is the user's own
	info    account.Info     // of the account
	session *account.Session // of the account
}

// findProfile finds the profile that a run is to use: what --profile says, or else the
// portal's own, if poactor login has made one for this address.
func (a *app) findProfile(s config.Settings, p portal.Portal) (runProfile, error) {
	switch {
	case s.Profile == config.NoProfile:
		return runProfile{}, nil
	case config.IsPath(s.Profile):
		return runProfile{dir: s.Profile}, checkProfile(s.Profile)
	}
	name := s.Profile
	if name == "" {
		name = account.DefaultName
	}
	found, err := openAccount(a.accounts(s), p, name)
	missing := errors.Is(err, account.ErrNoAccount) || errors.Is(err, account.ErrNoSession) ||
		errors.Is(err, account.ErrName)
	switch {
	case err == nil && found.info.BaseURL == p.BaseURL:
		return found, nil
	case err == nil && s.Profile == "":
		a.warn("the profile %s of portal %s is not used: it is signed in at %s", name, p.Name, found.info.BaseURL)
		return runProfile{}, nil
	case err == nil:
		return runProfile{}, wrongUse("sign in there with a profile of another name: poactor login --profile NAME",
			"the profile %s of portal %s is signed in at %s, and this is %s", name, p.Name, found.info.BaseURL, p.BaseURL)
	case !missing:
		return runProfile{}, err
	case s.Profile == "":
		return runProfile{}, nil
	}
	if info, err := os.Stat(s.Profile); err == nil && info.IsDir() {
		return runProfile{dir: s.Profile}, nil
	}
	return runProfile{}, wrongUse("poactor profile list shows those that there are; poactor login makes one",
		"there is no profile %s of portal %s, nor a directory of that name", name, p.Name)
}

// openAccount opens an account in which somebody has signed in.
func openAccount(store *account.Store, p portal.Portal, name string) (runProfile, error) {
	found, err := store.Find(p.Name, name)
	if err != nil {
		return runProfile{}, err
	}
	info, err := found.Info()
	if err == nil && info.Version == "" {
		err = &po.Error{Cause: po.SignedOut, Hint: "sign in first: poactor login", Err: account.ErrNoSession,
			Msg: "nobody has signed in with profile " + name + " of portal " + p.Name + " yet"}
	}
	dir := found.BaseDir()
	if _, missing := os.Stat(dir); missing != nil { // a sign-in was killed as it put another there: the session may do
		dir = ""
	}
	return runProfile{name: name, dir: dir, account: found, info: info, session: found.Session()}, err
}

// setting is --profile as it is remembered: what was found, wherever it is said from.
func (r runProfile) setting(given string) string {
	switch {
	case r.name != "":
		return r.name
	case r.dir == "":
		return given
	}
	if dir, err := filepath.Abs(r.dir); err == nil {
		return dir
	}
	return r.dir
}

// text says in a line whose profile it is.
func (r runProfile) text() string {
	return fmt.Sprintf("profile %s of portal %s, where %s has signed in on %s",
		r.name, r.info.Portal, who(r.info), clock(r.info.SignedIn))
}

// who names the user of an account.
func who(info account.Info) string {
	if info.User == "" {
		return "somebody"
	}
	return progress.Clean(po.Clip(info.User, 100))
}

// signInTo lets a run use the profile.
func (a *app) signInTo(cfg *poactor.Config, j *job) {
	cfg.Profile = j.profile.dir
	if j.profile.account == nil {
		return
	}
	cfg.Session = j.profile.session
	if a.terminal() && a.display() && !j.settings.JSON && !j.settings.Quiet && j.portal.Proves() {
		cfg.SignInByHand = func(ctx context.Context) error { return a.signInDuringRun(ctx, j) }
	}
}

// signInDuringRun opens a window for the user of a run whose session is over.
func (a *app) signInDuringRun(ctx context.Context, j *job) (err error) {
	held := j.profile.account
	if err := held.Lock(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	a.warn("the session is over: sign in again in the window that opens now; the run goes on by itself then")
	_, err = signin.ByHand(ctx, signin.Config{
		Browser: signInBrowser(j.settings, j.portal), Account: held, Say: a.warn,
	}, false)
	return err
}

// signInBrowser says which browser somebody signs in with.
func signInBrowser(s config.Settings, p portal.Portal) browser.Config {
	return browser.Config{Portal: p, BrowserPath: s.Browser, NoSandbox: s.NoSandbox}
}
