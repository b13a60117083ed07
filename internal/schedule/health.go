package schedule

import (
	"fmt"
	"time"

	"github.com/poactor/poactor/po"
)

// When a worker that seems alive is taken for unhealthy.
const (
	instantFailure    = 100 * time.Millisecond // no page is read and found wrong so soon
	maxInstantInRow   = 3
	maxSameCauseInRow = 5 // while others read as many pages
)

// health is what is known of one incarnation of a worker by its work: whether it
// finishes orders. That its process lives says nothing: a dead browser may answer
// heartbeats for as long as there are orders to fail.
type health struct {
	instant   int      // failures in a row that came at once
	sameCause int      // failures in a row with the same cause
	cause     po.Cause // of those
	others    int      // pages that the other workers had read well when those began
}

// record takes a reading; others is how many pages the other workers have read well so
// far. It says why the worker is unhealthy: empty if it is not.
func (h *health) record(f po.ReadFailure, took time.Duration, others int) string {
	if !couldBeWorker(f.Cause) {
		*h = health{}
		return ""
	}
	if took < instantFailure && !f.Answered {
		h.instant++
	} else {
		h.instant = 0
	}
	if f.Cause != h.cause {
		h.cause, h.sameCause, h.others = f.Cause, 0, others
	}
	h.sameCause++
	switch {
	case h.instant >= maxInstantInRow:
		return fmt.Sprintf("%d orders in a row failed at once (%s)", h.instant, f.Cause)
	case h.sameCause >= maxSameCauseInRow && others-h.others >= maxSameCauseInRow:
		return fmt.Sprintf("%d orders in a row failed alike (%s), while others were read", h.sameCause, f.Cause)
	}
	return ""
}

// couldBeWorker says whether a failure could be the worker's rather than the portal's:
// nothing can be said against one that the portal turns away.
func couldBeWorker(cause po.Cause) bool {
	switch cause {
	case po.Internal, po.UnrecognisedPage, po.Timeout, po.PortalError:
		return true
	}
	return false
}
