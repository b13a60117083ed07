package actors

import (
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"
	logrusslog "github.com/sirupsen/logrus/hooks/slog"

	"github.com/poactor/poactor/messages"
)

// Run is a run in an actor system of its own.
type Run struct {
	Control
	system *actor.ActorSystem
	result messages.RunEnded // when it has ended
}

// Start begins a run in an actor system of its own.
func Start(cfg Config) *Run {
	cfg = cfg.withDefaults()
	r := &Run{}
	onStart, onEnd := cfg.OnStart, cfg.OnEnd
	started := make(chan struct{})
	cfg.OnStart = func(c Control) {
		r.Control = c
		close(started)
		onStart(c)
	}
	cfg.OnEnd = func(m messages.RunEnded) {
		r.result = m
		onEnd(m)
	}
	r.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(logrusslog.NewHandler(cfg.Log, nil))
		}),
		// A dead letter's content would be logged. With this count the library
		// logs only how many there were.
		actor.WithDeadLetterThrottleCount(1),
	)
	r.system.Root.Spawn(Props(cfg))
	<-started
	return r
}

// Wait waits for the end of the run, gives the actor system back and returns
// how the run ended. It is called once.
func (r *Run) Wait() messages.RunEnded {
	<-r.Ended()
	r.system.Shutdown()
	return r.result
}
