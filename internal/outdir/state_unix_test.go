//go:build unix

package outdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// plants are what somebody may have put into an output directory. Each gets the
// output directory, and a directory elsewhere that must stay as it is.
var plants = map[string]func(out, elsewhere string) error{
	"state directory a link":     func(out, e string) error { return os.Symlink(e, StatePath(out)) },
	"state directory a file":     func(out, e string) error { return os.WriteFile(StatePath(out), nil, 0o600) },
	"state directory a FIFO":     func(out, e string) error { return syscall.Mkfifo(StatePath(out), 0o600) },
	"state directory of another": func(out, e string) error { return os.Chown(mkdir(out), 12345, 12345) },
	"a link":                     func(out, e string) error { return os.Symlink(filepath.Join(e, "file"), filepath.Join(mkdir(out), "x")) },
	"a link to nowhere":          func(out, e string) error { return os.Symlink(filepath.Join(e, "new"), filepath.Join(mkdir(out), "x")) },
	"a link within":              func(out, e string) error { return os.Symlink(".", filepath.Join(mkdir(out), "x")) },
	"a link to a directory":      func(out, e string) error { return os.Symlink(e, filepath.Join(mkdir(out), "x")) },
	"a hard link":                func(out, e string) error { return os.Link(filepath.Join(e, "file"), filepath.Join(mkdir(out), "x")) },
	"a FIFO":                     func(out, e string) error { return syscall.Mkfifo(filepath.Join(mkdir(out), "x"), 0o600) },
	"a file of another": func(out, e string) error {
		path := filepath.Join(mkdir(out), "x")
		return errors.Join(os.WriteFile(path, nil, 0o600), os.Chown(path, 12345, 12345))
	},
	"a directory of another": func(out, e string) error {
		path := filepath.Join(mkdir(out), "x")
		return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 12345, 12345))
	},
}

func mkdir(out string) string {
	path := StatePath(out)
	_ = os.Mkdir(path, 0o700) // the next step tells
	return path
}

func TestUntrusted(t *testing.T) {
	t.Parallel()
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(name, "of another") && os.Geteuid() != 0 {
				t.Skip("only root gives a file away")
			}
			out, elsewhere := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(elsewhere, "file"), []byte("theirs"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := plant(out, elsewhere); err != nil {
				t.Fatal(err)
			}
			for door, open := range map[string]func(string) (*os.Root, error){"OpenState": OpenState, "MakeState": MakeState} {
				root, err := open(out)
				if root != nil {
					root.Close()
				}
				if !errors.Is(err, ErrUntrusted) || strings.Contains(err.Error(), "\n") ||
					!strings.HasPrefix(err.Error(), StatePath(out)) {
					t.Errorf("%s: %v", door, err)
				}
			}
			info, err := os.Stat(filepath.Join(elsewhere, "file"))
			if err != nil || info.Mode().Perm() != 0o644 {
				t.Errorf("what lies elsewhere was touched: %v, %v", info, err)
			}
		})
	}
}

// What was copied, or unpacked, is made private.
func TestPrivate(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	state := StatePath(out)
	for path, mode := range map[string]fs.FileMode{"": 0o777, "evidence": 0o775} {
		if err := errors.Join(os.MkdirAll(filepath.Join(state, path), 0o700), os.Chmod(filepath.Join(state, path), mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(state, "ledger.db"), nil, 0o600), os.Chmod(filepath.Join(state, "ledger.db"), 0o666)); err != nil {
		t.Fatal(err)
	}
	root, err := OpenState(out)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for range 2 {
		if err := ReplaceIn(root, "results.json", 0o600, Bytes([]byte("{}"))); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]fs.FileMode{".": 0o700, "evidence": 0o700, "ledger.db": 0o600, "results.json": 0o600} {
		if info, err := root.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if _, err := OpenState(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none there: %v", err)
	}
}
