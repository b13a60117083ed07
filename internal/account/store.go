package account

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/vault"
	"github.com/poactor/poactor/po"
)

// Store has the accounts of one user.
type Store struct {
	dir      string // the user's directory for data
	vault    *vault.Vault
	patience time.Duration // with a lock that another has
}

// Open makes a store of the accounts below a user's directory for data. It looks at
// nothing yet.
func Open(dataDir string, v *vault.Vault) *Store {
	return &Store{dir: dataDir, vault: v, patience: patience}
}

func (s *Store) profilesDir() string { return filepath.Join(s.dir, "profiles") }

func (s *Store) portalDir(portal string) string { return filepath.Join(s.profilesDir(), portal) }

// List tells of all accounts, by portal and name. The error, if there is one, is of
// those that it had to leave out.
func (s *Store) List() ([]Info, error) {
	if s.dir == "" {
		return nil, nil
	}
	portals, err := names(s.profilesDir())
	if err != nil {
		return nil, err
	}
	var list []Info
	var failed []error
	for _, portal := range portals {
		accounts, err := names(s.portalDir(portal))
		if err != nil {
			failed = append(failed, err)
		}
		for _, name := range accounts {
			info, err := s.account(portal, name).Info()
			switch {
			case errors.Is(err, ErrNoAccount): // just deleted
			case err != nil:
				failed = append(failed, err)
			default:
				list = append(list, info)
			}
		}
	}
	return list, errors.Join(failed...)
}

// names lists the directories in one that may be portals or accounts.
func names(dir string) (list []string, err error) {
	root, err := outdir.OpenPrivate(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, untrusted(err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	for _, e := range entries {
		if e.IsDir() && checkName(e.Name()) == nil {
			list = append(list, e.Name())
		}
	}
	return list, err
}

// Find is the account of a portal and name. The error wraps ErrNoAccount where there is
// none, or ErrName.
func (s *Store) Find(portal, name string) (*Account, error) {
	a, err := s.named(portal, name)
	if err != nil {
		return nil, err
	}
	root, err := a.open()
	if err != nil {
		return nil, a.explain("open", err)
	}
	return a, root.Close()
}

// Create is the account of a portal and name, which is made if need be: with an empty
// base profile, and no session.
func (s *Store) Create(portal, name string) (*Account, error) {
	a, err := s.named(portal, name)
	if err != nil {
		return nil, err
	}
	if s.dir == "" {
		return nil, &po.Error{
			Cause: po.ProfileFailed,
			Msg:   "this user has no directory for data",
			Hint:  "set HOME or XDG_DATA_HOME (on Windows LocalAppData)",
		}
	}
	return a, a.explain("make", a.makeDirs())
}

// makeDirs makes the account's directories, as far as they are not there.
func (a *Account) makeDirs() error {
	s := a.store
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	for _, dir := range []string{s.profilesDir(), s.portalDir(a.id.Portal), a.dir()} {
		if err := makePrivate(dir); err != nil {
			return err
		}
	}
	if err := os.Mkdir(a.BaseDir(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	root, err := a.open() // which looks at the base, too, if it was there
	if err != nil {
		return err
	}
	return root.Close()
}

func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return checkPrivate(dir)
}

func checkPrivate(dir string) error {
	root, err := outdir.OpenPrivate(dir)
	if err != nil {
		return untrusted(err)
	}
	return root.Close()
}

func (s *Store) named(portal, name string) (*Account, error) {
	if err := errors.Join(checkName(portal), checkName(name)); err != nil {
		return nil, err
	}
	return s.account(portal, name), nil
}

func (s *Store) account(portal, name string) *Account {
	return &Account{store: s, id: vault.ID{Portal: portal, Name: name}}
}

// check looks at the directories above a portal's accounts.
func (s *Store) check(portal string) error {
	if s.dir == "" {
		return fs.ErrNotExist
	}
	for _, dir := range []string{s.profilesDir(), s.portalDir(portal)} {
		if err := checkPrivate(dir); err != nil {
			return err
		}
	}
	return nil
}

// A name is one of a directory on every system, also where case does not count.
var (
	validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	reserved  = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])$`) // on Windows
)

func checkName(name string) error {
	if validName.MatchString(name) && !reserved.MatchString(name) {
		return nil
	}
	return &po.Error{Msg: fmt.Sprintf("%q is no name of a profile", po.Clip(name, 100)), Err: ErrName,
		Hint: "use up to 64 small letters, digits, - and _, beginning with a letter or digit"}
}

// untrusted gives outdir's error of what cannot be trusted a hint that fits here.
func untrusted(err error) error {
	if !errors.Is(err, outdir.ErrUntrusted) {
		return err
	}
	return &po.Error{Msg: err.Error(), Err: err,
		Hint: "poactor follows no links there and uses nobody else's files: move what is named out of the way"}
}
