//go:build unix

package outdir

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.csv")
	if err := Replace(path, 0o644, Bytes([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	// The umask of the test takes bits away and never adds any.
	if mode := info.Mode().Perm(); mode&^0o644 != 0 || mode&0o600 != 0o600 {
		t.Errorf("mode is %v", mode)
	}
}
