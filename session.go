package poactor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Session is where a run finds the session that somebody has signed in with, and keeps
// what becomes of it: cookies and local storage, in the form of Playwright's storage
// state. Its content is as good as a password. The methods may be called from different
// goroutines.
type Session interface {
	// Load returns the session and its version; no bytes: there is none.
	Load(ctx context.Context) (state []byte, version string, err error)
	// Save keeps a session that was seen to live in the place of the version given, and
	// returns the new one's. Where another has been kept since, nothing is changed and
	// the error is nil.
	Save(ctx context.Context, state []byte, instead string) (version string, err error)
	// Version is that of the session that is kept now; empty: there is none. It is asked
	// for each second while a run waits for somebody to sign in.
	Version() (string, error)
}

// signedInBrowsers opens browsers that are signed in, and proves it: a port of the actors.
// They get the stored session on an empty profile, which is quickest, or a copy of the
// base profile where that is not enough.
type signedInBrowsers struct {
	portal  portal.Portal
	session Session           // nil: none is stored
	empty   *browser.Launcher // nil: none is stored
	cloned  *browser.Launcher // nil: there is no base profile
	log     *logrus.Logger

	mu      sync.Mutex
	version string             // of the stored session that was used last
	stored  storagestate.State // that session
	user    string             // who is signed in; empty: not known
	gate    chan struct{}      // closed when the session has been restored; nil: it is not being restored
	clones  bool               // the stored session alone does not do
}

// Open implements actors.Browsers.
func (b *signedInBrowsers) Open(ctx context.Context) (actors.Session, error) {
	if err := b.pass(ctx); err != nil {
		return nil, err
	}
	s, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	return &signedInSession{session: session{s}, browsers: b, version: b.used()}, nil
}

// signedInSession is a browser that is signed in. At its end it hands over what has become
// of the session, where the portal has just been seen to know its user: cookies rotate.
type signedInSession struct {
	session
	browsers *signedInBrowsers
	version  string // of the stored session that it was opened with
	lives    atomic.Bool
	closing  sync.Once
}

// Read implements actors.Session. Only an order's attachments show that a session lives.
func (s *signedInSession) Read(ctx context.Context, o po.Order, byBrowser []string) (po.Reading, error) {
	r, err := s.session.Read(ctx, o, byBrowser)
	s.lives.Store(err == nil && r.Sign == po.SignAttachments)
	return r, err
}

// Prove implements actors.Session.
func (s *signedInSession) Prove(ctx context.Context) (po.Proof, error) {
	p, err := s.session.Prove(ctx)
	s.lives.Store(err == nil && p.SignedIn)
	return p, err
}

// keepWithin bounds what a browser's end takes longer for the session to be kept.
const keepWithin = 2 * time.Second

// Close implements actors.Session.
func (s *signedInSession) Close() error {
	s.closing.Do(func() {
		if !s.lives.Load() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
		defer cancel()
		state, err := s.State(ctx)
		if err == nil {
			err = s.browsers.keep(ctx, state, s.version)
		}
		if err != nil { // the stored one may still do
			s.browsers.log.WithError(err).Info("the session was not kept as it is now")
		}
	})
	return s.session.Close()
}

// pass waits while the session is being restored: until then nobody is signed in.
func (b *signedInBrowsers) pass(ctx context.Context) error {
	b.mu.Lock()
	gate := b.gate
	b.mu.Unlock()
	if gate == nil {
		return nil
	}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closeGate has browsers wait until the returned function is called.
func (b *signedInBrowsers) closeGate() (open func()) {
	gate := make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate = gate
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.gate = nil
		close(gate)
	}
}

func (b *signedInBrowsers) open(ctx context.Context) (*browser.Session, error) {
	state, err := b.load(ctx)
	if err != nil {
		return nil, err
	}
	why := "no session is stored"
	if state != nil && !b.needsClone() {
		var s *browser.Session
		if s, why, err = b.try(ctx, b.empty, state); s != nil || err != nil {
			return s, err
		}
	}
	if b.cloned != nil {
		var s *browser.Session
		s, why, err = b.try(ctx, b.cloned, nil)
		if s == nil && err == nil && state != nil { // where the system binds cookies to their profile
			s, why, err = b.try(ctx, b.cloned, state)
		}
		if s != nil && state != nil {
			b.alwaysClone()
		}
		if s != nil || err != nil {
			return s, err
		}
	}
	return nil, &po.Error{Cause: po.SignedOut, Msg: "nobody is signed in: " + why, Hint: hintSignIn}
}

// hintSignIn is what to do where nobody is signed in.
const hintSignIn = "sign in with: poactor login (--import FILE where there is no display); " + po.HintResume

// try opens a browser, gives it the stored session if there is one, and proves that
// somebody is signed in. It returns no session and the reason where nobody is.
func (b *signedInBrowsers) try(ctx context.Context, l *browser.Launcher, state *storagestate.State) (
	open *browser.Session, why string, err error,
) {
	s, err := l.Open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if open == nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if state != nil {
		if err := s.Seed(ctx, *state); err != nil {
			return nil, "", &po.Error{Cause: po.CauseOf(err), Msg: "give the browser its session: " + po.DetailOf(err), Err: err}
		}
	}
	if !b.portal.Proves() {
		return s, "", nil
	}
	proof, err := s.Prove(ctx)
	switch {
	case err != nil:
		return nil, "", err
	case !proof.SignedIn:
		return nil, proof.Detail, nil
	}
	if err := b.sameUser(proof.User); err != nil {
		return nil, "", err
	}
	return s, "", nil
}

