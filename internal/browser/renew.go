package browser

import (
	"context"
	"errors"
	"time"

	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
)

// How long the way through an identity provider may take, and for how long a page on it
// must ask for input before nobody is waited for: such pages may show for a moment.
const (
	wayPatience   = 15 * time.Second
	inputPatience = 3 * time.Second
)

// Renew has a browser go where signing in begins, and from there where the portal leads,
// the identity provider included: where that still knows the user it leads back, and no
// person is needed. It stops at the first page that wants something. The browser is given
// the session first, if there is one; the returned state is what keeps the user signed in
// afterwards. Of c it takes what concerns the browser, Lease, Downloads, Portal and Times.
func Renew(ctx context.Context, c Config, session *storagestate.State) (proof po.Proof, state storagestate.State, err error) {
	c.Provider, c.Out = true, ""
	s, err := New(c).Open(ctx)
	if err != nil {
		return proof, state, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if session != nil {
		if err := s.Seed(ctx, *session); err != nil {
			return proof, state, err
		}
	}
	way := patience{page: wayPatience, asks: inputPatience}
	if proof, err = s.proveAt(ctx, c.Portal.SignInURL(), way); err != nil || !proof.SignedIn {
		return proof, state, err
	}
	if proof, err = s.Prove(ctx); err != nil || !proof.SignedIn {
		return proof, state, err
	}
	if state, err = s.State(ctx); err == nil && session != nil {
		state = state.Over(*session)
	}
	return proof, state, err
}
