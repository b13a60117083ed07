package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// pageReader reads orders' pages without a browser: one job a page. How many there may be at
// once is the dispatcher's to say.
type pageReader struct {
	pages      Pages
	timeout    time.Duration // of one page
	dispatcher *actor.PID
	jobs       map[uint64]runningPage
}

// runningPage is a job that reads one page.
type runningPage struct {
	*job
	asked   messages.ReadPage
	started time.Time
}

// pageResult is the answer of a job.
type pageResult struct {
	page po.PageReading
	err  error
}

func newPageReader(pages Pages, timeout time.Duration, dispatcher *actor.PID) actor.Actor {
	return &pageReader{pages: pages, timeout: timeout, dispatcher: dispatcher, jobs: map[uint64]runningPage{}}
}

// Receive implements actor.Actor.
func (r *pageReader) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started, *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		r.release()
	case messages.ReadPage:
		j := startJob(c, func(ctx context.Context) any {
			ctx, cancel := context.WithTimeout(ctx, r.timeout)
			defer cancel()
			page, err := r.pages.ReadPage(ctx, m.Order, m.Without, m.Credentials)
			return pageResult{page, err}
		})
		r.jobs[j.number] = runningPage{j, m, time.Now()}
	case schedule.CancelFetch:
		r.cancel(m.Token)
	case jobEnded:
		if j, ok := r.jobs[m.number]; ok {
			delete(r.jobs, m.number)
			if m.crash != nil {
				m.answer = pageResult{err: m.crash}
			}
			r.answer(c, j, m.answer.(pageResult))
		}
	default:
		unexpected(c)
	}
}

func (r *pageReader) answer(c actor.Context, j runningPage, a pageResult) {
	c.Send(r.dispatcher, messages.PageRead{
		Token: j.asked.Token, Key: j.asked.Order.Key, RawNumber: j.asked.Order.RawNumber,
		Page: a.page, Failure: failureOf(a.err), Took: messages.Duration(time.Since(j.started)),
	})
}

func (r *pageReader) cancel(token string) {
	for _, j := range r.jobs {
		if token == "" || token == j.asked.Token {
			j.cancel()
		}
	}
}

// release cancels all jobs and waits for them, within one bound for all.
func (r *pageReader) release() {
	r.cancel("")
	end := time.Now().Add(releaseTimeout)
	for _, j := range r.jobs {
		j.wait(time.Until(end))
	}
}
