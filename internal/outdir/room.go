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

// Room bounds the files that are written to a disk.
type Room struct {
	dir     string
	maxFile int64 // math.MaxInt64: there is no bound
	minFree int64 // that stays free; 0: nothing need
}

// NewRoom makes the bounds of what is written below dir, which must exist: the largest
// file and what stays free on the disk, in bytes. 0 is the default of each, which for
// the latter is 1 GiB or a twentieth of the disk, whichever is less. A negative number
// means that there is no such bound.
func NewRoom(dir string, maxFile, minFree int64) Room {
	r := Room{dir: dir, maxFile: maxFile, minFree: max(0, minFree)}
	switch {
	case maxFile == 0:
		r.maxFile = DefaultMaxFile
	case maxFile < 0:
		r.maxFile = math.MaxInt64
	}
	if minFree == 0 {
		r.minFree = defaultMinFree
		if space, err := DiskSpace(dir); err == nil {
			r.minFree = min(r.minFree, int64(space.Total/20))
		}
	}
	return r
}

// Check says whether a file may be begun, or go on to grow: the cause is empty if it
// may. In bytes, written are there of it already, length is what the portal announces,
// 0 or less if it does not, and missing is what there must be room for now. what ends
// the text that says of a disk that it has no room: "for the file".
//
// A file that is too large, and one without end that has itself taken what there was,
// are po.DownloadRejected; else the disk is full, po.DiskFull.
func (r Room) Check(written, length, missing int64, what string) (cause po.Cause, detail string) {
	switch {
	case max(written, length) > r.maxFile:
		return po.DownloadRejected, "the file is larger than " + size(r.maxFile) + " (--max-file)"
	case r.hasRoom(missing):
		return "", ""
	case length <= 0 && written >= endlessBytes:
		return po.DownloadRejected, "the file had no end after " + size(written) + ", and the disk has no more room for it"
	case r.minFree == 0:
		return po.DiskFull, "the disk is full: it has no room " + what
	}
	return po.DiskFull, "the disk is full: it has no room " + what + ", as " + size(r.minFree) +
		" are to stay free (--min-free)"
}

// hasRoom reports whether so many bytes more may be written. A system that does not
// tell what is free bounds nothing.
func (r Room) hasRoom(missing int64) bool {
	if r.minFree == 0 && missing <= 0 {
		return true
	}
	space, err := DiskSpace(r.dir)
	return err != nil || int64(min(space.Free, math.MaxInt64))-r.minFree >= missing
}

// MaxFile is the largest file that is taken, in bytes.
func (r Room) MaxFile() int64 { return r.maxFile }

func size(bytes int64) string { return humanize.IBytes(uint64(bytes)) }
