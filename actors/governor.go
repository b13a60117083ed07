package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/messages"
)

// sampleInterval is how often the machine is looked at.
const sampleInterval = time.Second

// governor watches how much machine and portal bear, and tells the dispatcher
// when that changes. What to make of it is the Limiter's and the scheduler's to say.
type governor struct {
	limiter    Limiter
	dispatcher *actor.PID
	job        *job
	timer      *time.Timer
	last       Limits // that the dispatcher was told
}

// sample is the governor's timer.
type sample struct{ quiet }

func newGovernor(limiter Limiter, dispatcher *actor.PID) actor.Actor {
	return &governor{limiter: limiter, dispatcher: dispatcher}
}

// Receive implements actor.Actor.
func (g *governor) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		g.later(c)
	case *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		g.release()
	case sample:
		g.job = startJob(c, func(ctx context.Context) any { return g.limiter.Measure(ctx) })
	case jobEnded:
		if g.job == nil || m.number != g.job.number {
			return
		}
		g.job = nil
		if m.crash != nil {
			panic(m.crash)
		}
		g.report(c, m.answer.(Limits))
		g.later(c)
	case Answer:
		g.report(c, g.limiter.Answered(m))
	default:
		unexpected(c)
	}
}

// report passes on what has changed.
func (g *governor) report(c actor.Context, b Limits) {
	was := g.last
	g.last = b
	if b == was || b.Hold == 0 && was.Workers == b.Workers && was.Reading == b.Reading && was.LimitedBy == b.LimitedBy {
		return
	}
	c.Send(g.dispatcher, messages.Resize(b))
}

func (g *governor) later(c actor.Context) { g.timer = sendLater(c, sampleInterval, sample{}) }

func (g *governor) release() {
	if g.timer != nil {
		g.timer.Stop()
	}
	if g.job != nil {
		g.job.cancel()
		g.job.wait(releaseTimeout)
	}
}
