package profilestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/preferences"
	"github.com/poactor/poactor/po"
)

const (
	// DefaultCapacity is the number of profiles that may be leased at once
	// where the Config says nothing.
	DefaultCapacity = 8
	// DefaultMaxBytes is the largest clone where the Config says nothing. A
	// clone without caches takes 1 MB where little was browsed; a profile of
	// hundreds of megabytes is somebody's everyday profile.
	DefaultMaxBytes = 512 << 20
	// minFreeBytes must be free on the disk besides the clone: what a browser
	// writes into a new profile within its first minutes (11 MB seen).
	minFreeBytes = 32 << 20
)

// What the errors of Open and Lease wrap where somebody else has hold.
var (
	ErrInUse     = errors.New("in use")                      // of a work directory, by another store
	ErrBaseInUse = errors.New("in use by a running browser") // of the base profile

	ErrUnreadable = errors.New("cannot be read") // of the base profile, by this user
)

// Config says where the profiles are. Dir must be set.
type Config struct {
	// Dir is the work directory. It belongs to the store alone, is made if it
	// does not exist and is made private (0700). Its path must be short, since
	// browsers put Unix sockets into each profile's TempDir: see MaxTempDir.
	Dir string
	// Base is the user data directory that profiles are cloned from. Empty:
	// profiles begin empty.
	Base string
	// Capacity is how many profiles may be leased at once; default
	// DefaultCapacity. Take twice the number of browsers: a restart leases the
	// new profile while the old browser is still dying.
	Capacity int
	// MaxBytes is the largest size of a clone in bytes; default
	// DefaultMaxBytes.
	MaxBytes int64
	// For says what the profiles are for, like an output directory: whoever
	// sweeps what a killed process has left is told so. It may be empty.
	For string
	// Remove removes what there is at a path of the profile with an ID; nil:
	// os.RemoveAll does. It is for tests of what happens where that fails.
	Remove func(id, path string) error
}

// Store leases profiles. It is safe for concurrent use.
type Store struct {
	dir      string
	base     string
	maxBytes int64
	tag      string        // makes ids unique across stores
	slots    chan struct{} // holds one value per leased profile
	lock     *flock.Flock
	swept    Leftovers
	remove   func(id, path string) error

	mu     sync.Mutex
	count  int // of profiles so far; names their directories
	leased map[*Profile]bool
	closed bool
}

// Open makes the work directory ready, removes what a killed process left in it
// and kills the browsers that still run there, see Swept. Errors carry
// po.ProfileFailed or po.DiskFull: the directory is in use by another store
// (ErrInUse) or not a store's (ErrNotOurs), its path is too long, or the base is
// missing, not a profile, not to be read (ErrUnreadable) or in use by a running
// browser (ErrBaseInUse).
func Open(c Config) (*Store, error) {
	s, err := open(c)
	if err != nil {
		return nil, withCause("open profile store", err)
	}
	return s, nil
}

func open(c Config) (*Store, error) {
	if c.Capacity == 0 {
		c.Capacity = DefaultCapacity
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	if c.Dir == "" || c.Capacity < 1 || c.MaxBytes < 1 {
		return nil, fmt.Errorf("a directory, a capacity and a size of 1 or more are needed")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := checkLength(dir); err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, maxBytes: c.MaxBytes, tag: strings.ToLower(rand.Text()[:8]),
		slots: make(chan struct{}, c.Capacity), leased: map[*Profile]bool{}, remove: c.Remove,
	}
	if s.remove == nil {
		s.remove = func(_, path string) error { return os.RemoveAll(path) }
	}
	if c.Base != "" {
		if s.base, err = filepath.Abs(c.Base); err != nil {
			return nil, err
		}
		if err := checkReadable(s.base, s.maxBytes); err != nil {
			return nil, err
		}
	}
	if err := checkFree(filepath.Dir(dir), minFreeBytes); err != nil {
		return nil, err
	}
	if err := s.adopt(marker{Dir: dir, For: c.For}); err != nil {
		return nil, err
	}
	return s, nil
}

// adopt makes the directory the store's, and removes what a dead one has left
// in it. What cannot be removed stays: it is in nobody's way.
func (s *Store) adopt(m marker) error {
	lock, root, err := acquire(s.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if m, err = claim(root, m); err != nil {
		os.Remove(lock.Path())
		lock.Unlock()
		return err
	}
	s.lock = lock
	if err := os.Chmod(s.dir, 0o700); err != nil { // nobody else looks into it
		return errors.Join(err, abandon(s.dir, lock))
	}
	s.swept, _ = sweepDead(root, m, false)
	return nil
}

// Dir is the work directory.
func (s *Store) Dir() string { return s.dir }

// Swept tells what Open has removed that a dead process had left.
func (s *Store) Swept() Leftovers { return s.swept }

// Lease gives a profile that was never given before. Where as many are leased
// as the capacity allows it waits for a release or the end of ctx. Errors
// carry po.ProfileFailed, po.DiskFull, or po.Interrupted where ctx was
// cancelled.
func (s *Store) Lease(ctx context.Context) (*Profile, error) { return s.leaseOf(ctx, s.base) }

// LeaseEmpty is Lease of a profile that is no clone, whatever the base.
func (s *Store) LeaseEmpty(ctx context.Context) (*Profile, error) { return s.leaseOf(ctx, "") }

func (s *Store) leaseOf(ctx context.Context, base string) (*Profile, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, s.waitError(ctx)
	}
	p, err := s.lease(ctx, base)
	if err != nil && ctx.Err() != nil {
		return nil, s.waitError(ctx)
	}
	if err != nil {
		return nil, withCause("lease profile", err)
	}
	return p, nil
}

// waitError is the error of a lease whose context has ended.
func (s *Store) waitError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("lease profile: %w: none of %d was free in time", po.ProfileFailed, cap(s.slots))
	}
	return fmt.Errorf("lease profile: %w", po.Interrupted)
}

