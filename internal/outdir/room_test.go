package outdir

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	const MiB = 1 << 20
	bounded := NewRoom(t.TempDir(), 100*MiB, 1<<62) // more than any disk has
	free := NewRoom(t.TempDir(), 100*MiB, -1)
	for name, row := range map[string]struct {
		room                     Room
		written, length, missing int64
		cause                    po.Cause
		detail                   string
	}{
		"fits":            {free, 1, 2, 0, "", ""},
		"as large as may": {free, 100 * MiB, 100 * MiB, 0, "", ""},
		"too large":       {free, 101 * MiB, 0, 0, po.DownloadRejected, "the file is larger than 100 MiB (--max-file)"},
		"will be":         {free, 1, 101 * MiB, 0, po.DownloadRejected, "the file is larger than 100 MiB (--max-file)"},
		"more than there": {free, 1, 2, 1 << 62, po.DiskFull, "the disk is full: it has no room for x"},
		"full disk": {bounded, MiB, 0, 0, po.DiskFull,
			"the disk is full: it has no room for x, as 4.0 EiB are to stay free (--min-free)"},
		"nothing yet": {bounded, 0, 0, 0, po.DiskFull, ""},
		"filled the disk": {bounded, 17 * MiB, 0, 0, po.DownloadRejected,
			"the file had no end after 17 MiB, and the disk has no more room for it"},
		"unannounced": {bounded, 17 * MiB, -1, 0, po.DownloadRejected, ""},
		"announced":   {bounded, 17 * MiB, 20 * MiB, 0, po.DiskFull, ""},
	} {
		cause, detail := row.room.Check(row.written, row.length, row.missing, "for x")
		if cause != row.cause || !strings.HasPrefix(detail, row.detail) {
			t.Errorf("%s: %s, %q; want %s, %q", name, cause, detail, row.cause, row.detail)
		}
	}
	if got := NewRoom(t.TempDir(), 0, 0).MaxFile(); got != DefaultMaxFile {
		t.Errorf("%d bytes by default", got)
	}
	// What a system does not tell bounds nothing.
	if cause, _ := NewRoom(filepath.Join(t.TempDir(), "no"), -1, 1<<62).Check(1, 0, 1, ""); cause != "" {
		t.Errorf("unknown disk: %s", cause)
	}
}
