package schedule

import (
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// drain takes no more orders; those in hand are finished.
func (b *Scheduler) Drain(cause po.Cause, detail string, now time.Time) []any {
	if b.ending() {
		return b.next(now)
	}
	b.draining, b.detail = true, detail
	var fx []any
	for _, t := range slices.Clone(b.stock) {
		if !t.begun() {
			fx = append(fx, b.release(t, po.Failure{Cause: cause, Detail: detail})...)
		}
	}
	return append(fx, b.next(now)...)
}

// halt is stop from outside.
func (b *Scheduler) Stop(cause po.Cause, detail string, now time.Time) []any {
	return append(b.stop(cause, detail), b.next(now)...)
}

// stop puts back everything in hand. What is being fetched is cancelled, and
// goes back when the fetcher has answered, with the files it got. The first
// cause counts.
func (b *Scheduler) stop(cause po.Cause, detail string) []any {
	if b.stopped != "" {
		return nil
	}
	b.stopped, b.detail = cause, detail
	fx := []any{CancelFetch{}} // of all
	for _, t := range b.inHand() {
		if t.stage == waiting || t.stage == reading {
			fx = append(fx, b.release(t, b.putBack())...)
		}
	}
	return append(fx, b.doubtful(cause, detail)...)
}

// putBack is why orders go back that are in hand when the run stops. No browser has
// died with them in hand, even if the run stops for one.
func (b *Scheduler) putBack() po.Failure {
	if b.stopped.Deadly() {
		return po.Failure{Cause: po.Interrupted, Detail: b.detail}
	}
	return po.Failure{Cause: b.stopped, Detail: b.detail}
}

// broken says that a write failed, or that a folder could not get its name: a
// run that cannot keep its record must not go on. What the write was about is
// no longer in hand; the next start finds it.
func (b *Scheduler) WriteFailed(effect any, err error, now time.Time) []any {
	switch e := effect.(type) {
	case Claim:
		b.claiming = false
		b.open = max(b.open, 1) // not known to be done
	case Settle:
		delete(b.tasks, e.Token)
	case Retry:
		delete(b.tasks, e.Token)
	case Release:
		delete(b.tasks, e.Token)
	case Reopen:
		b.opening-- // the next start opens them
	}
	fx := b.Stop(po.CauseOf(err), po.DetailOf(err), now)
	switch e := effect.(type) { // nobody was told of them
	case Assign:
		fx = append(fx, b.Unassigned(e.Worker, now)...)
	case Fetch:
		fx = append(fx, b.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, now)...)
	}
	return fx
}

func (b *Scheduler) ending() bool { return b.draining || b.stopped != "" }

// over says that nothing is in hand and nothing more will be.
func (b *Scheduler) over() bool {
	return len(b.tasks) == 0 && !b.claiming && b.opening == 0 && (b.ending() || b.open == 0) && !b.unsure()
}

// cause says why the run ended with orders open; empty if none is.
func (b *Scheduler) Cause() po.Cause {
	if b.stopped == "" && b.draining && b.open > 0 {
		return po.Interrupted
	}
	return b.stopped
}
