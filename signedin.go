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

// portOf makes the port that opens browsers: such as have to be signed in, or others.
func (o *resources) portOf(cfg Config, settings browser.Config) actors.Browsers {
	clones, empty := settings, settings
	clones.Lease = func(ctx context.Context) (browser.Profile, error) { return o.lease(ctx, o.profiles.Lease) }
	if cfg.Session == nil && (cfg.Profile == "" || !cfg.Portal.Proves()) {
		return browsers{browser.New(clones), o.newLoose}
	}
	if cfg.Session == nil {
		cfg.Session, cfg.LoginWait = &renewedSession{}, 0 // nobody could store another
	}
	empty.Cloned = false
	empty.Lease = func(ctx context.Context) (browser.Profile, error) { return o.lease(ctx, o.profiles.LeaseEmpty) }
	b := &signedInBrowsers{
		portal:  cfg.Portal,
		session: cfg.Session,
		empty:   browser.New(empty),
		loose:   o.newLoose,
		log:     cfg.Log,
	}
	renewal := empty
	if cfg.Profile != "" {
		b.cloned, renewal = browser.New(clones), clones
	}
	o.proves = cfg.Portal.Proves()
	o.signIn = &signInAgain{browsers: b, config: renewal, byHand: cfg.SignInByHand, wait: cfg.LoginWait, log: cfg.Log}
	return b
}

// signedInBrowsers opens browsers that are signed in, and proves it: a port of the actors.
// They get the stored session on an empty profile, which is quickest, or a copy of the
// base profile where that is not enough.
type signedInBrowsers struct {
	portal  portal.Portal
	session Session
	empty   *browser.Launcher
	cloned  *browser.Launcher // nil: there is no base profile
	loose   looseFiles
	log     *logrus.Logger

	mu     sync.Mutex
	user   string        // who is signed in; empty: not known
	clones bool          // the stored session alone does not do
	gate   chan struct{} // closed when the session has been restored; nil: it is not being restored
	epoch  int           // grows when that begins and when it ends
	used   string        // version of the stored session that was loaded last
}

// stored is a stored session.
type stored struct {
	state   *storagestate.State // nil: there is none
	version string
}

// Open implements actors.Browsers.
func (b *signedInBrowsers) Open(ctx context.Context) (actors.Session, error) {
	for {
		epoch, err := b.pass(ctx)
		if err != nil {
			return nil, err
		}
		s, from, err := b.open(ctx)
		switch {
		case err == nil:
			return &signedInSession{session: session{s, b.loose}, browsers: b, from: from}, nil
		case !errors.Is(err, po.SignedOut) || b.isEpoch(epoch): // else what it got is the former session
			return nil, err
		}
	}
}

// signedInSession is a browser that is signed in. At its end it hands over what has become
// of the session, where the portal has just been seen to know its user: cookies rotate.
type signedInSession struct {
	session
	browsers *signedInBrowsers
	from     stored // that it was opened with
	lives    atomic.Bool
	closing  sync.Once
}

// Read implements actors.Session. Only an order's attachments show that a session lives.
func (s *signedInSession) Read(ctx context.Context, o po.Order, byBrowser []string) (po.Reading, error) {
	r, err := s.session.Read(ctx, o, byBrowser)
	s.lives.Store(err == nil && r.Sign == po.SignAttachments)
	return r, err
}

// Look implements actors.Session. It may be what finds that the session is over, which must
// not be kept then.
func (s *signedInSession) Look(ctx context.Context, o po.Order, missing po.Failure) (po.Reading, error) {
	r, err := s.session.Look(ctx, o, missing)
	s.lives.Store(err == nil && r.Sign == po.SignAttachments)
	return r, err
}

// Prove implements actors.Session. Another user than the run's is nobody.
func (s *signedInSession) Prove(ctx context.Context) (po.Proof, error) {
	p, err := s.session.Prove(ctx)
	if err == nil && p.SignedIn {
		if other := s.browsers.sameUser(p.User); other != nil {
			p = po.Proof{Detail: other.Error()}
		}
	}
	s.lives.Store(err == nil && p.SignedIn)
	return p, err
}

// keepWithin bounds what a browser's end takes longer for the session to be kept.
const keepWithin = 2 * time.Second

