package poactor

import (
	"testing"

	"github.com/poactor/poactor/internal/outdir"
)

// What a Config says of its default is so where files are written.
func TestDefaultMaxFile(t *testing.T) {
	t.Parallel()
	if DefaultMaxFile != outdir.DefaultMaxFile {
		t.Errorf("%d, and files are bounded by %d", DefaultMaxFile, outdir.DefaultMaxFile)
	}
}
