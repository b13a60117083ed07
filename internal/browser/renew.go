package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
)

// inputPatience is how long a page must ask for input before a renewal without a person is
// given up: on the way through an identity provider such pages may show for a moment.
const inputPatience = 3 * time.Second

// wayPatience is how long the way through an identity provider may take.
const wayPatience = 25 * time.Second

// Renew has a browser go where signing in begins, and from there where the portal leads,
// the identity provider included: where that still knows the user it leads back, and no
// person is needed. It stops at the first page that wants something.
//
// The browser runs on the profile in dir, a user data directory that no browser uses, or,
// where dir is empty, on an empty one; it is given the session first, if there is one. The
// returned state is what keeps the user signed in afterwards; dir has it, too. Of c it
// takes what concerns the browser, Portal and Times.
func Renew(ctx context.Context, c Config, dir string, stored *storagestate.State) (
	proof po.Proof, state storagestate.State, err error,
) {
	temp, err := os.MkdirTemp("", "pa") // short: the browser puts sockets into it
	if err != nil {
		return proof, state, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	profile := Profile{ID: "renewal", Dir: cmp.Or(dir, filepath.Join(temp, "p")), TempDir: temp}
	c.Lease = func(context.Context) (Profile, error) { return profile, os.MkdirAll(profile.Dir, 0o700) }
	c.Cloned, c.Downloads, c.Out = dir != "", temp, ""
	c.Portal.AllowedHosts = slices.Concat(c.Portal.AllowedHosts, c.Portal.SignIn.Hosts)
	s, err := New(c).Open(ctx)
	if err != nil {
		return proof, state, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if stored != nil && dir == "" {
		if err := s.Seed(ctx, *stored); err != nil {
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
	if state, err = s.State(ctx); err != nil {
		return proof, state, err
	}
	if err := quit(s.browser(ctx), s.proc); err != nil { // only then are cookies safe on the disk
		return proof, state, fmt.Errorf("keep the renewed session: %w", err)
	}
	return proof, state, nil
}
