package poactor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Bounds of what is recorded of a task, in bytes of JSON. Its key has po.MaxTaskKey.
const (
	MaxTaskData   = 1 << 20
	MaxTaskResult = 16 << 20
)

// Task is one piece of a program's own work.
type Task[T any] struct {
	// Key tells the task from the others, and is what a later start knows it by: keys may not
	// differ in case only. Its files lie in a folder that is called like it.
	Key string
	// Data is for the work. It is recorded as JSON. A task that is COMPLETED is not done again
	// where a later start has other data for its key.
	Data T
}

// TaskResult is what came of a task.
type TaskResult[T, R any] struct {
	Task[T]
	// Result is what the work has returned; the zero value if Err is not nil.
	Result R
	// Err is a *po.Error with a cause where the task is FAILED; nil: it is COMPLETED.
	Err error
	// Files are what the work has saved, whole, in Folder of the output directory, which is
	// empty where there are none.
	Files  []po.File
	Folder string
	// Attempts is how many counted, the last included.
	Attempts int
	// Earlier says that an earlier start has settled the task.
	Earlier bool
}

// Tasks makes a sequence of tasks what RunTasks takes.
func Tasks[T any](list iter.Seq[Task[T]]) iter.Seq2[Task[T], error] {
	return func(yield func(Task[T], error) bool) {
		for t := range list {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// RunTasks does a program's own work on tasks, each with a page of a supervised browser, and
// yields what comes of them as they are settled. Browsers, profiles, retries by cause,
// quarantine, pace, record and resume, events and clean-up are as for orders, and so is cfg,
// but that a Portal is not needed (see Config.AllowedHosts), and Batch and Fast are an error.
//
// The work gets a context that ends with its attempt (Config.TaskTimeout). What it returns
// is recorded as JSON before it is yielded; work that was cut off is done again, by the
// next start if need be: it should bear that. An error is retried as its cause says, see
// GiveUp and RetryAfter; a panic is a crash of the attempt's browser. A run into the same
// output directory goes on where the last has ended, whatever that was, and yields what is
// settled already, too, but for what is FAILED: that is tried anew.
//
// Whoever ranges over the results may take its time. When it stops, no more tasks are begun,
// those in hand are finished, and everything is closed. An error that is yielded is a
// *po.Error, and the last: the run could not begin or ended early. Beside the files, there are
// results.jsonl and SHA256SUMS in the output directory then, unless the record is in
// memory.
func RunTasks[T, R any](
	ctx context.Context, cfg Config, tasks iter.Seq2[Task[T], error],
	work func(ctx context.Context, page Page, task Task[T]) (R, error),
) iter.Seq2[TaskResult[T, R], error] {
	return func(yield func(TaskResult[T, R], error) bool) {
		run, err := StartTasks(ctx, cfg, tasks, work)
		if err != nil {
			yield(TaskResult[T, R]{}, err)
			return
		}
		run.Results()(yield)
	}
}

// StartTasks begins what RunTasks does. Its Results are to be ranged over.
func StartTasks[T, R any](
	ctx context.Context, cfg Config, tasks iter.Seq2[Task[T], error],
	work func(ctx context.Context, page Page, task Task[T]) (R, error),
) (*TaskRun[T, R], error) {
	if tasks == nil || work == nil {
		return nil, &po.Error{Msg: "tasks and work are needed: one of them is nil", Err: ErrConfig}
	}
	host := hostOfURL(cfg.Portal.BaseURL)
	run := &TaskRun[T, R]{ctx: ctx, settled: newSettledQueue(), mayReopen: host != "" || cfg.Session != nil}
	cfg.work = func(b actors.Browsers) actors.Browsers { return workBrowsers{b, asTaskWork(work), host} }
	tell := cfg.OnEvent
	cfg.OnEvent = func(event any) {
		if e, ok := event.(messages.OrderSettled); ok {
			run.settled.push(settledTask{e.Outcome.Key, e.Outcome.Status == po.Completed})
		}
		if tell != nil {
			tell(event)
		}
	}
	h, err := Start(ctx, cfg, asOrders(tasks))
	if err != nil {
		return nil, err
	}
	run.handle = h
	return run, nil
}

// portalOfTasks is what the pages of tasks may go to.
func (c Config) portalOfTasks() (portal.Portal, error) {
	if c.Portal.BaseURL == "" {
		return portal.OfHosts(c.AllowedHosts)
	}
	p := c.Portal
	p.AllowedHosts = append(append([]string{}, p.AllowedHosts...), c.AllowedHosts...)
	return p, nil
}

func hostOfURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// asOrders makes tasks what the record takes.
func asOrders[T any](tasks iter.Seq2[Task[T], error]) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for t, err := range tasks {
			var o po.Order
			if err == nil {
				o, err = asOrder(t)
			} else if _, ours := errors.AsType[*po.Error](err); !ours { // it is the list's, and no bug of poactor's
				err = &po.Error{Msg: "the list of tasks: " + err.Error(), Err: err}
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

func asOrder[T any](t Task[T]) (po.Order, error) {
	key, err := po.NewTaskKey(t.Key)
	if err != nil {
		return po.Order{}, &po.Error{Msg: err.Error(), Err: ErrConfig}
	}
	data, err := json.Marshal(t.Data)
	if err == nil && len(data) > MaxTaskData {
		err = fmt.Errorf("%d bytes as JSON are more than %d", len(data), MaxTaskData)
	}
	if err != nil {
		return po.Order{}, &po.Error{Msg: fmt.Sprintf("the data of task %s: %v", po.Clip(t.Key, 100), err), Err: ErrConfig}
	}
	return po.Order{Key: key, Number: t.Key, RawNumber: t.Key, Task: data}, nil
}

// asTaskWork makes a program's own work what the record has.
func asTaskWork[T, R any](work func(ctx context.Context, page Page, task Task[T]) (R, error)) taskWork {
	return func(ctx context.Context, page Page, o po.Order) (json.RawMessage, error) {
		task, err := fromOrder[T](o)
		if err != nil {
			return nil, GiveUp(err)
		}
		result, err := work(ctx, page, task)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(result)
		if err == nil && len(text) > MaxTaskResult {
			err = fmt.Errorf("%d bytes as JSON are more than %d", len(text), MaxTaskResult)
		}
		if err != nil {
			return nil, GiveUp(fmt.Errorf("what the work has returned: %w", err))
		}
		return text, nil
	}
}

func fromOrder[T any](o po.Order) (Task[T], error) {
	task := Task[T]{Key: o.Number}
	if err := json.Unmarshal(o.Task, &task.Data); err != nil {
		return task, fmt.Errorf("the recorded data of task %s: %w", po.Clip(o.Number, 100), err)
	}
	return task, nil
}

// TaskRun is a run of tasks under way. Its Results are to be ranged over, which is what ends
// it; the other methods may be called meanwhile, from any goroutine.
type TaskRun[T, R any] struct {
	handle  *Handle
	ctx     context.Context
	settled *settledQueue
	// mayReopen says that a task that is FAILED may be opened again before the run ends: a lost
	// session may have faked that, or a portal that refuses everybody.
	mayReopen bool
	ranged    atomic.Bool
	summary   atomic.Pointer[Summary] // nil until the run is over
}

// Pause begins no more tasks until Resume; those in hand are finished, as of Handle.Pause.
func (r *TaskRun[T, R]) Pause() { r.handle.Pause() }

// Resume ends a pause.
func (r *TaskRun[T, R]) Resume() { r.handle.Resume() }

// SetWorkers changes how many workers the run is to have, as Handle.SetWorkers.
func (r *TaskRun[T, R]) SetWorkers(n int) { r.handle.SetWorkers(n) }

// Drain begins no more tasks; those in hand are finished, and their results are yielded. The
// run's error is po.Interrupted then, if any tasks are left.
func (r *TaskRun[T, R]) Drain() { r.handle.Drain() }

// Summary says how the run ended. It is there when nobody ranges over the results any more,
// since everything is closed then; until that it is the zero value.
func (r *TaskRun[T, R]) Summary() Summary {
	if s := r.summary.Load(); s != nil {
		return *s
	}
	return Summary{}
}

// Results yields what comes of the tasks, as RunTasks does: once, to one that ranges over it.
func (r *TaskRun[T, R]) Results() iter.Seq2[TaskResult[T, R], error] {
	return func(yield func(TaskResult[T, R], error) bool) {
		if r.ranged.Swap(true) {
			yield(TaskResult[T, R]{}, &po.Error{Msg: "the results of this run were ranged over already", Err: ErrConfig})
			return
		}
		all := false
		defer func() {
			if !all { // no more are wanted, or who ranges over them panics
				r.Drain()
				_ = r.wait()
			}
		}()
		if all = r.yield(yield); !all {
			return
		}
		if err := r.wait(); err != nil {
			yield(TaskResult[T, R]{}, err)
		}
	}
}

// wait waits until everything of the run is closed.
func (r *TaskRun[T, R]) wait() error {
	summary, err := r.handle.Wait()
	r.summary.Store(&summary)
	return err
}

// yield yields results until the run has ended, and reports whether it came to that.
func (r *TaskRun[T, R]) yield(yield func(TaskResult[T, R], error) bool) (all bool) {
	select { // what is found missing is not told as settled
	case <-r.handle.audited:
	case <-r.handle.ended:
	}
	ctx := context.WithoutCancel(r.ctx)
	if r.handle.output.ledger != nil {
		for t, err := range r.handle.output.ledger.EarlierTasks(ctx) {
			if err != nil {
				yield(TaskResult[T, R]{}, userError(err))
				return false
			}
			if !yield(r.result(t, true), nil) {
				return false
			}
		}
	}
	go func() {
		<-r.handle.ended
		r.settled.close()
	}()
	doubtful := map[po.Key]bool{}
	for settled := range r.settled.all() {
		if !settled.completed && r.mayReopen {
			doubtful[settled.key] = true
			continue
		}
		delete(doubtful, settled.key)
		if !r.yieldTask(ctx, settled.key, yield) {
			return false
		}
	}
	for _, key := range slices.Sorted(maps.Keys(doubtful)) {
		if !r.yieldTask(ctx, key, yield) {
			return false
		}
	}
	return true
}

// yieldTask yields what has come of a task, unless it was opened again.
func (r *TaskRun[T, R]) yieldTask(
	ctx context.Context, key po.Key, yield func(TaskResult[T, R], error) bool,
) (more bool) {
	t, err := r.task(ctx, key)
	switch {
	case err != nil:
		yield(TaskResult[T, R]{}, userError(err))
		return false
	case t.Outcome.Status == "":
		return true
	}
	return yield(r.result(t, false), nil)
}

// task is a task as it is recorded now.
func (r *TaskRun[T, R]) task(ctx context.Context, key po.Key) (ledger.Task, error) {
	if m, ok := r.handle.output.record.(*ledger.Memory); ok {
		return m.TakeTask(key), nil
	}
	return r.handle.output.ledger.Task(ctx, key)
}

// result is a task for who asked for it.
func (r *TaskRun[T, R]) result(t ledger.Task, earlier bool) TaskResult[T, R] {
	o := t.Outcome
	task, err := fromOrder[T](t.Order)
	result := TaskResult[T, R]{Task: task, Files: o.Files, Folder: o.Folder, Attempts: o.Attempts, Earlier: earlier}
	if o.Status != po.Completed {
		err = errors.Join(&po.Error{Cause: o.Cause, Msg: o.Detail}, err)
	} else if err == nil {
		if err = json.Unmarshal(o.Result, &result.Result); err != nil {
			err = &po.Error{Msg: "the recorded result: " + err.Error(), Err: err}
		}
	}
	if err != nil {
		result.Err = userError(err)
	}
	return result
}
