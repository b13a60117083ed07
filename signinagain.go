package poactor

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/po"
)

// renewWithin bounds the renewal without a person: the identity provider leads there and
// back in seconds, or asks for something.
const renewWithin = 30 * time.Second

// signInAgain restores a session that is over: a port of the actors.
type signInAgain struct {
	browsers *signedInBrowsers
	config   browser.Config // of a browser for the renewal
	byHand   func(ctx context.Context) error
	wait     time.Duration
	log      *logrus.Logger

	failed string // version of the stored session that does not sign in
}

// Restore implements actors.SignIn. What costs nobody anything comes first.
func (r *signInAgain) Restore(ctx context.Context, _ string) (how string, err error) {
	defer r.browsers.closeGate()()
	r.failed = r.browsers.lastUsed()
	const meanwhile = "with the session that was stored meanwhile"
	if r.proved(ctx) {
		return meanwhile, nil
	}
	why, err := r.renew(ctx)
	if why == "" && err == nil {
		return "the identity provider has renewed the session", nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		why = po.DetailOf(err)
		r.log.WithError(err).Warn("the session could not be renewed")
	}
	if r.byHand != nil {
		if err := r.byHand(ctx); err != nil {
			r.log.WithError(err).Warn("nobody has signed in at the window")
		} else if r.proved(ctx) {
			return "somebody has signed in", nil
		}
	}
	if r.waitForSession(ctx) {
		return meanwhile, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return "", &po.Error{
		Cause: po.SignedOut,
		Msg:   "the session is over, and could not be renewed: " + why,
		Hint:  hintSignIn,
	}
}

// proved reports whether a browser that is opened now is signed in: with another session
// than the one that was tried last.
func (r *signInAgain) proved(ctx context.Context) bool {
	version, err := r.browsers.session.Version()
	if err != nil || version == "" || version == r.failed {
		return false
	}
	s, from, err := r.browsers.open(ctx)
	if err != nil {
		r.failed = from.version
		r.log.WithError(err).Warn("the stored session does not sign in")
		return false
	}
	defer r.browsers.end(s)
	if !r.browsers.portal.Proves() {
		return true // nothing could tell
	}
	// It is asked once more, as it was opened all the same if the portal was in trouble:
	// nobody goes on with a session that was not seen to live.
	proof, err := s.Prove(ctx)
	return err == nil && proof.SignedIn && r.browsers.sameUser(proof.User) == nil
}

// renew has one browser go to the portal and, from there, to the identity provider, whose
// own session often lives longer. It says why that was not enough; empty: it was.
func (r *signInAgain) renew(ctx context.Context) (why string, err error) {
	if !r.browsers.portal.Proves() {
		return "the portal's definition does not say how a signed-in user is known (signs.signed_in)", nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	from, err := r.browsers.load(ctx)
	if err != nil {
		return "", err
	}
	proof, renewed, err := browser.Renew(ctx, r.config, from.state)
	switch {
	case err != nil:
		return "", err
	case !proof.SignedIn:
		return proof.Detail, nil
	}
	if err := r.browsers.sameUser(proof.User); err != nil {
		return "", err
	}
	return "", r.browsers.keep(ctx, renewed, from)
}

// waitForSession waits until somebody has stored another session, as poactor login does,
// that signs in.
func (r *signInAgain) waitForSession(ctx context.Context) bool {
	if r.wait <= 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if r.proved(ctx) {
			return true
		}
	}
}
