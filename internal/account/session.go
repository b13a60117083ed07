package account

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/poactor/poactor/internal/storagestate"
)

// Session is an account's session in the words of a run: a storage state as text, with
// its version. It is a poactor.Session, and safe for concurrent use. To decrypt one may
// take a second and much memory, so that it is done once for each version.
type Session struct {
	account *Account

	mu      sync.Mutex
	version string // of state
	state   []byte
}

// Session is the account's session for a run.
func (a *Account) Session() *Session { return &Session{account: a} }

// Load returns the session and its version; no text where there is none.
func (s *Session) Load(ctx context.Context) (state []byte, version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The version first: should another be saved in between, then this one is only taken
	// for older than it is.
	version, err = s.Version()
	switch {
	case err != nil || version == "":
		return nil, "", err
	case version == s.version:
		return s.state, version, nil
	}
	loaded, err := s.account.Load(ctx)
	switch {
	case errors.Is(err, ErrNoAccount):
		return nil, "", nil
	case err != nil:
		return nil, "", err
	}
	if state, err = loaded.Marshal(); err != nil {
		return nil, "", err
	}
	s.version, s.state = version, state
	return state, version, nil
}

// Save keeps a session that was just proved, in the place of the one of a version, and
// returns the version of what is kept then. Where that is another by now, as somebody
// has signed in meanwhile, it stays.
func (s *Session) Save(ctx context.Context, state []byte, instead string) (version string, err error) {
	parsed, _, err := storagestate.Parse(state)
	if err != nil {
		return "", err
	}
	a := s.account
	err = a.locked(ctx, "save", func() error {
		info, err := a.Info()
		if err == nil && info.Version == instead {
			info.SignedIn = time.Now().UTC()
			info, err = a.save(ctx, parsed, info)
		}
		version = info.Version
		return err
	})
	return version, err
}

// Version is that of the session that is kept now; empty where there is none.
func (s *Session) Version() (string, error) {
	info, err := s.account.Info()
	if errors.Is(err, ErrNoAccount) {
		return "", nil
	}
	return info.Version, err
}
