package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zalando/go-keyring"

	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/internal/vault"
	"github.com/poactor/poactor/po"
)

const secret = "s3cr3t-v4lu3"

// keychain is one that works.
type keychain struct {
	mu      sync.Mutex
	entries map[string]string
}

func (k *keychain) Get(_, user string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.entries[user]; ok {
		return s, nil
	}
	return "", keyring.ErrNotFound
}

func (k *keychain) Set(_, user, secret string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries[user] = secret
	return nil
}

func (k *keychain) Delete(_, user string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, user)
	return nil
}

// newStore is a store in a directory that is not there yet.
func newStore(t *testing.T) (*Store, *keychain) {
	k := &keychain{entries: map[string]string{}}
	return Open(filepath.Join(t.TempDir(), "data"), vault.New(vault.Config{Keychain: k})), k
}

// hasty is the same account, for one who does not wait for a lock.
func hasty(a *Account) *Account {
	s := Open(a.store.dir, a.store.vault)
	s.patience = time.Millisecond
	return s.account(a.Portal(), a.Name())
}

func create(t *testing.T, s *Store, portal, name string) *Account {
	t.Helper()
	a, err := s.Create(portal, name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func state(value string) storagestate.State {
	return storagestate.State{Cookies: []storagestate.Cookie{{Name: "sid", Value: value, Domain: "acme.example.com", Path: "/"}}}
}

func save(t *testing.T, a *Account, value string, info Info) Info {
	t.Helper()
	if err := a.Save(t.Context(), state(value), info); err != nil {
		t.Fatal(err)
	}
	got, err := a.Info()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := create(t, s, "coupa", DefaultName)
	if info, err := a.Info(); err != nil || info != (Info{Portal: "coupa", Name: DefaultName}) {
		t.Errorf("before the first session: %+v, %v", info, err)
	}
	if _, err := a.Load(t.Context()); !errors.Is(err, ErrNoSession) {
		t.Errorf("before the first session: %v", err)
	}
	if by, err := a.Prepare(t.Context()); by != vault.ByKeychain || err != nil {
		t.Errorf("%s, %v", by, err)
	}
	want := Info{Portal: "coupa", Name: DefaultName, BaseURL: "https://acme.coupahost.com", User: "Ann", Browser: "Chromium 156", UserAgent: "x",
		SignedIn: time.Now().UTC().Truncate(time.Second), Protection: vault.ByKeychain}
	versions := map[string]bool{"": true}
	for i := range 3 {
		value := fmt.Sprint(secret, i)
		info := save(t, a, value, want)
		if versions[info.Version] {
			t.Errorf("version %q again", info.Version)
		}
		versions[info.Version] = true
		if diff := cmp.Diff(want, info, cmpopts.IgnoreFields(Info{}, "Version")); diff != "" {
			t.Error(diff)
		}
		other, err := s.Find("coupa", DefaultName)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := other.Load(t.Context()); err != nil || cmp.Diff(state(value), got, cmpopts.EquateEmpty()) != "" {
			t.Errorf("loaded %v, %v", got, err)
		}
	}
	for path, info := range tree(t, s.dir) {
		mode := info.Mode().Perm()
		if want := map[bool]os.FileMode{true: 0o700, false: 0o600}[info.IsDir()]; mode != want && os.PathSeparator == '/' {
			t.Errorf("%s is %v", path, mode)
		}
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), secret) {
			t.Errorf("%s has the secret in it", path)
		}
	}
}

