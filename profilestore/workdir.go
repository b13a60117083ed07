package profilestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// hashBytes is how much of a hash is in the name of a work directory.
const hashBytes = 5

// maxNames is how many names the work directory for one key can have.
const maxNames = 99

// WorkDirPrefix begins the name of every work directory of this user.
func WorkDirPrefix() string { return fmt.Sprintf("poactor-%d-", os.Getuid()) }

// WorkDir is the work directory for a key, like the path of what the profiles are for:
// the same at every start, so that a start finds what a killed one left, and two at
// once exclude each other. Browsers put sockets there, whose paths are bounded: where
// the system's directory for temporary files has a long name, as on macOS, /tmp serves.
func WorkDir(key string) string {
	sum := sha256.Sum256([]byte(key))
	name := fmt.Sprintf("%s%x", WorkDirPrefix(), sum[:hashBytes])
	const deepest = len("-99/10000/t") // a profile's own directory for temporary files
	dir := filepath.Join(os.TempDir(), name)
	if most := MaxTempDir(); most > 0 && len(dir)+deepest > most {
		dir = filepath.Join("/tmp", name)
	}
	return dir
}

// OpenFor opens a store in the work directory for a key; c says the rest. The directory
// for temporary files is everybody's, and names in it can be foreseen: one that somebody
// else has taken first costs only the name.
func OpenFor(key string, c Config) (*Store, error) {
	first := WorkDir(key)
	for n := 1; ; n++ {
		if c.Dir = first; n > 1 {
			c.Dir = fmt.Sprintf("%s-%d", first, n)
		}
		store, err := Open(c)
		if n == maxNames || !errors.Is(err, ErrNotOurs) {
			return store, err
		}
	}
}

// WorkDirs lists the directories that have the name of a work directory of this user,
// whoever owns them.
func WorkDirs() ([]string, error) {
	above := filepath.Dir(WorkDir("")) // the same for all of them
	entries, err := os.ReadDir(above)
	var dirs []string
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), WorkDirPrefix())
		hash, number, again := strings.Cut(name, "-")
		if n, err := strconv.Atoi(number); again && (err != nil || n < 2 || n > maxNames) {
			continue
		}
		if _, err := hex.DecodeString(hash); ok && err == nil && len(hash) == 2*hashBytes {
			dirs = append(dirs, filepath.Join(above, e.Name()))
		}
	}
	return dirs, err
}

// Copy makes a copy of a base profile in the directory to, which must not exist: what a
// clone has of it. Errors are those of Lease.
func Copy(ctx context.Context, base, to string) error {
	plan, err := planClone(base, DefaultMaxBytes)
	if err == nil {
		defer plan.close()
		err = checkFree(filepath.Dir(to), plan.bytes)
	}
	if err == nil {
		err = os.Mkdir(to, 0o700)
	}
	if err != nil {
		return withCause("copy profile", err)
	}
	if err := plan.copyTo(ctx, to); err != nil {
		return withCause("copy profile", errors.Join(err, os.RemoveAll(to)))
	}
	return nil
}
