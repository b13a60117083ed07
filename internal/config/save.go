package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/portal"
)

// What a user's last run into an output directory worked with is remembered with
// the user, never in that directory: it names programs to run, a profile that is
// signed in, and where to go with that, and an output directory may come from
// anybody.

// ofOneStart are settings that say nothing about the work itself.
var ofOneStart = []string{"out", "limit", "dry-run", "fresh", "json", "quiet", "log-file", "metrics"}

// manyRuns is how many runs are remembered before those are forgotten whose output
// directory is gone.
const manyRuns = 100

// DataDir is where poactor keeps what is the user's own; empty where the user has
// no place for such. env looks an environment variable up, like os.LookupEnv.
func DataDir(env func(name string) (string, bool)) string {
	get := func(name string) string {
		dir, _ := env(name)
		if !filepath.IsAbs(dir) {
			return ""
		}
		return dir
	}
	below := func(dir string, names ...string) string {
		if dir == "" {
			return ""
		}
		return filepath.Join(append([]string{dir}, names...)...)
	}
	switch runtime.GOOS {
	case "windows":
		return below(get("LocalAppData"), "poactor")
	case "darwin":
		return below(get("HOME"), "Library", "Application Support", "poactor")
	}
	if dir := get("XDG_DATA_HOME"); dir != "" {
		return below(dir, "poactor")
	}
	return below(get("HOME"), ".local", "share", "poactor")
}

// Remember keeps what a run into s.Out works with below a DataDir, so that it can
// be begun again from anywhere.
func (s Settings) Remember(dataDir string) error {
	if dataDir == "" {
		return errors.New("this user has no directory for data")
	}
	path, out, err := remembered(dataDir, s.Out)
	if err != nil {
		return err
	}
	text, err := s.marshal(out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	forget(filepath.Dir(path))
	return outdir.Replace(path, 0o600, outdir.Bytes(text))
}

// Remembered is the config file of the user's last run into an output directory;
// empty where none is remembered.
func Remembered(dataDir, out string) string {
	if dataDir == "" {
		return ""
	}
	path, out, err := remembered(dataDir, out)
	if err != nil || outOf(path) != out {
		return ""
	}
	return path
}

// remembered is where the settings for an output directory are kept, and its one
// true path.
func remembered(dataDir, out string) (path, real string, err error) {
	if real, err = filepath.Abs(out); err != nil {
		return "", "", err
	}
	if real, err = filepath.EvalSymlinks(real); err != nil {
		return "", "", err
	}
	sum := sha256.Sum256([]byte(real))
	return filepath.Join(dataDir, "runs", fmt.Sprintf("%x.yaml", sum[:16])), real, nil
}

// outOf is the output directory that remembered settings are for; empty if they
// cannot be read.
func outOf(path string) string {
	values, err := readFile(path, known())
	if err != nil {
		return ""
	}
	return values["out"].text
}

// forget removes what is remembered for directories that are gone, if there is
// much.
func forget(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < manyRuns {
		return
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, err := os.Stat(outOf(path)); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(path)
		}
	}
}

// marshal writes the settings as a config file. Paths are absolute.
func (s Settings) marshal(out string) ([]byte, error) {
	if _, builtin := portal.Builtin(s.Portal); !builtin {
		s.Portal = absolute(s.Portal)
	}
	if IsPath(s.Profile) {
		s.Profile = absolute(s.Profile)
	}
	s.Browser, s.PassphraseFile = absolute(s.Browser), absolute(s.PassphraseFile)
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	values := map[string]string{}
	copied := s
	s.Register(fs) // which sets the defaults
	s = copied
	fs.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(ofOneStart, f.Name) {
			values[f.Name] = f.Value.String()
		}
	})
	values["out"] = out
	return yaml.Marshal(values)
}

// IsPath reports whether a text can only be a path and no name: it has a separator,
// or is a place by itself.
func IsPath(text string) bool {
	return text != "" && (filepath.Base(text) != text || text == "." || text == ".." || filepath.IsAbs(text))
}

func absolute(path string) string {
	if path == "" {
		return ""
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
