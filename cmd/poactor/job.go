package main

import (
	"iter"
	"sync"
	"time"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// job is one batch on its way into one output directory: what is known before
// any browser opens.
type job struct {
	settings config.Settings
	portal   portal.Portal
	dir      string  // the output directory
	out      *output // nil for a dry run
	batch    *batch.Batch
	plan     *batch.Plan
	results  *results
	todo     int // orders to work on in this start
	later    int // orders left for another by --limit
	invalid  int // malformed numbers

	mu      sync.Mutex
	written map[po.Key]string // numbers as the batch has them, of the orders under way

	cleanup []func()
}

func (j *job) close() {
	for _, f := range j.cleanup {
		f()
	}
}

// count says what is to do, after what is settled already.
func (j *job) count() error {
	for order, err := range j.plan.All() {
		switch {
		case err != nil:
			return err
		case j.isSettled(order.Key):
		case j.settings.Limit > 0 && j.todo == j.settings.Limit:
			j.later++
		default:
			j.todo++
		}
	}
	for _, err := range j.plan.Invalid() {
		if err != nil {
			return err
		}
		j.invalid++
	}
	return nil
}

func (j *job) isSettled(key po.Key) bool {
	o, ok := j.results.get(key)
	// Files that no record vouches for, say since manifest.csv is gone, are
	// looked for once more.
	return ok && o.Status.Settled() && (o.Status != po.Completed || len(o.Files) == o.Found)
}

// orders yields the orders to work on, each with what an earlier start left of
// it. fail receives an error that ends them early.
func (j *job) orders(fail func(error)) iter.Seq[po.Order] {
	return func(yield func(po.Order) bool) {
		n := 0
		for order, err := range j.plan.All() {
			if err != nil {
				fail(err)
				return
			}
			if n == j.todo {
				return
			}
			if j.isSettled(order.Key) {
				continue
			}
			n++
			if order.Kept, err = j.results.recall(order.Key); err != nil {
				fail(outFailure(err))
				return
			}
			j.name(order.Key, order.Written)
			if !yield(order) {
				return
			}
		}
	}
}

// refuse settles the malformed numbers: no browser is asked.
func (j *job) refuse(show func(any)) error {
	for row, err := range j.plan.Invalid() {
		if err != nil {
			return err
		}
		o := po.Outcome{Key: row.Order.Key, Status: po.Failed, Cause: po.InvalidNumber, Time: time.Now()}
		o.Detail = words(row.Err)
		j.results.put(o)
		j.name(o.Key, row.Order.Written)
		show(messages.OrderSettled{Outcome: o})
		j.forget(o.Key)
	}
	return nil
}

// counts says how all orders of the batch stand.
func (j *job) counts() (counts map[po.Status]int, open int, err error) {
	counts = map[po.Status]int{}
	for order, err := range j.plan.All() {
		if err != nil {
			return nil, 0, err
		}
		if o, ok := j.results.settledNow(order.Key); ok {
			counts[o.Status]++
		} else {
			open++
		}
	}
	for row, err := range j.plan.Invalid() {
		if err != nil {
			return nil, 0, err
		}
		if o, ok := j.results.settledNow(row.Order.Key); ok {
			counts[o.Status]++
		}
	}
	return counts, open, nil
}

// name and forget hold the written numbers of the orders under way, so that a
// large batch is not held in memory for its names.
func (j *job) name(key po.Key, written string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.written[key] = written
}

func (j *job) forget(key po.Key) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.written, key)
}

// nameOf is the number of an order under way as the batch has it.
func (j *job) nameOf(key po.Key) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if written, ok := j.written[key]; ok {
		return written
	}
	return string(key)
}
