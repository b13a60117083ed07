package actors

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// childFailed tells the coordinator that a child other than a worker has
// failed: a bug. What it knew is lost, so the run ends; the ledger has the rest.
type childFailed struct {
	quiet
	detail string
}

// signedOutPause is how long a worker waits whose browser found that nobody is signed in.
// Whether the session has been restored its next one shows.
const signedOutPause = time.Second

// HandleFailure is the coordinator's supervision strategy (an actor that has
// this method is asked before its props). It runs in the coordinator's mailbox.
//
// A worker is restarted at once, so that its old browser and profile go, and is
// told when to open its next browser: the pause is there, where it blocks
// nothing. Past the limit it is stopped.
func (k *coordinator) HandleFailure(system *actor.ActorSystem, sup actor.Supervisor, child *actor.PID,
	rs *actor.RestartStatistics, reason, message any,
) {
	rs.Reset() // it would keep every failure for ever; we count ourselves
	m, isWorker := k.workers[child.Id]
	err := asError(reason)
	logFailure(k.cfg.Log, child, err, message)
	if k.peers.governor != nil && child.Equal(k.peers.governor) { // the run goes on without its advice
		publishFailure(system, child, reason, actor.StopDirective)
		sup.StopChildren(child)
		return
	}
	if !isWorker {
		publishFailure(system, child, reason, actor.StopDirective)
		sup.StopChildren(child)
		system.Root.Send(k.peers.coordinator, childFailed{detail: fmt.Sprintf("%s failed: %v", child.Id, err)})
		return
	}
	if k.ending || m.dismissed {
		sup.StopChildren(child)
		return
	}
	if c, ok := errors.AsType[*crash](err); ok && c.worked {
		m.restarts.Worked()
	}
	var delay time.Duration
	giveUp := m.isolated
	switch {
	case giveUp:
	case po.CauseOf(err) == po.SignedOut && k.cfg.SignIn != nil: // no fault of its own; the session is being restored
		delay = signedOutPause
	default:
		delay, giveUp = m.restarts.Failed(time.Now(), k.everReady, rand.Float64())
	}
	lost := messages.WorkerLost{Worker: m.name, Cause: po.CauseOf(err), Detail: po.DetailOf(err),
		RestartAfter: messages.Duration(delay), GaveUp: giveUp}
	if f, ok := errors.AsType[*po.ReadFailure](err); ok {
		lost.Trace = f.Trace
	}
	system.Root.Send(k.peers.observer, lost) // first, so that what follows from it is told after it
	system.Root.Send(k.dispatcher, lost)
	if giveUp {
		publishFailure(system, child, reason, actor.StopDirective)
		sup.StopChildren(child)
		return
	}
	publishFailure(system, child, reason, actor.RestartDirective)
	sup.RestartChildren(child)
	system.Root.Send(child, messages.OpenBrowser{After: delay})
}

func publishFailure(system *actor.ActorSystem, child *actor.PID, reason any, d actor.Directive) {
	system.EventStream.Publish(&actor.SupervisorEvent{Child: child, Reason: reason, Directive: d})
}

func logFailure(log *logrus.Logger, child *actor.PID, err error, message any) {
	e := log.WithFields(logrus.Fields{
		"actor": child.Id, "cause": po.CauseOf(err), "message": fmt.Sprintf("%T", message)})
	if c, ok := errors.AsType[*crash](err); ok && c.stack != "" {
		e = e.WithField("stack", c.stack)
	}
	e.WithError(err).Warn("actor failed")
}

// asError makes an error of what an actor panicked with.
func asError(reason any) error {
	if err, ok := reason.(error); ok {
		return err
	}
	return fmt.Errorf("panic: %v", reason)
}
