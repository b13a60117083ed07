package browser

import (
	"math"

	"github.com/dustin/go-humanize"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

const (
	defaultMaxFile = 2 << 30
	defaultMinFree = 1 << 30
	// suspectBytes is what a download must have taken before it is blamed for a disk
	// that is full. Smaller ones meet a full disk together.
	suspectBytes = 16 << 20
)

// checkRoom says whether a download is to go on no further: cause is empty if it may.
// total is its length as announced, 0 if it was not. missing is what it needs still.
func (c Config) checkRoom(bytes, total, missing int64) (cause po.Cause, detail string) {
	if limit := c.MaxFile; limit > 0 && max(bytes, total) > limit {
		return po.DownloadRejected, "the file is larger than " + humanize.IBytes(uint64(limit)) + " (--max-file)"
	}
	usage, err := disk.Usage(c.Downloads)
	if err != nil { // a system that does not tell bounds nothing
		return "", ""
	}
	keep := max(0, c.MinFree)
	if c.MinFree == 0 {
		keep = min(defaultMinFree, int64(usage.Total/20))
	}
	switch {
	case int64(min(usage.Free, math.MaxInt64))-keep >= missing:
		return "", ""
	case total <= 0 && bytes >= suspectBytes:
		return po.DownloadRejected, "the file had no end after " + humanize.IBytes(uint64(bytes)) + ", and the disk has no more room for it"
	}
	return po.DiskFull, "the disk is full: it has no room for the browser's download, as " + humanize.IBytes(uint64(keep)) + " are to stay free (--min-free)"
}

// diskCause is DiskFull if that is what an error says, else the other cause.
func diskCause(err error, other po.Cause) po.Cause {
	if outdir.Full(err) {
		return po.DiskFull
	}
	return other
}
