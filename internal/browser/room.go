package browser

import (
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// checkRoom says whether a download is to go on no further: cause is empty if it may.
// total is its length as announced, 0 if it was not. missing is what it needs still.
func (c Config) checkRoom(bytes, total, missing int64) (cause po.Cause, detail string) {
	return outdir.NewRoom(c.Downloads, c.MaxFile, c.MinFree).Check(bytes, total, missing, "for the browser's download")
}

// diskCause is DiskFull if that is what an error says, else the other cause.
func diskCause(err error, other po.Cause) po.Cause {
	if outdir.Full(err) {
		return po.DiskFull
	}
	return other
}
