package po_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/poactor/poactor/po"
)

// An Error says what it has to say to users, and is what it wraps.
func TestError(t *testing.T) {
	t.Parallel()
	var err error = &po.Error{Cause: po.DiskFull, Msg: "no room", Hint: "make some", Err: fmt.Errorf("write: %w", io.ErrShortWrite)}
	if err.Error() != "no room" || !errors.Is(err, po.DiskFull) || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
	if wrapped := fmt.Errorf("x: %w", err); po.CauseOf(wrapped) != po.DiskFull || po.DetailOf(wrapped) != "x: no room" {
		t.Errorf("%v: %v, %v", wrapped, po.CauseOf(wrapped), po.DetailOf(wrapped))
	}
	// Without a cause of its own it has that of what was underneath.
	if err := (&po.Error{Msg: "x", Err: po.Timeout}); po.CauseOf(err) != po.Timeout {
		t.Errorf("%v", po.CauseOf(err))
	}
	if err := (&po.Error{Msg: "x"}); po.CauseOf(err) != po.Internal || errors.Unwrap(err) != nil {
		t.Errorf("%v", po.CauseOf(err))
	}
}
