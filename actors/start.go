package actors

import (
	"log/slog"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	logrusslog "github.com/sirupsen/logrus/hooks/slog"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Run is a run in an actor system of its own.
type Run struct {
	system *actor.ActorSystem
	root   *actor.PID
	ended  chan struct{} // closed by the coordinator's end
	result messages.RunEnded
}

// Start begins a run in an actor system of its own. cfg.OnEnd may be nil.
func Start(cfg Config) *Run {
	r := &Run{ended: make(chan struct{})}
	r.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(logrusslog.NewHandler(cfg.Log, nil))
		}),
		// A dead letter's content would be logged. With this count the library
		// logs only how many there were.
		actor.WithDeadLetterThrottleCount(1),
	)
	onEnd := cfg.OnEnd
	var once sync.Once
	cfg.OnEnd = func(m messages.RunEnded) {
		once.Do(func() {
			if r.result = m; onEnd != nil {
				onEnd(m)
			}
			close(r.ended)
		})
	}
	r.root = r.system.Root.Spawn(Props(cfg))
	return r
}

// Drain takes no more orders; those in hand are finished.
func (r *Run) Drain(reason string) {
	r.system.Root.Send(r.root, messages.Drain{Reason: reason})
}

// Stop puts back what is in hand and ends the run.
func (r *Run) Stop(cause po.Cause, detail string) {
	r.system.Root.Send(r.root, messages.Stop{Cause: cause, Detail: detail})
}

// Pause begins no more orders until Resume; those in hand are finished.
func (r *Run) Pause() { r.system.Root.Send(r.root, messages.Pause{}) }

// Resume ends a pause.
func (r *Run) Resume() { r.system.Root.Send(r.root, messages.Resume{}) }

// SetWorkers changes how many workers the user wishes for.
func (r *Run) SetWorkers(n int) { r.system.Root.Send(r.root, messages.SetWorkers{Workers: n}) }

// Resize says how many workers there may be; the dispatcher keeps within it.
func (r *Run) Resize(m messages.Resize) { r.system.Root.Send(r.root, m) }

// Publish gives the host's event handler a fact from beside the run, in its turn.
func (r *Run) Publish(event any) { r.system.Root.Send(r.root, hostEvent{event}) }

// hostEvent is a fact from beside the run.
type hostEvent struct{ event any }

// Ended is closed when everything of the run is gone.
func (r *Run) Ended() <-chan struct{} { return r.ended }

// Wait waits for the end of the run, gives the actor system back and returns
// how the run ended. It is called once.
func (r *Run) Wait() messages.RunEnded {
	<-r.ended
	r.system.Shutdown()
	return r.result
}
