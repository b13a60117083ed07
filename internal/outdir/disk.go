package outdir

import (
	"errors"
	"slices"
)

// Full reports whether an error of the system says that a disk, or what this user
// may put on it, is full.
func Full(err error) bool { return isAny(err, full) }

// Unwritable reports whether an error of the system says that a disk takes no file
// at all, whichever it is: it is full, read-only or broken.
func Unwritable(err error) bool { return Full(err) || isAny(err, broken) }

func isAny(err error, list []error) bool {
	return slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
}

// Space is the room on a disk, in bytes.
type Space struct {
	Free  uint64 // that this user may still fill
	Total uint64
}
