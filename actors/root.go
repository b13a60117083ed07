package actors

import (
	"fmt"
	"io"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Props makes the actor of one run, to be spawned once: at the root of an actor system, or as a
// child of any actor. It takes the messages Pause, Resume, SetWorkers, Drain and Stop of package
// messages, and ignores others. When the run has ended it stops by itself.
//
// Whoever stops or poisons it, or stops its parent, ends the run as messages.Stop does: it has
// stopped when orders in hand are put back, every browser and profile is gone, and OnEvent and
// OnEnd have returned. So does the end of its actor system, within a second or two. OnEvent
// must not wait for that: it would wait for itself. A panic in OnEvent ends the run.
func Props(cfg Config) *actor.Props {
	cfg = cfg.withDefaults()
	var spawned atomic.Bool
	return propsOf(func() actor.Actor {
		return &root{cfg: cfg, repeated: spawned.Swap(true), ended: make(chan struct{})}
	})
}

func (c Config) withDefaults() Config {
	if c.Attempts == 0 {
		c.Attempts = 3
	}
	if c.TaskTimeout == 0 {
		c.TaskTimeout = 2 * time.Minute
	}
	if c.Log == nil {
		c.Log = logrus.New()
		c.Log.SetOutput(io.Discard)
	}
	if c.OnStart == nil {
		c.OnStart = func(Control) {}
	}
	if c.OnEvent == nil {
		c.OnEvent = func(any) {}
	}
	if c.OnEnd == nil {
		c.OnEnd = func(messages.RunEnded) {}
	}
	return c
}

// systemCheck is how often a run looks whether its actor system has been shut down, which
// tells no actor of it.
const systemCheck = time.Second

// checkSystem asks for that look.
type checkSystem struct{ quiet }

// root is the actor that the host has spawned. Its mailbox is never busy, so that it can wait
// for the coordinator's end in its own: an actor's children would be stopped in any order.
type root struct {
	cfg         Config
	repeated    bool // the same Props were spawned before
	coordinator *actor.PID
	ended       chan struct{} // closed when everything of the run is gone
	check       *time.Timer
}

// Receive implements actor.Actor.
func (r *root) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		r.start(c)
	case *actor.Stopping, *actor.Restarting:
		r.stop(c)
	case *actor.Terminated:
		if r.coordinator != nil && m.Who.Equal(r.coordinator) {
			c.Stop(c.Self())
		}
	case messages.Drain, messages.Stop, messages.Resize, messages.Pause, messages.Resume, messages.SetWorkers, hostEvent:
		if r.coordinator != nil {
			c.Send(r.coordinator, m)
		}
	case checkSystem:
		r.checkSystem(c)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		r.cfg.Log.WithField("message", fmt.Sprintf("%T", m)).Warn("a message that a run does not know is ignored")
	}
}

func (r *root) start(c actor.Context) {
	if r.repeated {
		r.cfg.Log.Error("the actor of a run is spawned once: this one stops")
		c.Stop(c.Self())
		return
	}
	r.cfg.OnStart(Control{root: c.ActorSystem().Root, pid: c.Self(), ended: r.ended})
	cfg := r.cfg
	cfg.OnEnd = r.onEnd
	pid, err := c.SpawnNamed(propsOf(func() actor.Actor { return newCoordinator(cfg) }), "coordinator")
	if err != nil { // the name is unique below this actor
		panic(&crash{err: fmt.Errorf("spawn the coordinator: %w", err)})
	}
	r.coordinator = pid
	r.checkSystem(c)
}

// onEnd tells the host of the end, of which there is one.
func (r *root) onEnd(end messages.RunEnded) {
	defer close(r.ended)
	defer func() {
		if p := recover(); p != nil {
			r.cfg.Log.WithField("stack", string(debug.Stack())).Errorf("the host's OnEnd has panicked: %v", p)
		}
	}()
	r.cfg.OnEnd(end)
}

// stop ends the run, and waits until everything of it is gone.
func (r *root) stop(c actor.Context) {
	if r.check != nil {
		r.check.Stop()
	}
	if r.coordinator == nil {
		return
	}
	select {
	case <-r.ended: // there is nobody to tell: it would be a dead letter in the host's log
		return
	default:
	}
	c.Send(r.coordinator, messages.Stop{Cause: po.Interrupted, Detail: "the run was stopped by its host"})
	<-r.ended
}

// checkSystem ends the run where its actor system was shut down.
func (r *root) checkSystem(c actor.Context) {
	if c.ActorSystem().IsStopped() {
		c.Send(r.coordinator, messages.Stop{Cause: po.Interrupted, Detail: "the actor system was shut down"})
		return
	}
	r.check = sendLater(c, systemCheck, checkSystem{})
}

// HandleFailure supervises the coordinator: a run whose coordinator has failed is over.
func (r *root) HandleFailure(system *actor.ActorSystem, sup actor.Supervisor, child *actor.PID,
	_ *actor.RestartStatistics, reason, message any,
) {
	logFailure(r.cfg.Log, child, asError(reason), message)
	publishFailure(system, child, reason, actor.StopDirective)
	sup.StopChildren(child)
}

// Control steers a run, and gives its host's handler facts from beside it. It may be used from
// any goroutine; after the run's end it does nothing.
type Control struct {
	root  *actor.RootContext
	pid   *actor.PID
	ended <-chan struct{}
}

func (c Control) send(m any) {
	select {
	case <-c.ended: // a dead letter would be logged
	default:
		c.root.Send(c.pid, m)
	}
}

// Drain takes no more orders; those in hand are finished.
func (c Control) Drain(reason string) { c.send(messages.Drain{Reason: reason}) }

// Stop puts back what is in hand and ends the run.
func (c Control) Stop(cause po.Cause, detail string) {
	c.send(messages.Stop{Cause: cause, Detail: detail})
}

// Pause begins no more orders until Resume; those in hand are finished.
func (c Control) Pause() { c.send(messages.Pause{}) }

// Resume ends a pause.
func (c Control) Resume() { c.send(messages.Resume{}) }

// SetWorkers changes how many workers the user wishes for.
func (c Control) SetWorkers(n int) { c.send(messages.SetWorkers{Workers: n}) }

// Publish gives Config.OnEvent a fact from beside the run, in its turn.
func (c Control) Publish(event any) { c.send(hostEvent{event: event}) }

// Ended is closed when everything of the run is gone.
func (c Control) Ended() <-chan struct{} { return c.ended }

// hostEvent is a fact from beside the run.
type hostEvent struct {
	quiet
	event any
}

// quiet keeps Proto.Actor from logging a message that comes when its receiver has gone:
// what is in it may be nobody's business.
type quiet struct{}

// IgnoreDeadLetterLogging implements actor.IgnoreDeadLetterLogging.
func (quiet) IgnoreDeadLetterLogging() {}