func tree(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	found := map[string]os.FileInfo{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			found[path] = info
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestList(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for range 2 {
		if list, err := s.List(); len(list) != 0 || err != nil {
			t.Errorf("%v, %v", list, err)
		}
		if err := os.MkdirAll(s.profilesDir(), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []vault.ID{{Portal: "coupa", Name: "work"}, {Portal: "acme", Name: "default"}, {Portal: "coupa", Name: "broken"}, {Portal: "coupa", Name: "a"}} {
		save(t, create(t, s, id.Portal, id.Name), secret, Info{User: id.Name})
	}
	create(t, s, "coupa", "new")
	if err := errors.Join(os.WriteFile(filepath.Join(s.portalDir("coupa"), "broken", infoName), []byte("{"), 0o600),
		os.WriteFile(filepath.Join(s.profilesDir(), "file"), nil, 0o600), os.Mkdir(filepath.Join(s.profilesDir(), "No Portal"), 0o700)); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("%v", err)
	}
	want := []Info{{Portal: "acme", Name: "default", User: "default"}, {Portal: "coupa", Name: "a", User: "a"},
		{Portal: "coupa", Name: "new"}, {Portal: "coupa", Name: "work", User: "work"}}
	if diff := cmp.Diff(want, list, cmpopts.IgnoreFields(Info{}, "Version", "Protection")); diff != "" {
		t.Error(diff)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "A", "-a", "_a", "con", "com1", "ä", "a.b", "a b", strings.Repeat("a", 65), "a\n"} {
		for _, pair := range [][2]string{{name, "x"}, {"x", name}} {
			if _, err := s.Create(pair[0], pair[1]); !errors.Is(err, ErrName) {
				t.Errorf("Create(%q, %q): %v", pair[0], pair[1], err)
			}
			if _, err := s.Find(pair[0], pair[1]); !errors.Is(err, ErrName) {
				t.Errorf("Find(%q, %q): %v", pair[0], pair[1], err)
			}
		}
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Error("something was made")
	}
	create(t, s, "com", strings.Repeat("a", 64))
}

func TestNotThere(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for range 2 {
		_, err := s.Find("coupa", "x")
		if e, ok := errors.AsType[*po.Error](err); !ok || !errors.Is(err, ErrNoAccount) || e.Hint == "" {
			t.Errorf("%v", err)
		}
		create(t, s, "coupa", "y")
	}
	none := Open("", s.vault)
	if _, err := none.Create("coupa", "x"); err == nil {
		t.Error("made without a directory")
	}
	if _, err := none.Find("coupa", "x"); !errors.Is(err, ErrNoAccount) {
		t.Error(err)
	}
	if list, err := none.List(); list != nil || err != nil {
		t.Error(list, err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s, k := newStore(t)
	a, other := create(t, s, "coupa", "a"), create(t, s, "coupa", "b")
	save(t, a, secret, Info{})
	save(t, other, secret, Info{})
	if err := os.WriteFile(filepath.Join(a.BaseDir(), "Local State"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// What a delete that was killed has left.
	if err := os.MkdirAll(filepath.Join(s.portalDir("coupa"), ".a.deleted", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(k.entries) != 1 {
		t.Errorf("the keychain has %d keys", len(k.entries))
	}
	for path := range tree(t, s.dir) {
		if strings.HasPrefix(strings.TrimPrefix(filepath.Base(path), "."), "a") && filepath.Base(path) != "a.lock" {
			t.Errorf("%s is left", path)
		}
	}
	for what, err := range map[string]error{
		"delete": a.Delete(t.Context()), "save": a.Save(t.Context(), state(secret), Info{}),
		"load": second(a.Load(t.Context())), "info": second(a.Info()),
	} {
		if !errors.Is(err, ErrNoAccount) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := other.Load(t.Context()); err != nil {
		t.Error(err)
	}
	save(t, create(t, s, "coupa", "a"), secret, Info{})
}

func second[T any](_ T, err error) error { return err }

// A file of another account, or one that was changed, is not loaded.
func TestSwapped(t *testing.T) {
	t.Parallel()
	s, k := newStore(t)
	a, b := create(t, s, "coupa", "a"), create(t, s, "coupa", "b")
	save(t, a, secret, Info{})
	save(t, b, secret, Info{})
	k.entries["coupa/b"] = k.entries["coupa/a"] // so that it is the file alone that tells
	text, err := os.ReadFile(filepath.Join(a.dir(), sessionName))
	if err != nil {
		t.Fatal(err)
	}
	for is, text := range map[error][]byte{vault.ErrForeign: text, vault.ErrDamaged: text[:len(text)-1]} {
		if err := os.WriteFile(filepath.Join(b.dir(), sessionName), text, 0o600); err != nil {
			t.Fatal(err)
		}
		again := Open(s.dir, vault.New(vault.Config{Keychain: k})).account("coupa", "b")
		if _, err := again.Load(t.Context()); !errors.Is(err, is) {
			t.Errorf("%v, want %v", err, is)
		}
	}
}

// Where there is no key, what was saved stays as it is.
func TestNoKey(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := create(t, s, "coupa", "a")
	before := save(t, a, secret, Info{User: "Ann"})
	locked := Open(s.dir, vault.New(vault.Config{NoKeychain: true})).account("coupa", "a")
	if err := locked.Save(t.Context(), state("new"), Info{User: "Bob"}); !errors.Is(err, vault.ErrNoKey) {
		t.Error(err)
	}
	if _, err := locked.Prepare(t.Context()); !errors.Is(err, vault.ErrNoKey) {
		t.Error(err)
	}
	if info, err := a.Info(); info != before || err != nil {
		t.Errorf("%+v, %v", info, err)
	}
	if got, err := a.Load(t.Context()); err != nil || got.Cookies[0].Value != secret {
		t.Errorf("%v, %v", got, err)
	}
}

// A run keeps what it has renewed, unless somebody has signed in meanwhile.
func TestSession(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := create(t, s, "coupa", "a")
	run := a.Session()
	if text, version, err := run.Load(t.Context()); text != nil || version != "" || err != nil {
		t.Errorf("before the first session: %d bytes, %q, %v", len(text), version, err)
	}
	first := save(t, a, "first", Info{User: "Ann", SignedIn: time.Unix(1e9, 0).UTC()})
	text, version, err := run.Load(t.Context())
	if err != nil || version != first.Version || !strings.Contains(string(text), `"first"`) {
		t.Fatalf("%d bytes, %q, %v", len(text), version, err)
	}
	renewed := []byte(strings.Replace(string(text), "first", "renewed", 1))
	second, err := run.Save(t.Context(), renewed, version)
	if now, _ := run.Version(); err != nil || second == version || now != second {
		t.Errorf("%q after %q, %q now, %v", second, version, now, err)
	}
	info, err := a.Info()
	if err != nil || info.User != "Ann" || !info.SignedIn.After(first.SignedIn) {
		t.Errorf("%+v, %v", info, err)
	}
	third := save(t, a, "another", Info{})
	if now, err := run.Save(t.Context(), renewed, second); now != third.Version || err != nil {
		t.Errorf("in the place of an old one: %q, %v", now, err)
	}
	if got, err := a.Load(t.Context()); err != nil || got.Cookies[0].Value != "another" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := run.Save(t.Context(), []byte("{}"), third.Version); !errors.Is(err, storagestate.ErrRefused) {
		t.Errorf("%v", err)
	}
	if err := a.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, version, err := run.Load(t.Context()); text != nil || version != "" || err != nil {
		t.Errorf("after it was deleted: %d bytes, %q, %v", len(text), version, err)
	}
	if _, err := run.Save(t.Context(), renewed, third.Version); !errors.Is(err, ErrNoAccount) {
		t.Errorf("after it was deleted: %v", err)
	}
}
