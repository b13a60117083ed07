package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// This file has a method for each effect that the ledger records: what is written, what
// follows from it on disk, and who is told.

func (d *dispatcher) claim(c actor.Context, e schedule.Claim) {
	ledger := d.cfg.Ledger
	var claim po.Claim
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) (err error) {
			claim, err = ledger.Claim(ctx, e.N, leaseTime)
			return err
		},
		done: func(now time.Time, _ error) []schedule.Effect { return d.scheduler.Claimed(e.N, claim, now) },
	})
}

// extend keeps leases. It does not stand in line: a slow disk must not cost them.
func (d *dispatcher) extend(c actor.Context, e schedule.Extend) {
	ledger := d.cfg.Ledger
	var fenced []string
	d.writer.addFirst(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error {
			var failed error
			for _, token := range e.Tokens {
				switch err := ledger.Extend(ctx, token, leaseTime); {
				case errors.Is(err, po.ErrFenced):
					fenced = append(fenced, token)
				case err != nil:
					failed = err
				}
			}
			return failed
		},
		done: func(now time.Time, _ error) []schedule.Effect { return d.scheduler.Fenced(fenced, now) },
	})
}

// assign gives an order to its worker when the ledger has who that is, unless something
// has come between.
func (d *dispatcher) assign(c actor.Context, e schedule.Assign) {
	ledger, token := d.cfg.Ledger, e.Lease.Token
	to := po.Assignment{Worker: e.Worker.Name, Profile: d.workers[e.Worker.Name].profile, Reason: e.Reason}
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error { return ledger.Assign(ctx, token, to) },
		done: func(now time.Time, err error) []schedule.Effect {
			if err != nil { // fenced
				return append(d.scheduler.Fenced([]string{token}, now), d.scheduler.Unassigned(e.Worker, now)...)
			}
			if !d.scheduler.IsReading(e.Worker, token) {
				return d.scheduler.Unassigned(e.Worker, now)
			}
			o := e.Lease.Order
			c.Send(d.peers.observer, messages.OrderStarted{
				Worker: e.Worker, Key: o.Key, RawNumber: o.RawNumber, Attempt: e.Lease.Attempt,
				ByBrowser: len(e.ByBrowser), Reason: e.Reason})
			c.Send(d.workers[e.Worker.Name].pid, messages.ReadOrder{
				Worker: e.Worker, Lease: e.Lease, ByBrowser: e.ByBrowser, Look: e.Look})
			return nil
		},
	})
}

// readPage has an order's page read when the ledger has that it is, unless something has come
// between.
func (d *dispatcher) readPage(c actor.Context, e schedule.ReadPage) {
	ledger, token := d.cfg.Ledger, e.Lease.Token
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error {
			return ledger.Assign(ctx, token, po.Assignment{Worker: po.PageReader})
		},
		done: func(now time.Time, err error) []schedule.Effect {
			switch {
			case err != nil: // fenced
				return append(d.scheduler.Fenced([]string{token}, now), d.scheduler.PageRead(messages.PageRead{Token: token}, now)...)
			case !d.scheduler.IsPaging(token):
				return d.scheduler.PageRead(messages.PageRead{Token: token}, now)
			}
			c.Send(d.peers.observer, messages.PageRequested{Key: e.Lease.Order.Key, RawNumber: e.Lease.Order.RawNumber})
			c.Send(d.peers.pageReader, messages.ReadPage{Token: token, Order: e.Lease.Order, Credentials: e.Credentials, Without: e.Without})
			return nil
		},
	})
}

// fetch gives an order to the fetcher when the ledger has where its files will be, so
// that the next start knows of every folder that this one may leave, unless something
// has come between.
func (d *dispatcher) fetch(c actor.Context, e schedule.Fetch) {
	ledger, files, saved := d.cfg.Ledger, d.cfg.Files, e.Job.Saved
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error {
			folder := files.Work(e.Job.Order, e.Job.Supplier, saved)
			if folder == saved.Folder {
				return nil // recorded already
			}
			return ledger.Save(ctx, e.Token, e.Job.Supplier, po.Saved{Folder: folder, Files: saved.Files})
		},
		done: func(now time.Time, err error) []schedule.Effect {
			if err != nil { // fenced
				return d.scheduler.Fenced([]string{e.Token}, now)
			}
			if !d.scheduler.IsFetching(e.Token) {
				return d.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, now)
			}
			c.Send(d.peers.fetcher, messages.FetchFiles{Token: e.Token, Job: e.Job})
			return nil
		},
	})
}

