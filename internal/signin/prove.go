package signin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Proved is what a browser on a clone has shown.
type Proved struct {
	po.Proof
	// Seeded: the clone alone was not signed in; with the stored session put into it,
	// it was.
	Seeded bool
	// State is the session as that browser had it in the end, where it was signed in.
	State storagestate.State
	// Browser is its name and version, UserAgent what it calls itself.
	Browser, UserAgent string
}

// Prove opens a browser as a worker of a run gets it, on a clone of the profile base,
// and says whether the portal shows it a signed-in user. Where it does not, the session
// state is put into it, if there is any, and it is asked again. An empty base is a
// profile that nobody has used. The error is a *po.Error: it was not to be seen.
func Prove(ctx context.Context, c browser.Config, base string, state *storagestate.State) (proved Proved, err error) {
	key := fmt.Sprintf("prove %d %s", os.Getpid(), base) // several may look at once
	store, err := profilestore.OpenFor(key, profilestore.Config{Base: base, Capacity: 1, For: "the proof of a sign-in"})
	if err != nil {
		return proved, profileError(err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	p, err := store.Lease(ctx)
	if err != nil {
		return proved, profileError(err)
	}
	c.Headful, c.SignIn, c.Cloned, c.Downloads = false, false, true, p.TempDir
	c.Lease = func(context.Context) (browser.Profile, error) {
		return browser.Profile{ID: p.ID, Dir: p.Dir, TempDir: p.TempDir, Release: p.Release}, nil
	}
	s, err := browser.New(c).Open(ctx)
	if err != nil {
		return proved, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if proved.Proof, err = provePatiently(ctx, s); err != nil {
		return proved, proofError(err)
	}
	if !proved.SignedIn && state != nil {
		if proved, err = proveSeeded(ctx, s, *state); err != nil {
			return proved, proofError(err)
		}
	}
	if !proved.SignedIn {
		return proved, nil
	}
	proved.Browser, proved.UserAgent = s.Version(), s.UserAgent()
	proved.State, err = s.State(ctx)
	return proved, err
}

func proveSeeded(ctx context.Context, s *browser.Session, state storagestate.State) (proved Proved, err error) {
	if err := s.Seed(ctx, state); err != nil {
		return proved, err
	}
	proved.Proof, err = provePatiently(ctx, s)
	proved.Seeded = proved.SignedIn
	return proved, err
}

// proofPauses are before the second look at the portal, and those after it. Somebody who
// has just signed in is not to do it again for an answer that failed once.
var proofPauses = []time.Duration{time.Second, 3 * time.Second, 9 * time.Second}

// provePatiently looks again where the portal is in trouble.
func provePatiently(ctx context.Context, s *browser.Session) (proof po.Proof, err error) {
	for _, pause := range append(slices.Clone(proofPauses), 0) {
		proof, err = s.Prove(ctx)
		failure, isFailure := errors.AsType[*po.ReadFailure](err)
		if !isFailure || !failure.OfPortal() || failure.Unreachable || pause == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return proof, ctx.Err()
		case <-time.After(max(pause, min(failure.RetryAfter, maxRetryAfter))):
		}
	}
	return proof, err
}

// maxRetryAfter bounds how long somebody waits because the portal asks for it.
const maxRetryAfter = 30 * time.Second

// proofError is the *po.Error of a proof that could not be had.
func proofError(err error) error {
	if _, ok := errors.AsType[*po.Error](err); ok {
		return err
	}
	cause := po.CauseOf(err)
	failure, ok := errors.AsType[*po.ReadFailure](err)
	if !ok {
		return &po.Error{Cause: cause, Msg: fmt.Sprintf("see who is signed in: %v", err), Err: err}
	}
	e := &po.Error{Cause: cause, Msg: "the portal does not show who is signed in: " + failure.Detail, Err: err}
	switch {
	case cause == po.Interrupted:
		e.Msg = "interrupted"
	case failure.Definition:
		e.Msg, e.Hint = failure.Detail, "mend the portal file: poactor portal check FILE"
	case failure.Unreachable, cause == po.PortalError, cause == po.Timeout, cause == po.Throttled:
		e.Hint = "see whether the portal answers in a browser of yours, then try again"
	}
	return e
}

// profileError is the *po.Error of a profile that cannot be cloned.
func profileError(err error) error {
	e := &po.Error{Cause: po.CauseOf(err), Msg: po.DetailOf(err), Err: err}
	switch {
	case errors.Is(err, profilestore.ErrBaseInUse):
		e.Hint = "close the browser that uses the profile, then try again"
	case errors.Is(err, profilestore.ErrInUse):
		e.Msg = "another poactor has a window open for this profile"
		e.Hint = "finish there, or close that window, then try again"
		e.Err = fmt.Errorf("%w: %w", account.ErrHeld, err)
	}
	return e
}

// used reports whether a browser has ever had the profile in dir.
func used(dir string) bool {
	for _, name := range []string{"Local State", "Default"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}
