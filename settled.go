package poactor

import (
	"iter"
	"sync"

	"github.com/poactor/poactor/po"
)

// settledTask is a task that has been settled, as FAILED or as COMPLETED.
type settledTask struct {
	key       po.Key
	completed bool
}

// settledQueue holds the tasks that are settled until they are asked for.
type settledQueue struct {
	mu     sync.Mutex
	tasks  []settledTask
	closed bool
	more   chan struct{} // holds a value when there is anything new
}

func newSettledQueue() *settledQueue { return &settledQueue{more: make(chan struct{}, 1)} }

func (q *settledQueue) push(t settledTask) { q.change(func() { q.tasks = append(q.tasks, t) }) }

// close says that no more will come.
func (q *settledQueue) close() { q.change(func() { q.closed = true }) }

func (q *settledQueue) change(do func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	do()
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// all yields the tasks as they come, until the queue is closed.
func (q *settledQueue) all() iter.Seq[settledTask] {
	return func(yield func(settledTask) bool) {
		for {
			q.mu.Lock()
			tasks, closed := q.tasks, q.closed
			q.tasks = nil
			q.mu.Unlock()
			for _, t := range tasks {
				if !yield(t) {
					return
				}
			}
			if len(tasks) == 0 && closed {
				return
			}
			if len(tasks) == 0 {
				<-q.more
			}
		}
	}
}
