// Package account keeps what a sign-in has left, per portal and name, below the user's
// directory for data: the base profile that workers' profiles are cloned from, the
// session's storage state, encrypted, and what may be shown of it.
//
//	profiles/<portal>/<name>/base       the browser's user data directory
//	profiles/<portal>/<name>/session    the storage state, as package vault encrypts it
//	profiles/<portal>/<name>/info.json  an Info: no secret is in it
//	profiles/<portal>/<name>.lock       held by the one who writes
//
// All of it is the user's alone (0700, files 0600), and nothing there that is a link, or
// another user's, is used.
package account

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/internal/vault"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// DefaultName is the name of the account that is used where none is said.
const DefaultName = "default"

// What errors wrap.
var (
	ErrNoAccount = errors.New("no such profile")          // of that portal and name
	ErrNoSession = errors.New("nobody has signed in yet") // there is a profile, and nothing was saved
	ErrHeld      = errors.New("in use by another poactor")
	ErrName      = errors.New("not a name")
)

// The names in an account's directory.
const (
	baseName    = "base"
	sessionName = "session"
	infoName    = "info.json"
)

const (
	// patience is how long a lock is waited for: a Save takes a second or two.
	patience = 5 * time.Second
	// maxInfo bounds what is read of an info file, in bytes.
	maxInfo = 1 << 20
	// maxSession bounds what is read of a session: encrypting adds little.
	maxSession = storagestate.MaxBytes + storagestate.MaxBytes/64
)

// Info is what may be shown of an account.
type Info struct {
	Portal    string    `json:"portal"`
	Name      string    `json:"name"`
	BaseURL   string    `json:"base_url,omitempty"`   // of the portal that was signed in at
	User      string    `json:"user,omitempty"`       // as the portal shows it; empty if it does not
	Browser   string    `json:"browser,omitempty"`    // name and version of the one that was signed in with
	UserAgent string    `json:"user_agent,omitempty"` // its: some portals bind a session to it
	SignedIn  time.Time `json:"signed_in,omitzero"`   // when that was proved last
	// Version is another one after each Save; empty before the first.
	Version string `json:"version,omitempty"`
	// Protection is what the session is encrypted with.
	Protection vault.Protection `json:"protection,omitempty"`
}

// Account is one account of a Store. It is safe for concurrent use.
type Account struct {
	store *Store
	id    vault.ID

	mu   sync.Mutex
	lock *flock.Flock // nil while it is not held
}

// Portal is the name of the portal.
func (a *Account) Portal() string { return a.id.Portal }

// Name is the account's name: one of several at the same portal.
func (a *Account) Name() string { return a.id.Name }

// BaseDir is the user data directory of the base profile.
func (a *Account) BaseDir() string { return filepath.Join(a.dir(), baseName) }

func (a *Account) dir() string { return filepath.Join(a.store.portalDir(a.id.Portal), a.id.Name) }

// open opens the account's directory, if it can be trusted.
func (a *Account) open() (*os.Root, error) {
	if err := a.store.check(a.id.Portal); err != nil {
		return nil, a.missing(err)
	}
	root, err := outdir.OpenPrivate(a.dir())
	if err != nil {
		return nil, a.missing(untrusted(err))
	}
	return root, nil
}

// explain makes what went wrong on the disk an error for the user; it leaves those that
// are such already, and that of a context, as they are.
func (a *Account) explain(operation string, err error) error {
	_, known := errors.AsType[*po.Error](err)
	if err == nil || known || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &po.Error{
		Cause: po.ProfileFailed,
		Msg:   fmt.Sprintf("cannot %s %s: %s", operation, a.id, po.FirstLine(err)),
		Hint:  "see to " + a.dir(),
		Err:   err,
	}
	if outdir.Full(err) {
		e.Cause, e.Hint = po.DiskFull, "make room on the disk that has "+a.dir()
	}
	return e
}

// missing puts the absence of a directory in words.
func (a *Account) missing(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &po.Error{Cause: po.SignedOut, Msg: fmt.Sprintf("there is no %s: nobody has signed in with it", a.id),
		Hint: "sign in first: poactor login", Err: ErrNoAccount}
}

