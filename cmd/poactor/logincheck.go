package main

import (
	"context"
	"fmt"
	"time"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/signin"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// checkSession says who is signed in, and until when as far as cookies tell.
func (a *app) checkSession(ctx context.Context, l login) error {
	found, state, err := a.storedSession(ctx, l)
	if err != nil {
		return err
	}
	proved, err := signin.Prove(ctx, signInBrowser(l.settings, l.portal), found.dir, &state)
	if err != nil {
		return err
	}
	if !proved.SignedIn {
		if a.json {
			over := sessionOf(found.info)
			over.SignedIn, over.Detail = false, proved.Detail
			progress.WriteLine(a.stdout, "session", over)
		}
		return &po.Error{Cause: po.SignedOut, Hint: "sign in again: " + l.command("poactor login"),
			Msg: "nobody is signed in at " + l.portal.BaseURL + " any more: " + proved.Detail}
	}
	now := found.info
	now.User = proved.User
	a.say("signed in as %s at %s, since %s", who(now), now.BaseURL, clock(now.SignedIn))
	if found.info.User != "" && now.User != "" && found.info.User != now.User {
		a.warn("it was %s who signed in", who(found.info))
	}
	ends := endsOf(l.portal, proved.State.Cookies)
	a.say("%s", ends)
	if a.json {
		answer := sessionOf(now)
		answer.cookieEnds = ends
		progress.WriteLine(a.stdout, "session", answer)
	}
	return nil
}

// sessionJSON is what login says of a session as JSON.
type sessionJSON struct {
	Portal   string    `json:"portal"`
	Profile  string    `json:"profile"`
	BaseURL  string    `json:"base_url"`
	SignedIn bool      `json:"signed_in"`
	User     string    `json:"user,omitempty"` // as the portal shows it
	Since    time.Time `json:"since,omitzero"`
	Detail   string    `json:"detail,omitempty"` // why nobody is
	cookieEnds
}

// sessionOf is the session of an account that somebody is signed in with.
func sessionOf(info account.Info) sessionJSON {
	return sessionJSON{Portal: info.Portal, Profile: info.Name, BaseURL: info.BaseURL, SignedIn: true,
		User: info.User, Since: info.SignedIn}
}

// cookieEnds is what a portal's cookies tell of the end of a session. The portal may end it
// before.
type cookieEnds struct {
	First   time.Time `json:"first_cookie_ends,omitzero"` // of those that say when they end
	Lasting int       `json:"cookies_with_an_end,omitempty"`
	Endless int       `json:"cookies_without_an_end,omitempty"`
}

func endsOf(p portal.Portal, cookies []storagestate.Cookie) (e cookieEnds) {
	for _, c := range cookies {
		switch {
		case !browser.ServesPortal(p, c.Host()):
		case c.Expires.IsZero():
			e.Endless++
		default:
			e.Lasting++
			if e.First.IsZero() || c.Expires.Before(e.First) {
				e.First = c.Expires
			}
		}
	}
	return e
}

// String says it in a line.
func (e cookieEnds) String() string {
	switch {
	case e.Lasting == 0:
		return fmt.Sprintf("its %s no end: the portal alone knows when the session is over",
			plural(e.Endless, "cookie has", "cookies have"))
	case e.Endless == 0:
		return fmt.Sprintf("the first of its %s ends on %s; the portal may end the session before",
			progress.Count(e.Lasting, "cookie"), clock(e.First))
	}
	return fmt.Sprintf("the first of its cookies ends on %s, and %s no end; the portal may end the session before",
		clock(e.First), plural(e.Endless, "cookie has", "cookies have"))
}