func (d *dispatcher) save(c actor.Context, e schedule.Save) {
	ledger := d.cfg.Ledger
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error { return ledger.Save(ctx, e.Token, e.Supplier, e.Saved) },
	})
}

// settle records an outcome and then gives the folder its final name: a crash in between
// leaves a work folder that the next start finishes, never a final folder that nobody
// vouches for.
func (d *dispatcher) settle(c actor.Context, e schedule.Settle) {
	ledger, files, outcome := d.cfg.Ledger, d.cfg.Files, e.Outcome
	outcome.Folder = files.Final(e.Order, outcome.Supplier, e.Saved, outcome.Status)
	outcome.Time = time.Now()
	lost := outcome.Folder == "" && len(outcome.Files) > 0 // files without a folder go
	if lost {
		outcome.Files = nil
	}
	told := outcome
	told.Result = nil // it may be large, and is in the ledger
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error {
			if lost {
				if err := ledger.Save(ctx, e.Token, outcome.Supplier, po.Saved{}); err != nil {
					return err
				}
			}
			return ledger.Settle(ctx, e.Token, outcome)
		},
		finish: func(ctx context.Context) error {
			if err := files.Finish(ctx, e.Saved, outcome.Folder); err != nil {
				return fmt.Errorf("finish folder of order %s: %w", outcome.Key, err)
			}
			return nil
		},
		done: func(now time.Time, err error) []schedule.Effect {
			if err == nil {
				d.counts[outcome.Status]++
				c.Send(d.peers.observer, messages.OrderSettled{
					Outcome: told, Worker: e.Worker, Took: messages.Duration(now.Sub(e.Started))})
			}
			return d.scheduler.Recorded(e.Token, err == nil, now)
		},
	})
}

func (d *dispatcher) retry(c actor.Context, e schedule.Retry) {
	ledger := d.cfg.Ledger
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error { return ledger.Retry(ctx, e.Token, e.Failure, e.After) },
		done: func(now time.Time, _ error) []schedule.Effect {
			c.Send(d.peers.observer, messages.OrderRetried{Key: e.Order.Key, RawNumber: e.Order.RawNumber,
				Attempt: e.Attempt, Worker: e.Worker, Failure: e.Failure, After: messages.Duration(e.After)})
			return d.scheduler.Recorded(e.Token, false, now)
		},
	})
}

func (d *dispatcher) release(c actor.Context, e schedule.Release) {
	ledger := d.cfg.Ledger
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) error { return ledger.Release(ctx, e.Token, e.Failure) },
		done: func(now time.Time, _ error) []schedule.Effect {
			c.Send(d.peers.observer, messages.OrderReleased{
				Key: e.Order.Key, RawNumber: e.Order.RawNumber, Cause: e.Failure.Cause, Detail: e.Failure.Detail})
			return d.scheduler.Recorded(e.Token, false, now)
		},
	})
}

// reopen opens orders again, and removes the empty folders of their outcomes: those names
// say what is not known.
func (d *dispatcher) reopen(c actor.Context, e schedule.Reopen) {
	ledger, files := d.cfg.Ledger, d.cfg.Files
	var opened []po.Outcome // no longer count
	d.writer.add(c, ledgerWrite{
		effect: e,
		record: func(ctx context.Context) (err error) {
			opened, err = ledger.Reopen(ctx, e.Keys)
			return err
		},
		finish: func(ctx context.Context) error {
			for _, o := range opened {
				if o.Folder == "" {
					continue
				}
				if err := files.Finish(ctx, po.Saved{Folder: o.Folder}, ""); err != nil {
					return fmt.Errorf("clear folder of order %s: %w", o.Key, err)
				}
			}
			return nil
		},
		done: func(now time.Time, _ error) []schedule.Effect {
			for _, o := range opened {
				d.counts[o.Status]--
			}
			if len(opened) > 0 {
				c.Send(d.peers.observer, messages.OrdersReopened{Outcomes: opened, Reason: e.Reason})
			}
			return d.scheduler.Reopened(len(opened), now)
		},
	})
}
