package actors

import (
	"github.com/asynkron/protoactor-go/actor"
)

// newObserver hands the run's facts to the host, one at a time and in order.
// The host may take its time: only this mailbox waits.
func newObserver(handle func(event any)) actor.Actor {
	return actor.ReceiveFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			handle(m)
		}
	})
}
