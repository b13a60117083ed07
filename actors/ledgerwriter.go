package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/po"
)

// ledgerWriter does the dispatcher's writing, which may block on a disk: one job at a
// time, each with everything that was asked for since the last. Writes happen in the
// order in which they were asked for.
type ledgerWriter struct {
	ledger  Ledger
	pending []ledgerWrite
	job     *job
}

// ledgerWrite is one effect to be recorded. record and finish run on the job's
// goroutine: they touch only what does not change, and variables of their own, which
// done may read.
type ledgerWrite struct {
	effect schedule.Effect
	record func(ctx context.Context) error // within a commit
	finish func(ctx context.Context) error // after it, if it was not fenced; nil: nothing
	// done says in the dispatcher what follows; nil: nothing. err is nil or po.ErrFenced.
	done func(now time.Time, err error) []schedule.Effect
}

// writeResult is what came of one write.
type writeResult struct {
	write ledgerWrite
	err   error
}

// batchResult is what came of a batch.
type batchResult struct {
	results []writeResult
	err     error // of the commit: nothing of the batch is recorded
}

// add asks for a write.
func (l *ledgerWriter) add(c actor.Context, w ledgerWrite) {
	l.pending = append(l.pending, w)
	l.start(c)
}

// addFirst asks for a write that does not stand in line.
func (l *ledgerWriter) addFirst(c actor.Context, w ledgerWrite) {
	l.pending = slices.Insert(l.pending, 0, w)
	l.start(c)
}

// start begins a job if none is under way.
func (l *ledgerWriter) start(c actor.Context) {
	if l.job != nil || len(l.pending) == 0 {
		return
	}
	batch := l.pending
	l.pending = nil
	l.job = startJob(c, func(ctx context.Context) any { return writeBatch(ctx, l.ledger, batch) })
}

// writeBatch writes a batch as one commit, then does what follows from each of its
// writes.
func writeBatch(ctx context.Context, ledger Ledger, batch []ledgerWrite) batchResult {
	results := make([]writeResult, len(batch))
	err := ledger.Commit(ctx, func(ctx context.Context) error {
		for i, w := range batch {
			err := w.record(ctx)
			if err != nil && !errors.Is(err, po.ErrFenced) {
				return err
			}
			results[i] = writeResult{w, err}
		}
		return nil
	})
	for i, w := range batch {
		switch {
		case err != nil: // nothing of it is recorded
			results[i] = writeResult{w, err}
		case results[i].err == nil && w.finish != nil:
			results[i].err = w.finish(ctx)
		}
	}
	return batchResult{results, err}
}

// ended takes a job's answer and begins the next job. Where nothing of a batch could be
// recorded, what was asked for since is not written either: it builds on that, like an
// outcome on the files that were saved before it.
func (l *ledgerWriter) ended(c actor.Context, m jobEnded) []writeResult {
	if l.job == nil || m.number != l.job.number {
		return nil
	}
	l.job = nil
	if m.crash != nil {
		panic(m.crash)
	}
	b := m.answer.(batchResult)
	if b.err != nil {
		for _, w := range l.pending {
			b.results = append(b.results, writeResult{w, b.err})
		}
		l.pending = nil
	}
	l.start(c)
	return b.results
}

// stop breaks the writing off at the end of the dispatcher.
func (l *ledgerWriter) stop() {
	if l.job != nil {
		l.job.cancel()
		l.job.wait(releaseTimeout)
	}
}
