package poactor

import (
	"context"
	"strconv"
	"sync"
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

// renewedSession keeps the session of a run for which none is stored, as its profile is
// somebody's own, which is not written to: in memory, once it has been renewed.
type renewedSession struct {
	mu      sync.Mutex
	state   []byte
	version int
}

// Load implements Session.
func (s *renewedSession) Load(context.Context) (state []byte, version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.name(), nil
}

// Save implements Session.
func (s *renewedSession) Save(_ context.Context, state []byte, instead string) (version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if instead == s.name() {
		s.state = state
		s.version++
	}
	return s.name(), nil
}

// Version implements Session.
func (s *renewedSession) Version() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name(), nil
}

func (s *renewedSession) name() string {
	if s.version == 0 {
		return ""
	}
	return strconv.Itoa(s.version)
}
