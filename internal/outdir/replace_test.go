package outdir

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func replace(path string, write func(io.Writer) error) error { return Replace(path, 0o644, write) }

func only(t *testing.T, dir, name, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "results.csv")
	for _, s := range []string{"first", "second, which is longer", ""} {
		if err := replace(path, text(s)); err != nil {
			t.Fatal(err)
		}
		only(t, dir, "results.csv", s)
	}
}

func TestReplaceKeepsTheOldFileOnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "results.csv")
	if err := replace(path, text("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := replace(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	only(t, dir, "results.csv", "old")
}

func TestReplaceRemovesWhatAKilledProcessLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".results.csv.tmp"), []byte("half of a much longer file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(filepath.Join(dir, "results.csv"), text("new")); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "results.csv", "new")
}

func TestReplaceErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := replace(filepath.Join(dir, "no", "x.csv"), text("")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "x.csv", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := replace(filepath.Join(dir, "x.csv"), text("")); err == nil {
		t.Error("a directory was replaced")
	}
}
