package schedule

import (
	"fmt"
	"time"

	"github.com/poactor/poactor/po"
)

// When a worker that seems alive is taken for ill.
const (
	instantFailure = 100 * time.Millisecond // no page is read and found wrong so soon
	instantInRow   = 3
	alikeInRow     = 5 // failures with one cause, while others read as many pages
)

// health is what is known of one incarnation of a worker by its work: whether it
// finishes orders. That its process lives says nothing: elsewhere a dead browser
// kept its heartbeat and burnt fifty orders.
type health struct {
	instant int      // failures in a row that came at once
	alike   int      // failures in a row with the same cause
	cause   po.Cause // of those
	others  int      // pages that the other workers had read well when alike began
}

// note takes a reading; others is how many pages the other workers have read
// well so far. It says why the worker is ill: empty if it is not.
func (h *health) note(f po.ReadFailure, took time.Duration, others int) string {
	if !ownFault(f.Cause) {
		*h = health{}
		return ""
	}
	if took < instantFailure && !f.Answered {
		h.instant++
	} else {
		h.instant = 0
	}
	if f.Cause != h.cause {
		h.cause, h.alike, h.others = f.Cause, 0, others
	}
	h.alike++
	switch {
	case h.instant >= instantInRow:
		return fmt.Sprintf("%d orders in a row failed at once (%s)", h.instant, f.Cause)
	case h.alike >= alikeInRow && others-h.others >= alikeInRow:
		return fmt.Sprintf("%d orders in a row failed alike (%s), while others were read", h.alike, f.Cause)
	}
	return ""
}

// ownFault says whether a failure could be the worker's rather than the
// portal's: nothing can be said against one that the portal turns away.
func ownFault(cause po.Cause) bool {
	switch cause {
	case po.Internal, po.UnrecognisedPage, po.Timeout, po.PortalError:
		return true
	}
	return false
}
