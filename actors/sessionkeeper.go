package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// sessionKeeper has a session that is over restored, and tells the dispatcher what came of
// it: one answer for all workers.
type sessionKeeper struct {
	signIn     SignIn
	dispatcher *actor.PID
	job        *job
	begun      time.Time
}

func newSessionKeeper(signIn SignIn, dispatcher *actor.PID) actor.Actor {
	return &sessionKeeper{signIn: signIn, dispatcher: dispatcher}
}

// Receive implements actor.Actor.
func (k *sessionKeeper) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started, *actor.Stopped:
	case *actor.Restarting, *actor.Stopping:
		if k.job != nil {
			k.job.cancel()
			k.job.wait(releaseTimeout)
		}
	case schedule.Restore:
		k.begun = time.Now()
		k.job = startJob(c, func(ctx context.Context) any {
			how, err := k.signIn.Restore(ctx, m.Detail)
			if err != nil {
				return messages.SessionRestored{Failure: po.DetailOf(err)}
			}
			return messages.SessionRestored{How: how}
		})
	case jobEnded:
		if k.job == nil || m.number != k.job.number {
			return
		}
		k.job = nil
		if m.crash != nil {
			panic(m.crash)
		}
		answer := m.answer.(messages.SessionRestored)
		answer.Took = messages.Duration(time.Since(k.begun))
		c.Send(k.dispatcher, answer)
	default:
		unexpected(c)
	}
}
