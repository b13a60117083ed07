package download

import (
	"fmt"
	"math"

	"github.com/dustin/go-humanize"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/poactor/poactor/po"
)

const (
	// DefaultMaxFile is the largest file that is taken where the Config says nothing.
	DefaultMaxFile = 2 << 30
	// defaultMinFree is what stays free on the disk, or a twentieth of it where that
	// is less.
	defaultMinFree = 1 << 30
	// suspectBytes is what a file must have taken before it is blamed for a disk that
	// is full. Smaller ones meet a full disk together.
	suspectBytes = 16 << 20
	// roomEvery is how much is written between two looks at the disk.
	roomEvery = 1 << 20
)

// room bounds what is written.
type room struct {
	dir     string
	maxFile int64 // largest file
	minFree int64 // that stays free on the disk; 0: nothing need be
}

// newRoom reads what Config says of it: 0 is the default, a negative number none.
func newRoom(dir string, maxFile, minFree int64) room {
	r := room{dir: dir, maxFile: maxFile, minFree: max(0, minFree)}
	switch {
	case maxFile == 0:
		r.maxFile = DefaultMaxFile
	case maxFile < 0:
		r.maxFile = math.MaxInt64
	}
	if minFree == 0 {
		r.minFree = defaultMinFree
		if usage, err := disk.Usage(dir); err == nil {
			r.minFree = min(r.minFree, int64(usage.Total/20))
		}
	}
	return r
}

// spare is how much may still be written; a system that does not tell bounds
// nothing.
func (r room) spare() int64 {
	if r.minFree == 0 {
		return math.MaxInt64
	}
	usage, err := disk.Usage(r.dir)
	if err != nil {
		return math.MaxInt64
	}
	return int64(min(usage.Free, math.MaxInt64)) - r.minFree
}

// full is the error of a disk that has no room for something.
func (r room) full(what string) error {
	return fmt.Errorf("%w: the disk is full: it has no room %s, as %s are to stay free (--min-free)", po.DiskFull, what, humanize.IBytes(uint64(r.minFree)))
}

// any says whether anything may be written.
func (r room) any() error {
	if r.spare() < 0 {
		return r.full("for more files")
	}
	return nil
}

// announced says whether a file of a length may come; -1: the portal did not say.
func (r room) announced(length int64) error {
	switch {
	case length > r.maxFile:
		return r.tooLarge()
	case length > 0 && length > r.spare():
		return r.full("for a file of " + humanize.IBytes(uint64(length)))
	}
	return nil
}

func (r room) tooLarge() error {
	return refuse(po.DownloadRejected, "the file is larger than %s (--max-file)", humanize.IBytes(uint64(r.maxFile)))
}

// grown says whether a file may go on to grow. One that has no end in sight, and has
// itself taken what there was, is rejected; else the disk is full.
func (r room) grown(bytes int64, endless bool) error {
	switch {
	case bytes > r.maxFile:
		return r.tooLarge()
	case r.spare() >= 0:
		return nil
	case endless && bytes >= suspectBytes:
		return refuse(po.DownloadRejected, "the file had no end after %s, and the disk has no more room for it", humanize.IBytes(uint64(bytes)))
	}
	return r.full("for the file")
}
