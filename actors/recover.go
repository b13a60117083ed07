package actors

import (
	"fmt"
	"runtime/debug"

	"github.com/asynkron/protoactor-go/actor"
)

// recoverLifecycle keeps a panic in a lifecycle message from making an actor that can
// never stop, whose parent could never stop either.
func recoverLifecycle(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
		switch e.Message.(type) {
		case *actor.Stopping, *actor.Stopped, *actor.Restarting:
			defer func() {
				if p := recover(); p != nil {
					c.Logger().Error("panic while ending", "actor", c.Self().Id,
						"reason", fmt.Sprint(p), "stack", string(debug.Stack()))
				}
			}()
		}
		next(c, e)
	}
}

// propsOf makes props whose actors can always stop.
func propsOf(producer func() actor.Actor, opts ...actor.PropsOption) *actor.Props {
	return actor.PropsFromProducer(producer, append(opts, actor.WithReceiverMiddleware(recoverLifecycle))...)
}

// unexpected fails an actor that got a message which its state has no line for:
// a bug, which supervision handles.
func unexpected(c actor.Context) {
	panic(&crash{err: fmt.Errorf("unexpected message %T", c.Message()), stack: string(debug.Stack())})
}