// lease makes a profile in a slot that is taken already, or gives the slot
// back.
func (s *Store) lease(ctx context.Context, base string) (*Profile, error) {
	p, err := s.reserve()
	if err != nil {
		<-s.slots
		return nil, err
	}
	err = s.prepare(ctx, p, base)
	if err == nil && s.isClosed() {
		err = errClosed
	}
	if err != nil {
		_ = p.Release() // sweep finds what it cannot remove; err is what matters
		return nil, err
	}
	return p, nil
}

var errClosed = errors.New("the profile store is closed")

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// reserve makes a new profile's directory, still empty.
func (s *Store) reserve() (*Profile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return nil, errClosed
		}
		s.count++
		home := filepath.Join(s.dir, strconv.Itoa(s.count))
		err := os.Mkdir(home, 0o700)
		if errors.Is(err, os.ErrExist) { // could not be swept
			continue
		}
		if err != nil {
			return nil, err
		}
		p := &Profile{
			ID:  fmt.Sprintf("%s-%d", s.tag, s.count),
			Dir: filepath.Join(home, profileName), TempDir: filepath.Join(home, tempName),
			home: home, store: s,
		}
		s.leased[p] = true
		return p, nil
	}
}

// defaultPreferences are those that every profile gets.
var defaultPreferences = preferences.Values{
	"plugins":  {"always_open_pdf_externally": true}, // a PDF shown in the page becomes a download
	"download": {"prompt_for_download": false},       // no dialog that nobody would answer
}

// prepare gives a profile its content.
func (s *Store) prepare(ctx context.Context, p *Profile, base string) error {
	for _, dir := range []string{p.Dir, p.TempDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	var plan clonePlan
	if base != "" {
		var err error
		if plan, err = planClone(base, s.maxBytes); err != nil {
			return err
		}
		defer plan.close()
	}
	if err := checkFree(s.dir, plan.bytes+minFreeBytes); err != nil {
		return err
	}
	if err := plan.copyTo(ctx, p.Dir); err != nil {
		return err
	}
	return preferences.Set(p.Dir, defaultPreferences)
}

func (s *Store) forget(p *Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leased, p)
}

// Close releases every profile that is still leased and gives the work
// directory back, which is removed unless something is left in it. Its error
// names what could not be removed. A second call does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	var left []*Profile
	for p := range s.leased {
		left = append(left, p)
	}
	s.mu.Unlock()

	var group sync.WaitGroup
	for _, p := range left {
		group.Go(func() { _ = p.Release() }) // what it could not remove, sweep finds
	}
	group.Wait()
	err := s.sweepTrash()
	if e := abandon(s.dir, s.lock); err == nil {
		err = e
	}
	if err != nil {
		return withCause("close profile store", err)
	}
	return nil
}

// sweepTrash tries again to remove what releases had to leave.
func (s *Store) sweepTrash() error {
	root, err := openDir(s.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	_, _, err = sweepHomes(root, isTrash, false)
	return err
}

// withCause wraps err with the operation and the cause that it stands for.
func withCause(operation string, err error) error {
	cause := po.ProfileFailed
	if c := po.CauseOf(err); c != po.Internal {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if outdir.Full(err) {
		cause = po.DiskFull
	}
	return fmt.Errorf("%s: %w: %w", operation, cause, err)
}
