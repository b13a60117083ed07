package outdir

import (
	"errors"
	"syscall"

	"github.com/poactor/poactor/po"
)

// ErrUntrusted is wrapped by the error of what is found and cannot be trusted.
var ErrUntrusted = errors.New("not as poactor has made it")

// untrusted is the error of something that is found and cannot be trusted.
func untrusted(path, what string) error {
	return &po.Error{
		Msg: path + " is " + what,
		Hint: "poactor follows no links there and uses nobody else's record: " +
			"give another --out, or move what is named out of the way",
		Err: ErrUntrusted,
	}
}

// HintOpenFiles is what to do where the system has no more open files to give.
const HintOpenFiles = "raise the limit of open files (ulimit -n), or give fewer --workers; " + po.HintResume

// WriteError is a po.DiskFull that says why an output directory cannot be
// written to.
func WriteError(err error) *po.Error {
	e := &po.Error{Cause: po.DiskFull, Msg: "output directory: " + po.FirstLine(err), Err: err,
		Hint: "give another one with --out, or see to its permissions"}
	switch {
	case Full(err):
		return FullError(err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		e.Hint = HintOpenFiles
	}
	return e
}

// FullError is a po.DiskFull of an output directory's disk that has no room.
func FullError(err error) *po.Error {
	return &po.Error{Cause: po.DiskFull, Msg: "the disk is full: " + po.FirstLine(err), Err: err,
		Hint: "make room, or give another --out; " + po.HintResume}
}
