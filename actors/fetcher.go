package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// fetcher gets the files of orders over HTTP, without a browser: one job an
// order. How many orders there may be at once is the dispatcher's to say; how
// many files at once, the Files port's.
type fetcher struct {
	files      Files
	dispatcher *actor.PID
	jobs       map[uint64]runningFetch
}

// runningFetch is a job that gets the files of one order.
type runningFetch struct {
	*job
	order   messages.FetchFiles
	started time.Time
}

// fetchResult is the answer of a fetching job.
type fetchResult struct {
	result po.FetchResult
	err    error
}

func newFetcher(files Files, dispatcher *actor.PID) actor.Actor {
	return &fetcher{files: files, dispatcher: dispatcher, jobs: map[uint64]runningFetch{}}
}

// Receive implements actor.Actor.
func (f *fetcher) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started, *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		f.release()
	case messages.FetchFiles:
		j := startJob(c, func(ctx context.Context) any {
			r, err := f.files.Fetch(ctx, m.Job)
			return fetchResult{r, err}
		})
		f.jobs[j.number] = runningFetch{j, m, time.Now()}
	case schedule.CancelFetch:
		f.cancel(m.Token)
	case jobEnded:
		if j, ok := f.jobs[m.number]; ok {
			delete(f.jobs, m.number)
			if m.crash != nil {
				m.answer = fetchResult{err: m.crash}
			}
			f.answer(c, j, m.answer.(fetchResult))
		}
	default:
		unexpected(c)
	}
}

func (f *fetcher) answer(c actor.Context, j runningFetch, a fetchResult) {
	m := messages.FilesFetched{
		Token: j.order.Token, Key: j.order.Job.Order.Key, RawNumber: j.order.Job.Order.RawNumber,
		Result: a.result, Failure: po.CauseOf(a.err), Took: messages.Duration(time.Since(j.started)),
	}
	if a.err != nil {
		m.Detail = po.DetailOf(a.err)
	}
	for i := range m.Result.Missing {
		m.Result.Missing[i].Detail = po.MaskAddresses(m.Result.Missing[i].Detail)
	}
	nameMissing(m.Result.Missing, j.order.Job.Attachments)
	c.Send(f.dispatcher, m)
}

// nameMissing says of each missing file which attachment it is: whoever fetches
// knows it by its ID.
func nameMissing(missing []po.Missing, attachments []po.Attachment) {
	byID := map[string]po.Attachment{}
	for _, a := range attachments {
		byID[a.ID] = a
	}
	for i := range missing {
		if a, ok := byID[missing[i].ID]; ok {
			missing[i].Of(a)
		}
	}
}

func (f *fetcher) cancel(token string) {
	for _, j := range f.jobs {
		if token == "" || token == j.order.Token {
			j.cancel()
		}
	}
}

// release cancels all jobs and waits for them, within one bound for all.
func (f *fetcher) release() {
	f.cancel("")
	end := time.Now().Add(releaseTimeout)
	for _, j := range f.jobs {
		j.wait(time.Until(end))
	}
}
