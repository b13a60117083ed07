//go:build unix

package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Nothing that is a link, or another user's, is used or changed.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	link := func(path, elsewhere string) error {
		return errors.Join(os.RemoveAll(path), os.Symlink(elsewhere, path))
	}
	for name, plant := range map[string]func(a *Account, elsewhere string) error{
		"profiles":        func(a *Account, e string) error { return link(a.store.profilesDir(), e) },
		"portal":          func(a *Account, e string) error { return link(a.store.portalDir("coupa"), e) },
		"account":         func(a *Account, e string) error { return link(a.dir(), e) },
		"base":            func(a *Account, e string) error { return link(a.BaseDir(), e) },
		"session":         func(a *Account, e string) error { return link(filepath.Join(a.dir(), sessionName), e+"/file") },
		"info":            func(a *Account, e string) error { return link(filepath.Join(a.dir(), infoName), e+"/file") },
		"lock":            func(a *Account, e string) error { return link(a.dir()+".lock", e+"/file") },
		"hard link":       func(a *Account, e string) error { return os.Link(e+"/file", filepath.Join(a.dir(), "x")) },
		"base of another": func(a *Account, _ string) error { return os.Chown(a.BaseDir(), 12345, 12345) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "base of another" && os.Geteuid() != 0 {
				t.Skip("only root gives a directory away")
			}
			s, _ := newStore(t)
			a := create(t, s, "coupa", "a")
			save(t, a, secret, Info{})
			elsewhere := t.TempDir()
			if err := errors.Join(os.WriteFile(elsewhere+"/file", []byte("theirs"), 0o644), os.MkdirAll(elsewhere+"/a/base", 0o700), plant(a, elsewhere)); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"load": second(a.Load(t.Context())), "info": second(a.Info()), "save": a.Save(t.Context(), state("x"), Info{}),
				"find": second(s.Find("coupa", "a")), "create": second(s.Create("coupa", "a")), "list": second(s.List()), "delete": a.Delete(t.Context()),
			} {
				e, ok := errors.AsType[*po.Error](err)
				if !ok || !errors.Is(err, outdir.ErrUntrusted) || e.Hint == "" {
					t.Errorf("%s: %v", what, err)
				}
			}
			if text, err := os.ReadFile(elsewhere + "/file"); string(text) != "theirs" || err != nil {
				t.Errorf("what lies elsewhere is %q, %v", text, err)
			}
		})
	}
}

// An account whose base a browser has is not deleted; what a dead one has left is no
// hindrance.
func TestBaseInUse(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := create(t, s, "coupa", "a")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(a.BaseDir(), "SingletonLock")
	if err := os.Symlink(fmt.Sprintf("%s-%d", host, os.Getpid()), lock); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(t.Context()); !errors.Is(err, profilestore.ErrBaseInUse) {
		t.Errorf("%v", err)
	}
	if _, err := s.Create("coupa", "a"); err != nil {
		t.Errorf("a browser's link in the base: %v", err)
	}
	if err := errors.Join(os.Remove(lock), os.Symlink(host+"-2147483646", lock)); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}
