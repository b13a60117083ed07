package poactor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// taskWork is a program's own work, with data and result as JSON.
type taskWork func(ctx context.Context, page Page, task po.Order) (json.RawMessage, error)

// does makes browsers do what the run is for.
func (c Config) does(b actors.Browsers) actors.Browsers {
	if c.work == nil {
		return b
	}
	return c.work(b)
}

// layout says what the folders of the run are called.
func (c Config) layout() outdir.Layout {
	if c.work != nil {
		return outdir.Tasks
	}
	return outdir.Orders
}

// layoutOf says what the folders of a record are called.
func layoutOf(ctx context.Context, record *ledger.Disk) (outdir.Layout, error) {
	tasks, err := record.Tasks(ctx)
	if tasks {
		return outdir.Tasks, err
	}
	return outdir.Orders, err
}

// workBrowsers are browsers whose sessions do a program's own work on each task.
type workBrowsers struct {
	actors.Browsers
	work   taskWork
	portal string // host of the portal's; empty: there is none
}

// Open implements actors.Browsers.
func (b workBrowsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.Browsers.Open(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := s.(PageSession)
	if !ok {
		_ = s.Close()
		return nil, fmt.Errorf("a %T has no page to lend (poactor.PageSession)", s)
	}
	return workSession{p, b}, nil
}

// workSession is a session that does the work.
type workSession struct {
	PageSession
	browsers workBrowsers
}

// errPanicked ends the loan of a page whose work has panicked.
var errPanicked = &po.Error{Cause: po.Internal, Msg: "the work has panicked"}

// Read implements actors.Session: it does the work on one task.
func (s workSession) Read(ctx context.Context, task po.Order, _ []string) (po.Reading, error) {
	lent, err := s.OpenPage(ctx, task)
	if err != nil {
		return po.Reading{}, s.failure(ctx, err, nil)
	}
	page := supervise(ctx, lent)
	returned := false
	defer func() {
		if !returned { // it panics, which the worker's supervisor sees to
			page.close(errPanicked)
		}
	}()
	result, err := s.browsers.work(page.ctx, page, task)
	returned = true
	if err != nil {
		failure := s.failure(ctx, err, page.lastDied())
		_, failure.Trace = page.close(failure)
		return po.Reading{}, failure
	}
	files, trace := page.close(nil)
	return po.Reading{Sign: po.SignDone, Result: result, Attachments: files, Trace: trace}, nil
}

// failure is why the work on a task has come to nothing.
func (s workSession) failure(ctx context.Context, err, died error) *po.ReadFailure {
	select {
	case <-s.Done():
		if died == nil {
			died = &po.Error{Cause: po.BrowserDied, Msg: "the browser's process ended"}
		}
	default:
	}
	switch ended := context.Cause(ctx); {
	case died != nil: // whatever the work makes of that
		return &po.ReadFailure{Cause: po.CauseOf(died), Detail: po.DetailOf(died)}
	case ended != nil && !errors.Is(ended, context.DeadlineExceeded):
		return &po.ReadFailure{Cause: po.Interrupted, Detail: po.DetailOf(attemptError(ended)), Answered: true}
	case ended != nil:
		err = attemptError(ended)
	case errors.Is(err, context.DeadlineExceeded) && causeOfWork(err) == po.TaskFailed:
		err = fmt.Errorf("%w: %w", po.Timeout, err)
	}
	f := po.ReadFailure{}
	if of, ok := errors.AsType[*po.ReadFailure](err); ok && of.Cause == causeOfWork(err) {
		f = *of
	}
	f.Cause, f.Detail = causeOfWork(err), po.Clip(po.DetailOf(err), maxDetail)
	if v, ok := errors.AsType[*verdictError](err); ok {
		f.Final, f.After = f.Final || v.final, max(f.After, v.after)
	}
	if u, err := url.Parse(f.URL); err != nil || s.browsers.portal == "" || u.Host != s.browsers.portal {
		// It says nothing of the portal.
		f.Unreachable, f.Status, f.Answered = false, 0, true
	}
	return &f
}

// maxDetail is how much of an error is kept, in bytes.
const maxDetail = 2000

// causeOfWork is the cause of an error that work has returned. That an attempt was called
// off, or has found no profile, is not the work's to say: it would be made again at once,
// and for ever.
func causeOfWork(err error) po.Cause {
	c, ok := errors.AsType[po.Cause](err)
	if !ok || c == po.Interrupted || c == po.ProfileFailed || !slices.Contains(po.Causes(), c) {
		return po.TaskFailed
	}
	return c
}

// Look implements actors.Session. Of a task there is nothing to look at once more.
func (s workSession) Look(context.Context, po.Order, po.Failure) (po.Reading, error) {
	return po.Reading{}, &po.ReadFailure{Cause: po.Internal, Detail: "a task has no page to look at"}
}

// InjectFault implements faulty.Session.
func (s workSession) InjectFault(ctx context.Context, k fault.Kind) error {
	if f, ok := s.PageSession.(faulty.Session); ok {
		return f.InjectFault(ctx, k)
	}
	return errors.ErrUnsupported
}

// Process is the number of the browser's main process; 0: it is none of ours.
func (s workSession) Process() int {
	if p, ok := s.PageSession.(interface{ Process() int }); ok {
		return p.Process()
	}
	return 0
}

// verdictError says what is to become of a task whose work has failed.
type verdictError struct {
	err   error
	final bool
	after time.Duration
}

func (e *verdictError) Error() string { return e.err.Error() }
func (e *verdictError) Unwrap() error { return e.err }

// GiveUp makes err one that no other attempt would mend: work that returns it ends its task as
// FAILED, at once. The task's cause is the po.Cause that err wraps, else po.TaskFailed. No
// error stays none.
func GiveUp(err error) error {
	if err == nil {
		return nil
	}
	return &verdictError{err: err, final: true}
}

// RetryAfter makes err one that may pass, but not before a while, 15 minutes at most: work
// that returns it has its task tried again then, as long as there are attempts left; other
// tasks go on meanwhile. The cause is as of GiveUp. No error stays none.
func RetryAfter(wait time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &verdictError{err: err, after: wait}
}
