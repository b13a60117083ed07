package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/po"
)

// clerk does the dispatcher's writing, which may block on a disk: one job at a
// time, each with everything that was asked for since the last. Writes happen
// in the order in which they were asked for.
type clerk struct {
	ledger  Ledger
	files   Files
	ttl     time.Duration
	pending []any // effects
	job     *job
}

// noted is one answer of the clerk: the effect and what came of it.
type noted struct {
	effect any
	claim  po.Claim     // of a schedule.Claim
	fenced []string     // of a schedule.Extend: tokens that are no longer held
	opened []po.Outcome // of a schedule.Reopen: what no longer counts
	err    error
}

// add asks for an effect to be written. What keeps the leases does not stand in
// line: a slow disk must not cost them.
func (k *clerk) add(c actor.Context, effect any) {
	if _, ok := effect.(schedule.Extend); ok {
		k.pending = slices.Insert(k.pending, 0, effect)
	} else {
		k.pending = append(k.pending, effect)
	}
	k.start(c)
}

// start begins a job if none is under way.
func (k *clerk) start(c actor.Context) {
	if k.job != nil || len(k.pending) == 0 {
		return
	}
	batch := k.pending
	k.pending = nil
	k.job = startJob(c, func(ctx context.Context) any { return k.work(ctx, batch) })
}

// written is what came of a batch.
type written struct {
	answers []noted
	err     error // of the commit: nothing of the batch is recorded
}

// work writes a batch as one commit, then gives the folders of what was settled
// their final names. It runs on the job's goroutine and touches only what does
// not change.
func (k *clerk) work(ctx context.Context, batch []any) written {
	answers := make([]noted, len(batch))
	err := k.ledger.Commit(ctx, func(ctx context.Context) error {
		for i, e := range batch {
			answers[i] = k.write(ctx, e)
			if err := answers[i].err; err != nil && !errors.Is(err, po.ErrFenced) {
				return err
			}
		}
		return nil
	})
	for i, e := range batch {
		if err != nil { // nothing of it is recorded
			answers[i] = noted{effect: e, err: err}
		} else if s, ok := e.(schedule.Settle); ok && answers[i].err == nil {
			answers[i].err = k.finish(ctx, s)
		} else if _, ok := e.(schedule.Reopen); ok && answers[i].err == nil {
			answers[i].err = k.clear(ctx, answers[i].opened)
		}
	}
	return written{answers, err}
}

// ended takes a job's answers and begins the next job. Where nothing of a batch
// could be recorded, what was asked for since is not written either: it builds
// on that, like an outcome on the files that were saved before it.
func (k *clerk) ended(c actor.Context, m jobEnded) []noted {
	if k.job == nil || m.number != k.job.number {
		return nil
	}
	k.job = nil
	if m.crash != nil {
		panic(m.crash)
	}
	w := m.answer.(written)
	if w.err != nil {
		for _, e := range k.pending {
			w.answers = append(w.answers, noted{effect: e, err: w.err})
		}
		k.pending = nil
	}
	k.start(c)
	return w.answers
}

// write carries one effect out, within a commit.
func (k *clerk) write(ctx context.Context, effect any) noted {
	n := noted{effect: effect}
	switch e := effect.(type) {
	case schedule.Claim:
		n.claim, n.err = k.ledger.Claim(ctx, e.N, k.ttl)
	case schedule.Save:
		n.err = k.ledger.Save(ctx, e.Token, e.Supplier, e.Kept)
	case schedule.Settle:
		n.err = k.ledger.Settle(ctx, e.Token, e.Outcome)
	case schedule.Assign:
		n.err = k.ledger.Assign(ctx, e.Lease.Token, po.Assignment{Worker: e.Worker.Name, Profile: e.Profile})
	case schedule.Fetch:
		n.err = k.prepare(ctx, e)
	case schedule.Retry:
		n.err = k.ledger.Retry(ctx, e.Token, e.Failure, e.After)
	case schedule.Release:
		n.err = k.ledger.Release(ctx, e.Token, e.Failure)
	case schedule.Reopen:
		n.opened, n.err = k.ledger.Reopen(ctx, e.Keys)
	case schedule.Extend:
		for _, token := range e.Tokens {
			switch err := k.ledger.Extend(ctx, token, k.ttl); {
			case errors.Is(err, po.ErrFenced):
				n.fenced = append(n.fenced, token)
			case err != nil:
				n.err = err
			}
		}
	}
	return n
}

// prepare records the folder of an order before anything makes it, so that the
// next start knows of every folder that this one may leave.
func (k *clerk) prepare(ctx context.Context, e schedule.Fetch) error {
	folder := k.files.Work(e.Job.Order, e.Job.Supplier, e.Job.Kept)
	if folder == e.Job.Kept.Folder {
		return nil // recorded already
	}
	return k.ledger.Save(ctx, e.Token, e.Job.Supplier, po.Kept{Folder: folder, Files: e.Job.Kept.Files})
}

// finish gives a folder its final name when the outcome is recorded: a crash in
// between leaves a work folder that the next start finishes, never a final
// folder that nobody vouches for.
func (k *clerk) finish(ctx context.Context, e schedule.Settle) error {
	if err := k.files.Finish(ctx, e.Kept, e.Outcome.Folder); err != nil {
		return fmt.Errorf("finish folder of order %s: %w", e.Outcome.Key, err)
	}
	return nil
}

// clear removes the empty folders of outcomes that no longer count: their names say
// what is not known.
func (k *clerk) clear(ctx context.Context, opened []po.Outcome) error {
	for _, o := range opened {
		if o.Folder == "" {
			continue
		}
		if err := k.files.Finish(ctx, po.Kept{Folder: o.Folder}, ""); err != nil {
			return fmt.Errorf("clear folder of order %s: %w", o.Key, err)
		}
	}
	return nil
}

// stop breaks the writing off at the end of the dispatcher.
func (k *clerk) stop() {
	if k.job != nil {
		k.job.cancel()
		k.job.wait(releaseTimeout)
	}
}