// Info reads what may be shown of the account. To see whether somebody has signed in
// anew, compare its Version.
func (a *Account) Info() (Info, error) {
	root, err := a.open()
	if err != nil {
		return Info{}, a.explain("read", err)
	}
	defer root.Close()
	info, err := a.readInfo(root)
	return info, a.explain("read", err)
}

func (a *Account) readInfo(root *os.Root) (Info, error) {
	text, err := read(root, infoName, maxInfo)
	if errors.Is(err, fs.ErrNotExist) { // a login was killed before it had written anything
		return Info{Portal: a.id.Portal, Name: a.id.Name}, nil
	}
	if err != nil {
		return Info{}, err
	}
	var info Info
	if err := json.Unmarshal(text, &info); err != nil {
		return Info{}, &po.Error{
			Cause: po.SignedOut,
			Msg:   fmt.Sprintf("%s of %s cannot be read: it is damaged", infoName, a.id),
			Hint:  "sign in again",
			Err:   err,
		}
	}
	info.Portal, info.Name = a.id.Portal, a.id.Name // wherever it was copied from
	return info, nil
}

// read reads a file of at most so many bytes.
func read(root *os.Root, name string, most int64) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is too large", f.Name())
	}
	return text, err
}

// Load decrypts the session. The error wraps ErrNoSession where none was saved yet, or
// one of package vault.
func (a *Account) Load(ctx context.Context) (storagestate.State, error) {
	state, err := a.load(ctx)
	return state, a.explain("read", err)
}

func (a *Account) load(ctx context.Context) (storagestate.State, error) {
	root, err := a.open()
	if err != nil {
		return storagestate.State{}, err
	}
	defer root.Close()
	sealed, err := read(root, sessionName, maxSession)
	if errors.Is(err, fs.ErrNotExist) {
		return storagestate.State{}, &po.Error{
			Cause: po.SignedOut,
			Msg:   fmt.Sprintf("nobody has signed in with %s yet", a.id),
			Hint:  "sign in first: poactor login",
			Err:   ErrNoSession,
		}
	}
	if err != nil {
		return storagestate.State{}, err
	}
	text, err := a.store.vault.Open(ctx, a.id, sealed)
	if err != nil {
		return storagestate.State{}, err
	}
	state, _, err := storagestate.Parse(text)
	if err != nil {
		return storagestate.State{}, &po.Error{
			Cause: po.SignedOut,
			Msg:   fmt.Sprintf("the session of %s cannot be read: %v", a.id, err),
			Hint:  "sign in again",
		}
	}
	return state, nil
}

// Prepare makes sure that a session can be saved, and says how it will be protected:
// before somebody takes the trouble to sign in.
func (a *Account) Prepare(ctx context.Context) (by vault.Protection, err error) {
	err = a.locked(ctx, "prepare", func() error {
		by, err = a.store.vault.Prepare(ctx, a.id)
		return err
	})
	return by, err
}

// Save encrypts the session and writes it with its info, of which Portal, Name, Version
// and Protection are given by the account. A reader finds the old session or the new
// one, whole; the new Version is there when the session is. Where another process has
// the Lock, Save waits for a while, and then its error wraps ErrHeld.
func (a *Account) Save(ctx context.Context, state storagestate.State, info Info) error {
	return a.locked(ctx, "save", func() error {
		_, err := a.save(ctx, state, info)
		return err
	})
}

// save does what Save says while the lock is held, and returns the info as it was written.
func (a *Account) save(ctx context.Context, state storagestate.State, info Info) (Info, error) {
	text, err := state.Marshal()
	if err != nil {
		return Info{}, err
	}
	if len(text) > storagestate.MaxBytes {
		return Info{}, &po.Error{Cause: po.ProfileFailed, Hint: "sign in at the portal alone, with a new profile",
			Msg: fmt.Sprintf("the session of %s is larger than %d MiB", a.id, storagestate.MaxBytes>>20)}
	}
	sealed, err := a.store.vault.Seal(ctx, a.id, text)
	if err != nil {
		return Info{}, err
	}
	root, err := a.open() // only now: it may have been deleted
	if err != nil {
		return Info{}, err
	}
	defer root.Close()
	if err := replace(root, sessionName, sealed); err != nil {
		return Info{}, err
	}
	info.Portal, info.Name = a.id.Portal, a.id.Name
	info.Version, info.Protection = rand.Text(), vault.ProtectionOf(sealed)
	return info, writeInfo(root, info)
}

