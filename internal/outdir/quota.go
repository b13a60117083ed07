package outdir

import (
	"math"

	"github.com/dustin/go-humanize"

	"github.com/poactor/poactor/po"
)

const (
	// DefaultMaxFile is the largest file that is taken where nothing is said of it, in bytes.
	DefaultMaxFile = 2 << 30
	// defaultMinFree is what stays free on the disk, or a twentieth of it where that
	// is less.
	defaultMinFree = 1 << 30
	// endlessBytes is what a file of unknown length must have taken before it is blamed
	// for a disk that is full. Smaller ones meet a full disk together.
	endlessBytes = 16 << 20
)

// Quota bounds the files that are written to a disk.
type Quota struct {
	dir     string
	maxFile int64 // math.MaxInt64: there is no bound
	minFree int64 // that stays free; 0: nothing need
}

// NewQuota makes the bounds of what is written below dir, which must exist: the largest
// file and what stays free on the disk, in bytes. 0 is the default of each, which for
// the latter is 1 GiB or a twentieth of the disk, whichever is less. A negative number
// means that there is no such bound.
func NewQuota(dir string, maxFile, minFree int64) Quota {
	q := Quota{dir: dir, maxFile: maxFile, minFree: max(0, minFree)}
	switch {
	case maxFile == 0:
		q.maxFile = DefaultMaxFile
	case maxFile < 0:
		q.maxFile = math.MaxInt64
	}
	if minFree == 0 {
		q.minFree = defaultMinFree
		if space, err := DiskSpace(dir); err == nil {
			q.minFree = min(q.minFree, int64(space.Total/20))
		}
	}
	return q
}

// Check says whether a file may be begun, or go on to grow: the cause is empty if it
// may. In bytes, written are there of it already, length is what the portal announces,
// 0 or less if it does not, and missing is what there must be room for now. what ends
// the text that says of a disk that it has no room: "for the file".
//
// A file that is too large, and one without end that has itself taken what there was,
// are po.DownloadRejected; else the disk is full, po.DiskFull.
func (q Quota) Check(written, length, missing int64, what string) (cause po.Cause, detail string) {
	switch {
	case max(written, length) > q.maxFile:
		return po.DownloadRejected, "the file is larger than " + size(q.maxFile) + " (--max-file)"
	case q.hasSpace(missing):
		return "", ""
	case length <= 0 && written >= endlessBytes:
		return po.DownloadRejected, "the file had no end after " + size(written) + ", and the disk has no more room for it"
	case q.minFree == 0:
		return po.DiskFull, "the disk is full: it has no room " + what
	}
	return po.DiskFull, "the disk is full: it has no room " + what + ", as " + size(q.minFree) +
		" are to stay free (--min-free)"
}

// hasSpace reports whether so many bytes more may be written. A system that does not
// tell what is free bounds nothing.
func (q Quota) hasSpace(missing int64) bool {
	if q.minFree == 0 && missing <= 0 {
		return true
	}
	space, err := DiskSpace(q.dir)
	return err != nil || int64(min(space.Free, math.MaxInt64))-q.minFree >= missing
}

// MaxFile is the largest file that is taken, in bytes.
func (q Quota) MaxFile() int64 { return q.maxFile }

func size(bytes int64) string { return humanize.IBytes(uint64(bytes)) }
