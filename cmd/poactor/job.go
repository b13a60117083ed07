package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
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

// openJob reads and checks everything that can be without a browser. A dry run
// leaves the output directory alone.
func (a *app) openJob(s config.Settings, path string) (*job, error) {
	j := &job{settings: s, written: map[po.Key]string{}}
	if err := a.open(j, path); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (a *app) open(j *job, path string) (err error) {
	if j.portal, err = runPortal(j.settings); err != nil {
		return err
	}
	if j.dir, err = outFor(path, j.settings.Out); err != nil {
		return err
	}
	if err := errors.Join(checkOut(j.dir), checkProfile(j.settings.Profile)); err != nil {
		return err
	}
	if path == "-" {
		err = j.openStdin(a.stdin)
	} else {
		err = j.openBatch(path)
	}
	if err != nil {
		return err
	}
	return a.prepare(j)
}

// checkProfile says what is wrong with a profile to copy, before the batch is
// read.
func checkProfile(dir string) error {
	if dir == "" {
		return nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return wrongUse("--profile takes the user data directory of a browser that is signed in", "profile %s is no directory", dir)
	}
	return nil
}

// prepare takes the output directory and merges what earlier starts left.
func (a *app) prepare(j *job) error {
	if !j.settings.Quiet {
		a.listBad(j.plan)
	}
	if err := j.hold(); err != nil {
		return err
	}
	parse, err := j.portal.Parser()
	if err != nil {
		return wrongUse("", "%v", err)
	}
	if j.results, err = loadResults(j.dir, parse); err != nil {
		return err
	}
	j.results.warn = a.warn
	return j.count()
}

func (j *job) openBatch(path string) error {
	parse, err := j.portal.Parser()
	if err != nil {
		return wrongUse("", "%v", err)
	}
	if j.batch, err = batch.Open(path, parse); err != nil {
		return err
	}
	j.plan, err = j.batch.Plan()
	return err
}

// hold takes the output directory for this run and a copy of the batch, which
// may be edited while the run goes on.
func (j *job) hold() error {
	if j.settings.DryRun {
		return nil
	}
	if j.out == nil {
		out, err := openOut(j.dir)
		if err != nil {
			return err
		}
		j.out = out
		j.cleanup = append(j.cleanup, out.close)
		if err := j.batch.Keep(out.state("batch.csv")); err != nil {
			return keepFailure(err)
		}
	}
	return nil
}

// stdinName is what a batch without a file is called.
const stdinName = "standard input"

// openStdin writes standard input to a file, which is then the batch: it is
// read more than once.
func (j *job) openStdin(in io.Reader) error {
	path, err := j.spoolPath()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return outFailure(err)
	}
	_, err = io.Copy(f, in)
	if err = errors.Join(err, f.Close()); err != nil {
		return outFailure(err)
	}
	err = j.openBatch(path)
	if e, ok := errors.AsType[*batch.Error](err); ok {
		e.Path = stdinName
	}
	return err
}

func (j *job) spoolPath() (string, error) {
	if j.settings.DryRun {
		dir, err := os.MkdirTemp("", "poactor-")
		if err != nil {
			return "", cannot("", "temporary directory: %v", err)
		}
		j.cleanup = append(j.cleanup, func() { _ = os.RemoveAll(dir) })
		return filepath.Join(dir, "batch.csv"), nil
	}
	out, err := openOut(j.dir)
	if err != nil {
		return "", err
	}
	j.out = out
	j.cleanup = append(j.cleanup, out.close)
	return out.state("batch.csv"), nil
}

func keepFailure(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(err)
	}
	return err
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
	return ok && o.Status.Settled()
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
			if o, ok := j.results.get(order.Key); ok {
				order.Kept = po.Kept{Folder: o.Folder, Files: o.Files}
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

// maxListed is how many bad rows are listed one by one.
const maxListed = 20

// listBad tells of the rows that need a look, before any browser opens.
func (a *app) listBad(p *batch.Plan) {
	for i, bad := range p.Bad {
		if i == maxListed {
			a.warn("and %d more bad rows", len(p.Bad)-maxListed)
			return
		}
		a.warn("line %d: %s", bad.Line, badRow(bad))
	}
}

func badRow(b batch.Bad) string {
	switch b.Why {
	case batch.Blank:
		return "no order number"
	case batch.Duplicate:
		return fmt.Sprintf("%s is in line %d already; the order is done once", b.Written, b.First)
	}
	return words(b.Err)
}

// words is what the portal says of a malformed number, without the cause,
// which is shown beside it.
func words(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), string(po.InvalidNumber)+": ")
}
