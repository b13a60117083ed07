package signin

import (
	"context"
	"errors"
	"strings"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
)

// windowError is the error of a window or an import, which may have been interrupted.
func windowError(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, po.Interrupted) {
		return &po.Error{Cause: po.Interrupted, Err: err,
			Msg: "interrupted: nothing was kept, and what was there before is as it was"}
	}
	return err
}

// notSignedIn says why nobody is signed in after the window: what was seen, and what
// it comes from as far as that is known.
func notSignedIn(seen browser.Window, plain bool, proof po.Proof) error {
	e := &po.Error{Cause: po.SignedOut}
	switch {
	case seen.SignedIn && len(seen.Tab) > 0:
		e.Msg = "the window was signed in, and another browser with its cookies is not: " + proof.Detail +
			"; the portal keeps its session in the open tab (sessionStorage of " + strings.Join(seen.Tab, ", ") +
			"), which cannot be carried to other browsers"
		e.Hint = "ask whoever runs the portal for a sign-in by cookies (\"remember me\", \"stay signed in\")"
	case seen.SignedIn && len(seen.State.Cookies) == 0:
		e.Msg = "the window was signed in, and the portal has left no cookie for another browser: " + proof.Detail
		e.Hint = "ask whoever runs the portal for a sign-in by cookies (\"remember me\", \"stay signed in\")"
	case seen.SignedIn:
		e.Msg = "the window was signed in, and another browser with its cookies is not: " + proof.Detail +
			"; the session is bound to that one browser, or a user may have only one"
		e.Hint = "where a second sign-in ends the first, close other browsers that are signed in, then try again"
	case seen.Refused != "":
		e.Msg = "nobody is signed in: the page at " + seen.Refused + " does not take a browser that a program drives"
		e.Hint = "sign in with one without any debugging: poactor login --plain"
	case plain:
		e.Msg = "nobody is signed in after the window was closed: " + proof.Detail
		e.Hint = "sign in, wait until the portal's own page is there, then close the window; \"stay signed in\" may be needed"
	case seen.LastHost == "":
		e.Msg, e.Hint = "the window was closed before any page was there", "run poactor login again"
	default:
		e.Msg = "the window was closed before anybody was signed in; its last page was at " + seen.LastHost
		e.Hint = "run poactor login again; if the window closed by itself, the browser may have handed the sign-in to " +
			"another profile of yours, or the page does not take this browser: try poactor login --plain"
	}
	return e
}

// notImported says why an imported session is of no use.
func notImported(state storagestate.State, proof po.Proof) error {
	e := &po.Error{Cause: po.SignedOut, Msg: "the session in the file does not sign anybody in here: " + proof.Detail,
		Hint: "it may be over, or bound to the browser or the network that it comes from: sign in again there, export, " +
			"and close that browser without signing out"}
	if origins := state.IndexedDB(); len(origins) > 0 {
		e.Msg += "; the file also has databases (IndexedDB) of " + strings.Join(origins, ", ") +
			", which cannot be put into another browser"
	}
	return e
}
