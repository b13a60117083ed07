package actors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// jobNumbers are unique in the process, so that the answer of a job that a
// former instance of an actor started is never taken for one of its own.
var jobNumbers atomic.Uint64

// job is blocking work on a goroutine of its own. It tells its actor the end
// with exactly one jobEnded.
type job struct {
	number uint64
	cancel context.CancelFunc
	done   chan struct{} // closed by the job's goroutine when answer is set
	answer any
}

// jobEnded is a job's private message to the actor that started it.
type jobEnded struct {
	quiet
	number uint64
	answer any
	crash  *crash // the job panicked; answer is nil
}

// crash is what an actor panics with when its work has come to an end that
// only a fresh start cures.
type crash struct {
	err    error
	stack  string // of a panic; empty where the crash was foreseen
	worked bool   // a worker's: it had read an order well
}

func (c *crash) Error() string { return c.err.Error() }
func (c *crash) Unwrap() error { return c.err }

// startJob runs f and sends the answer to the actor itself. The context that f
// is given ends with cancel; f must then return soon.
func startJob(c actor.Context, f func(context.Context) any) *job {
	ctx, cancel := context.WithCancel(context.Background())
	j := &job{number: jobNumbers.Add(1), cancel: cancel, done: make(chan struct{})}
	root, self := c.ActorSystem().Root, c.Self()
	go func() {
		defer cancel()
		end := jobEnded{number: j.number}
		returned := false
		defer func() { // also where f ends its goroutine, as a test's FailNow does
			if p := recover(); p != nil {
				end.crash = &crash{err: fmt.Errorf("panic: %v", p), stack: string(debug.Stack())}
			} else if !returned {
				end.crash = &crash{err: errors.New("the work has ended its goroutine (runtime.Goexit)")}
			}
			j.answer = end.answer
			close(j.done)
			root.Send(self, end)
		}()
		end.answer = f(ctx)
		returned = true
	}()
	return j
}

// wait waits until the job has ended, for at most d. It reports whether it has.
func (j *job) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-j.done:
		return true
	case <-t.C:
		return false
	}
}