// Close implements actors.Session.
func (s *signedInSession) Close() error {
	s.closing.Do(func() {
		if !s.lives.Load() || s.from.state == nil { // a copy of somebody's own profile stays one
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
		defer cancel()
		state, err := s.State(ctx)
		if err == nil {
			err = s.browsers.keep(ctx, state, s.from)
		}
		if err != nil { // the stored one may still do
			s.browsers.log.WithError(err).Info("the session was not kept as it is now")
		}
	})
	return s.session.Close()
}

// pass waits while the session is being restored: until then nobody is signed in. It
// returns the epoch.
func (b *signedInBrowsers) pass(ctx context.Context) (epoch int, err error) {
	for {
		b.mu.Lock()
		gate, epoch := b.gate, b.epoch
		b.mu.Unlock()
		if gate == nil {
			return epoch, nil
		}
		select {
		case <-gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// isEpoch reports whether no restoration has begun or ended since an epoch.
func (b *signedInBrowsers) isEpoch(epoch int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.epoch == epoch
}

// closeGate has browsers wait until the returned function is called.
func (b *signedInBrowsers) closeGate() (open func()) {
	gate := make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate = gate
	b.epoch++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.gate = nil
		b.epoch++
		close(gate)
	}
}

func (b *signedInBrowsers) open(ctx context.Context) (*browser.Session, stored, error) {
	from, err := b.load(ctx)
	if err != nil {
		return nil, from, err
	}
	why := "no session is stored"
	if from.state != nil && !b.needsClone() {
		var s *browser.Session
		if s, why, err = b.try(ctx, b.empty, from.state); s != nil || err != nil {
			return s, from, err
		}
	}
	if b.cloned != nil {
		var s *browser.Session
		s, why, err = b.try(ctx, b.cloned, nil)
		if s == nil && err == nil && from.state != nil { // where the system binds cookies to their profile
			s, why, err = b.try(ctx, b.cloned, from.state)
		}
		if s != nil && from.state != nil {
			b.alwaysClone()
		}
		if s != nil || err != nil {
			return s, from, err
		}
	}
	return nil, from, &po.Error{Cause: po.SignedOut, Msg: "nobody is signed in: " + why, Hint: hintSignIn}
}

// hintSignIn is what to do where nobody is signed in.
const hintSignIn = "sign in with: poactor login (--import FILE where there is no display); " + po.HintResume

// try opens a browser, gives it the stored session if there is one, and proves that
// somebody is signed in. It returns no session and the reason where nobody is. Where the
// portal does not say, as it is in trouble, the browser is taken as it is: its orders meet
// the same trouble, and what a lost session could fake is not believed without a proof.
func (b *signedInBrowsers) try(ctx context.Context, l *browser.Launcher, state *storagestate.State) (
	open *browser.Session, why string, err error,
) {
	s, err := l.Open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if open == nil {
			b.end(s)
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
	failure, isFailure := errors.AsType[*po.ReadFailure](err)
	switch {
	case isFailure && failure.OfPortal():
		b.log.WithError(err).Warn("the portal does not show who is signed in")
		return s, "", nil
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

// end closes a browser that is not needed.
func (b *signedInBrowsers) end(s *browser.Session) {
	if err := s.Close(); err != nil { // the next start sweeps it
		b.log.WithError(err).Warn("close a browser")
	}
}

// sameUser sees to it that all browsers of a run are signed in as one user: another one
// may not see the same orders.
func (b *signedInBrowsers) sameUser(user string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case user == b.user:
	case b.user == "":
		b.user = user
		b.log.WithField("user", user).Info("signed in")
	case user == "":
		return &po.Error{Cause: po.SignedOut, Hint: hintSignIn,
			Msg: fmt.Sprintf("the portal does not show who is signed in, and this run is %s's", po.Clip(b.user, 100))}
	default:
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

// load reads the stored session.
func (b *signedInBrowsers) load(ctx context.Context) (stored, error) {
	data, version, err := b.session.Load(ctx)
	if err != nil || len(data) == 0 {
		return stored{version: version}, err
	}
	b.mu.Lock()
	b.used = version
	b.mu.Unlock()
	state, _, err := storagestate.Parse(data)
	return stored{&state, version}, err
}

// lastUsed is the version of the stored session that was loaded last.
func (b *signedInBrowsers) lastUsed() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// keep stores a session that the portal has just been seen to know, in the place of the
// one that it has come from: not if it is as it was stored, or another was stored since.
func (b *signedInBrowsers) keep(ctx context.Context, state storagestate.State, from stored) error {
	if from.state != nil {
		if sameCookies(state, *from.state) {
			return nil
		}
		state = state.Over(*from.state)
	}
	data, err := state.Marshal()
	if err != nil {
		return err
	}
	_, err = b.session.Save(ctx, data, from.version)
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
