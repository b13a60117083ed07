//go:build unix

package browser

import (
	"errors"
	"syscall"

	"github.com/poactor/poactor/po"
)

// diskCause is DiskFull if that is what an error says, else the other cause.
func diskCause(err error, other po.Cause) po.Cause {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return po.DiskFull
	}
	return other
}
