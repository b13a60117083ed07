package launch

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/poactor/poactor/po"
)

func TestFind(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Find(exe, false); got != exe || err != nil {
		t.Errorf("an explicit program: %q, %v", got, err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	_, err = Find(missing, false)
	e, ok := errors.AsType[*po.Error](err)
	if !ok || e.Hint == "" || e.Cause != po.BrowserDied || e.Msg != "browser "+missing+": no such file" {
		t.Errorf("an explicit program that is not there: %+v", err)
	}
}

func TestUsualPlaces(t *testing.T) {
	t.Parallel()
	for _, path := range usualPlaces() {
		if !filepath.IsAbs(path) {
			t.Errorf("%s is not absolute", path)
		}
	}
	if len(usualPlaces()) == 0 {
		t.Errorf("nowhere to look on %s", runtime.GOOS)
	}
}

// The shell is taken where it comes with the browser, or where there is
// nothing else.
func TestFirstInstalled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install := func(name string) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	chrome, chromium := install("chrome/chrome"), install("lib/chromium")
	shell := install("lib/chromium-headless-shell")
	lone := install("alone/headless_shell")
	none, besideLone := filepath.Join(dir, "none"), filepath.Join(dir, "alone/chromium")
	for _, row := range []struct {
		name   string
		places []string
		shell  bool
		want   string
	}{
		{"nothing", []string{none}, true, ""},
		{"no shell beside it", []string{none, chrome, chromium}, true, chrome},
		{"a shell beside it", []string{none, chromium, chrome}, true, shell},
		{"a window is asked for", []string{none, chromium, chrome}, false, chromium},
		{"a shell before a browser", []string{besideLone, chrome}, true, chrome},
		{"a shell alone", []string{besideLone, none}, true, lone},
		{"a shell alone, and a window is asked for", []string{besideLone, none}, false, ""},
	} {
		if got := firstInstalled(row.places, row.shell); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}