// sameUser sees to it that all browsers of a run are signed in as one user: another one
// may not see the same orders.
func (b *signedInBrowsers) sameUser(user string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case user == "":
		return nil
	case b.user == "":
		b.user = user
		b.log.WithField("user", user).Info("signed in")
		return nil
	case b.user != user:
		return &po.Error{Cause: po.SignedOut, Hint: hintSignIn,
			Msg: fmt.Sprintf("another user is signed in: %s, and this run is %s's", po.Clip(user, 100), po.Clip(b.user, 100))}
	}
	return nil
}

func (b *signedInBrowsers) needsClone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clones
}

func (b *signedInBrowsers) alwaysClone() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.clones {
		b.clones = true
		b.log.Info("the stored session alone does not sign in: every browser gets a copy of the base profile")
	}
}

// load reads the stored session; nil: there is none.
func (b *signedInBrowsers) load(ctx context.Context) (*storagestate.State, error) {
	if b.session == nil {
		return nil, nil
	}
	data, version, err := b.session.Load(ctx)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	state, _, err := storagestate.Parse(data)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version, b.stored = version, state
	return &state, nil
}

// keep stores a session that the portal has just been seen to know, in the place of the
// version given: not if it is as it was stored, or another one was stored since.
func (b *signedInBrowsers) keep(ctx context.Context, state storagestate.State, instead string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.session == nil || instead != b.version || sameCookies(state, b.stored) {
		return nil
	}
	data, err := state.Marshal()
	if err != nil {
		return err
	}
	version, err := b.session.Save(ctx, data, instead)
	if err == nil {
		b.version, b.stored = version, state
	}
	return err
}

// sameCookies reports whether two states have the same cookies, whenever these end.
func sameCookies(a, b storagestate.State) bool {
	values := func(s storagestate.State) map[storagestate.Ref]string {
		m := map[storagestate.Ref]string{}
		for _, c := range s.Cookies {
			m[c.Ref()] = c.Value
		}
		return m
	}
	return maps.Equal(values(a), values(b))
}

// used is the version of the stored session that was used last.
func (b *signedInBrowsers) used() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.version
}

// signInAgain restores a session that is over: a port of the actors.
type signInAgain struct {
	browsers *signedInBrowsers
	config   browser.Config
	base     string // profile; empty: there is none
	byHand   func(ctx context.Context) error
	wait     time.Duration
	log      *logrus.Logger
}

// renewWithin bounds the renewal without a person: the identity provider leads there and
// back in seconds, or asks for something.
const renewWithin = 30 * time.Second

// Restore implements actors.SignIn. What costs nobody anything comes first.
func (r *signInAgain) Restore(ctx context.Context, _ string) (how string, err error) {
	defer r.browsers.closeGate()()
	if r.changed() && r.proved(ctx) {
		return "with the session that was stored meanwhile", nil
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
		if err := r.byHand(ctx); err == nil && r.proved(ctx) {
			return "somebody has signed in", nil
		} else if err != nil {
			r.log.WithError(err).Warn("nobody has signed in at the window")
		}
	}
	if r.waitForSession(ctx) {
		return "with the session that was stored meanwhile", nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return "", &po.Error{Cause: po.SignedOut, Msg: "the session is over, and could not be renewed: " + why, Hint: hintSignIn}
}

// changed reports whether another session has been stored since the browsers got theirs.
func (r *signInAgain) changed() bool {
	if r.browsers.session == nil {
		return false
	}
	version, err := r.browsers.session.Version()
	return err == nil && version != "" && version != r.browsers.used()
}

// proved reports whether a browser that is opened now is signed in.
func (r *signInAgain) proved(ctx context.Context) bool {
	s, err := r.browsers.open(ctx)
	if err != nil {
		r.log.WithError(err).Warn("the stored session does not sign in")
		return false
	}
	return s.Close() == nil
}

// renew has one browser go to the portal and, from there, to the identity provider, whose
// own session often lives longer. It says why that was not enough; empty: it was.
func (r *signInAgain) renew(ctx context.Context) (why string, err error) {
	if !r.browsers.portal.Proves() {
		return "the portal's definition does not say how a signed-in user is known (signs.signed_in)", nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	state, err := r.browsers.load(ctx)
	if err != nil {
		return "", err
	}
	proof, renewed, err := browser.Renew(ctx, r.config, r.base, state)
	switch {
	case err != nil:
		return "", err
	case !proof.SignedIn:
		return proof.Detail, nil
	}
	if err := r.browsers.sameUser(proof.User); err != nil {
		return "", err
	}
	return "", r.browsers.keep(ctx, renewed, r.browsers.used())
}

// waitForSession waits until somebody has stored another session, as poactor login does,
// that signs in.
func (r *signInAgain) waitForSession(ctx context.Context) bool {
	if r.wait <= 0 || r.browsers.session == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for tried := r.browsers.used(); ; {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		version, err := r.browsers.session.Version()
		if err != nil || version == "" || version == tried {
			continue
		}
		tried = version
		if r.proved(ctx) {
			return true
		}
	}
}
