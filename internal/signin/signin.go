// Package signin has somebody sign in at a portal, or takes a session that somebody
// has exported, and keeps it in an account: only where another browser, on a clone of
// the profile, was shown a signed-in user. Until then it works on a copy, so that a
// sign-in that comes to nothing leaves what was there as it was.
package signin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Config says where to sign in and what keeps it.
type Config struct {
	// Browser has the Portal, and what concerns the browser and its log.
	Browser browser.Config
	// Account is locked by the caller.
	Account *account.Account
	// Say tells the user what goes on, a line at a time.
	Say func(format string, args ...any)
}

// ByHand opens a window on a copy of the account's base profile, and keeps what somebody
// has signed in there. Plain opens one without any debugging, of which nothing is seen
// until it is closed. The error is a *po.Error with the cause SignedOut where nobody was
// signed in in the end.
func ByHand(ctx context.Context, c Config, plain bool) (account.Info, error) {
	return c.staged(ctx, c.Account.BaseDir(), func(c Config, dir string) (account.Info, error) {
		var seen browser.Window
		var err error
		if plain {
			err = browser.SignInPlain(ctx, c.Browser, dir)
		} else {
			seen, err = browser.SignInByHand(ctx, c.Browser, dir, c.refused)
		}
		if err != nil {
			return account.Info{}, windowError(ctx, err)
		}
		return c.judge(ctx, dir, seen, plain)
	})
}

// judge has another browser see what has come of a window on the profile in dir, and
// keeps it where somebody is signed in. A window that was killed has not written
// what it had: then what was seen of it is put into the other browser.
func (c Config) judge(ctx context.Context, dir string, seen browser.Window, plain bool) (account.Info, error) {
	if !plain && !seen.SignedIn && !seen.MayBeSignedIn {
		return account.Info{}, notSignedIn(seen, plain, po.Proof{})
	}
	c.Say("the window is closed; another browser looks who is signed in …")
	proved, err := Prove(ctx, c.Browser, dir, stored(seen.State))
	if err != nil {
		return account.Info{}, err
	}
	if !proved.SignedIn {
		return account.Info{}, notSignedIn(seen, plain, proved.Proof)
	}
	proved.State = proved.State.Over(seen.State)
	return c.keep(ctx, dir, proved)
}

func (c Config) refused(host string) {
	c.Say("the page at %s says that it does not take this browser; some refuse whatever a program drives", host)
	c.Say("close the window, and use one without any debugging: poactor login --plain")
}

// Import keeps a session that was exported elsewhere, in place of what there was.
func Import(ctx context.Context, c Config, state storagestate.State) (account.Info, error) {
	return c.staged(ctx, "", func(c Config, dir string) (account.Info, error) {
		missing, err := browser.Import(ctx, c.Browser, dir, state)
		if err != nil {
			return account.Info{}, windowError(ctx, err)
		}
		for _, note := range missing {
			c.Say("not imported: %s", note)
		}
		proved, err := Prove(ctx, c.Browser, dir, &state)
		if err != nil {
			return account.Info{}, err
		}
		if !proved.SignedIn {
			return account.Info{}, notImported(state, proved.Proof)
		}
		proved.State = proved.State.Over(state)
		proved.State.Unknown = state.Unknown
		return c.keep(ctx, dir, proved)
	})
}

// staged has do work on a copy of the profile base, or on an empty one, with temporary
// files beside it. What is left of both in the end, or by a process that was killed, is
// removed.
func (c Config) staged(ctx context.Context, base string, do func(c Config, dir string) (account.Info, error)) (
	info account.Info, err error,
) {
	if !used(base) {
		base = ""
	}
	store, err := profilestore.OpenFor("sign in "+c.Account.BaseDir(),
		profilestore.Config{Base: base, Capacity: 1, For: "a sign-in"})
	if err != nil {
		return info, profileError(err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	p, err := store.Lease(ctx)
	if err != nil {
		return info, profileError(err)
	}
	c.Browser.Downloads = p.TempDir
	return do(c, p.Dir)
}

// keep puts a profile in the place of the account's base, and saves its session.
func (c Config) keep(ctx context.Context, dir string, proved Proved) (account.Info, error) {
	info := account.Info{
		BaseURL: c.Browser.Portal.BaseURL, User: proved.User, Browser: proved.Browser, UserAgent: proved.UserAgent,
		SignedIn: time.Now().UTC().Truncate(time.Second),
	}
	if err := replaceDir(ctx, dir, c.Account.BaseDir()); err != nil {
		return info, &po.Error{Cause: po.CauseOf(err), Msg: fmt.Sprintf("keep the profile: %v", err), Err: err}
	}
	if err := c.Account.Save(ctx, proved.State, info); err != nil {
		return info, err
	}
	return c.Account.Info()
}

// replaceDir puts a copy of the profile from in the place of the directory to, whole. A
// browser that has it may keep it for a moment, on Windows.
func replaceDir(ctx context.Context, from, to string) error {
	fresh, old := to+".new", to+".old"
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(old)); err != nil { // of one that was killed
		return err
	}
	if err := profilestore.Copy(ctx, from, fresh); err != nil {
		return err
	}
	if err := os.Rename(to, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, to); err != nil {
		return errors.Join(err, os.Rename(old, to), os.RemoveAll(fresh))
	}
	_ = os.RemoveAll(old) // else the next sign-in does
	return nil
}

// stored is a state, if there is anything in it.
func stored(state storagestate.State) *storagestate.State {
	if len(state.Cookies)+len(state.Origins) == 0 {
		return nil
	}
	return &state
}