func writeInfo(root *os.Root, info Info) error {
	text, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	return replace(root, infoName, append(text, '\n'))
}

func replace(root *os.Root, name string, content []byte) error {
	return patiently(func() error { return outdir.ReplaceIn(root, name, 0o600, outdir.Bytes(content)) })
}

// patiently tries again what other programs hinder for a moment on Windows.
func patiently(do func() error) error {
	for end := time.Now().Add(outdir.RenamePatience); ; time.Sleep(50 * time.Millisecond) {
		err := do()
		if err == nil || outdir.Unwritable(err) || !time.Now().Before(end) {
			return err
		}
	}
}

// Delete removes the account with all that belongs to it, and its key. The error wraps
// ErrHeld, or profilestore.ErrBaseInUse where a running browser has the base profile.
func (a *Account) Delete(ctx context.Context) error {
	return a.locked(ctx, "delete", func() error {
		info, err := a.Info()
		if errors.Is(err, ErrNoAccount) || errors.Is(err, outdir.ErrUntrusted) {
			return err
		}
		if err := profilestore.CheckUnused(a.BaseDir()); err != nil {
			return &po.Error{Cause: po.ProfileFailed, Msg: err.Error(), Hint: "close that browser first", Err: err}
		}
		if err := a.remove(); err != nil {
			return err
		}
		if info.Protection == vault.ByKeychain {
			_ = a.store.vault.Forget(ctx, a.id) // a key that stays opens nothing any more
		}
		return nil
	})
}

// remove gives the directory another name first: half of an account is never found.
func (a *Account) remove() error {
	root, err := outdir.OpenPrivate(a.store.portalDir(a.id.Portal))
	if err != nil {
		return untrusted(err)
	}
	defer root.Close()
	trash := "." + a.id.Name + ".deleted"
	if err := root.RemoveAll(trash); err != nil { // of one that was killed at it
		return err
	}
	if err := patiently(func() error { return root.Rename(a.id.Name, trash) }); err != nil {
		return err
	}
	return patiently(func() error { return root.RemoveAll(trash) })
}

// Lock keeps all others, of this process and of any other, from writing: while a browser
// has the base profile, or to look at the Version and Save on. It waits for a short
// while; then the error wraps ErrHeld. Save, Prepare and Delete of this Account go on to
// work.
func (a *Account) Lock(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lock != nil {
		return a.held()
	}
	return a.explain("lock", a.acquire(ctx))
}

// Unlock ends Lock.
func (a *Account) Unlock() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.explain("unlock", a.release())
}

// locked does something while the lock is held, also by a Lock before.
func (a *Account) locked(ctx context.Context, operation string, do func() error) (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lock == nil {
		if err := a.acquire(ctx); err != nil {
			return a.explain(operation, err)
		}
		defer func() { err = errors.Join(err, a.release()) }()
	}
	return a.explain(operation, do())
}

func (a *Account) acquire(ctx context.Context) error {
	if err := a.store.check(a.id.Portal); err != nil {
		return a.missing(err)
	}
	lock := flock.New(filepath.Join(a.store.portalDir(a.id.Portal), a.id.Name+".lock"), flock.SetPermissions(0o600))
	bounded, cancel := context.WithTimeout(ctx, a.store.patience)
	defer cancel()
	free, err := lock.TryLockContext(bounded, 50*time.Millisecond)
	switch {
	case free:
		a.lock = lock
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil:
		return a.held()
	}
	return err
}

func (a *Account) release() error {
	if a.lock == nil {
		return nil
	}
	err := a.lock.Unlock()
	a.lock = nil
	return err
}

func (a *Account) held() error {
	return &po.Error{Cause: po.ProfileFailed, Msg: fmt.Sprintf("%s is %v", a.id, ErrHeld),
		Hint: "wait until that has ended: a window for signing in may still be open", Err: ErrHeld}
}
