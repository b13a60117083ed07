package poactor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/po"
)

// idleBrowsers open sessions without any process, whose pages do nothing.
type idleBrowsers struct{ opened atomic.Int64 }

func (b *idleBrowsers) Open(context.Context) (actors.Session, error) {
	return &idleSession{name: fmt.Sprint("idle-", b.opened.Add(1)), done: make(chan struct{})}, nil
}

type idleSession struct {
	actors.Session
	name string
	once sync.Once
	done chan struct{}
}

func (s *idleSession) Profile() string       { return s.name }
func (s *idleSession) Memory() int64         { return 0 }
func (s *idleSession) Done() <-chan struct{} { return s.done }
func (s *idleSession) Close() error          { s.once.Do(func() { close(s.done) }); return nil }
func (s *idleSession) OpenPage(context.Context, po.Order) (LentPage, error) {
	return idlePage{}, nil
}

type idlePage struct{ Page }

func (idlePage) Close(error) ([]po.Attachment, po.Trace) { return nil, po.Trace{} }

func idleConfig(t *testing.T) Config {
	return Config{Out: t.TempDir(), Workers: 2, Attempts: 2, Browsers: &idleBrowsers{}, AllowedHosts: []string{"example.com"}}
}

// oddWork is a kind of work for the task "odd"; all others are done.
func oddWork(odd func() (any, error)) func(context.Context, Page, Task[int]) (any, error) {
	return func(_ context.Context, _ Page, task Task[int]) (any, error) {
		if task.Key != "odd" {
			return "done", nil
		}
		return odd()
	}
}

// Whatever work ends with, its task ends, says why, and the others are done.
func TestOddEndsOfWork(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		odd   func() (any, error)
		calls int32
		cause po.Cause
		says  string
	}{
		"panic":          {func() (any, error) { panic("boo") }, 3, po.Quarantined, "boo"},
		"Goexit":         {func() (any, error) { runtime.Goexit(); return nil, nil }, 3, po.Quarantined, "runtime.Goexit"},
		"interrupted":    {func() (any, error) { return nil, fmt.Errorf("mine: %w", po.Interrupted) }, 2, po.TaskFailed, "mine"},
		"profile failed": {func() (any, error) { return nil, fmt.Errorf("mine: %w", po.ProfileFailed) }, 2, po.TaskFailed, "mine"},
		"no such cause":  {func() (any, error) { return nil, fmt.Errorf("mine: %w", po.Cause("odd")) }, 2, po.TaskFailed, "mine"},
		"give up nil":    {func() (any, error) { return "x", GiveUp(nil) }, 1, "", ""},
		"retry nil":      {func() (any, error) { return "x", RetryAfter(0, nil) }, 1, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			work := oddWork(func() (any, error) {
				if calls.Add(1) > 10 { // it would never end
					cancel()
				}
				return test.odd()
			})
			got := map[string]error{}
			for r, err := range RunTasks(ctx, idleConfig(t), taskList("odd", "other"), work) {
				if err != nil {
					t.Fatal(err)
				}
				got[r.Key] = r.Err
			}
			if len(got) != 2 || got["other"] != nil {
				t.Errorf("ended with %v", got)
			}
			err := got["odd"]
			if (err == nil) != (test.cause == "") || err != nil && (po.CauseOf(err) != test.cause || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("odd ended with %v (%s)", err, po.CauseOf(err))
			}
			if n := calls.Load(); n != test.calls {
				t.Errorf("it was tried %d times", n)
			}
		})
	}
}

// A program that asks at the wrong time gets an error.
func TestTasksUsedWrong(t *testing.T) {
	t.Parallel()
	only := func(name string, results func(func(TaskResult[int, any], error) bool), want error) {
		t.Helper()
		var last error
		n := 0
		for _, err := range results {
			n, last = n+1, err
		}
		if n != 1 || last == nil || want != nil && !errors.Is(last, want) {
			t.Errorf("%s: %d results, the last with %v", name, n, last)
		}
		if _, ok := errors.AsType[*po.Error](last); !ok {
			t.Errorf("%s: %v is no *po.Error", name, last)
		}
	}
	done := oddWork(nil)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	only("context that has ended", RunTasks(over, idleConfig(t), taskList("a"), done), po.Interrupted)
	only("context that has ended", RunTasks(over, idleConfig(t), taskList("a"), done), context.Canceled)
	only("no work", RunTasks[int, any](t.Context(), idleConfig(t), taskList("a"), nil), ErrConfig)
	only("no tasks", RunTasks(t.Context(), idleConfig(t), nil, done), ErrConfig)
	broken := errors.New("broken")
	only("a list that breaks", RunTasks(t.Context(), idleConfig(t), func(yield func(Task[int], error) bool) { yield(Task[int]{}, broken) }, done), broken)

	run, err := StartTasks(t.Context(), idleConfig(t), taskList("a"), done)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range run.Results() {
		if err != nil {
			t.Error(err)
		}
		if s := run.Summary(); s.Counts != nil {
			t.Errorf("a summary of a run that goes on: %+v", s)
		}
	}
	if s := run.Summary(); s.Counts[po.Completed] != 1 || s.Took == 0 {
		t.Errorf("%+v", s)
	}
	only("once more", run.Results(), ErrConfig)
	if run, err = StartTasks(t.Context(), idleConfig(t), taskList("a"), done); err != nil {
		t.Fatal(err)
	}
	if _, err := run.handle.Wait(); err != nil { // as where the run has ended before they are ranged over
		t.Error(err)
	}
	only("of a closed record", run.Results(), nil)
}
