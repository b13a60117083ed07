package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Config is what a run of the actors needs. Workers, Files and Ledger must be set, and
// Browsers where there are orders; of everything else the zero value is good.
type Config struct {
	Portal      string        // name, for events
	Workers     int           // size of the pool; 1 is sequential
	Attempts    int           // tries that an order may have; default 3
	TaskTimeout time.Duration // bounds the reading of one order; default 2 minutes
	Browsers    Browsers
	Files       Files
	Ledger      Ledger
	Limiter     Limiter        // nil: as many workers as wished
	Proves      bool           // the sessions' Prove can tell who is signed in
	Pages       Pages          // reads pages without a browser, where that can be trusted; nil: all are read by browsers
	SignIn      SignIn         // restores a session that is over; nil: the run ends then
	Log         *logrus.Logger // nil: nothing is logged
	// OnEvent receives every fact of the run, in order, from one goroutine at a
	// time. RunEnded is the last.
	OnEvent func(event any)
	// OnEnd is called once, after OnEvent has had RunEnded, when every actor of
	// the run, every browser and every profile is gone.
	OnEnd func(messages.RunEnded)
	// OnStart is called once, before anything of the run has begun. What goes on beside the
	// run tells of itself, and steers it, by control.
	OnStart func(control Control)
}

// stagger is the pause between the starts of two workers. How many browsers
// start at once is bounded where they are started, by the processors there are.
const stagger = 10 * time.Millisecond

// endTimeout bounds each of the steps of a run's end.
const endTimeout = 20 * time.Second

// coordinator supervises the run: it owns the pool, its restarts and its end.
// It has one method per state: running, stoppingChildren, stoppingObserver.
type coordinator struct {
	cfg   Config
	state func(actor.Context)
	peers peers

	dispatcher *actor.PID
	workers    map[string]*member // by the id of the worker's PID
	hired      int                // so far
	everReady  bool               // a browser of this run has lived
	ending     bool               // nothing is restarted any more
	result     messages.RunEnded
	deadline   *time.Timer
}

// member is one place in the pool.
type member struct {
	name      string
	pid       *actor.PID
	isolated  bool // a throw-away worker: its first failure is its end
	dismissed bool // it ends; nothing is restarted
	restarts  schedule.Restarts
}

// deadlinePassed tells the coordinator that a step of the end took too long.
type deadlinePassed struct{ quiet }

func newCoordinator(cfg Config) actor.Actor {
	k := &coordinator{cfg: cfg, workers: map[string]*member{}}
	k.result = messages.RunEnded{Cause: po.Internal, Detail: "the coordinator failed"}
	k.state = k.running
	return k
}

// Receive implements actor.Actor.
func (k *coordinator) Receive(c actor.Context) {
	switch c.Message().(type) {
	case *actor.Started:
		k.start(c)
	case *actor.Stopping, *actor.Restarting:
	case *actor.Stopped:
		if k.deadline != nil {
			k.deadline.Stop()
		}
		k.cfg.OnEnd(k.result)
	default:
		k.state(c)
	}
}

// start spawns the children.
func (k *coordinator) start(c actor.Context) {
	k.peers.coordinator = c.Self()
	k.peers.observer = k.spawn(c, "observer", func() actor.Actor { return newObserver(k.cfg.OnEvent) })
	c.Send(k.peers.observer, messages.RunStarted{
		Portal: k.cfg.Portal, Workers: k.cfg.Workers, Sequential: k.cfg.Workers == 1})
	k.dispatcher = k.spawn(c, "dispatcher", func() actor.Actor { return newDispatcher(k.cfg) })
	k.peers.fetcher = k.spawn(c, "fetcher", func() actor.Actor { return newFetcher(k.cfg.Files, k.dispatcher) })
	if k.cfg.Pages != nil {
		k.peers.pageReader = k.spawn(c, po.PageReader,
			func() actor.Actor { return newPageReader(k.cfg.Pages, k.cfg.TaskTimeout, k.dispatcher) })
	}
	if k.cfg.Limiter != nil {
		k.peers.governor = k.spawn(c, "governor", func() actor.Actor { return newGovernor(k.cfg.Limiter, k.dispatcher) })
	}
	if k.cfg.SignIn != nil {
		k.peers.sessionKeeper = k.spawn(c, "session-keeper",
			func() actor.Actor { return newSessionKeeper(k.cfg.SignIn, k.dispatcher) })
	}
	c.Send(k.dispatcher, setPeers{peers: k.peers})
}

// hire spawns a worker.
func (k *coordinator) hire(c actor.Context, h schedule.Hire) {
	pid := k.spawn(c, h.Name, func() actor.Actor {
		return newWorker(h.Name, k.cfg.Browsers, k.dispatcher, k.peers.observer, k.cfg.TaskTimeout)
	})
	k.workers[pid.Id] = &member{name: h.Name, pid: pid, isolated: h.Isolated}
	c.Send(pid, messages.OpenBrowser{After: time.Duration(min(k.hired, k.cfg.Workers)) * stagger})
	k.hired++
	c.Send(k.peers.observer, messages.WorkerStarted{Worker: h.Name, Isolated: h.Isolated})
}

// dismiss ends a worker.
func (k *coordinator) dismiss(c actor.Context, name string) {
	for _, m := range k.workers {
		if m.name == name && !m.dismissed {
			m.dismissed = true
			c.Stop(m.pid)
		}
	}
}

func (k *coordinator) spawn(c actor.Context, name string, producer func() actor.Actor) *actor.PID {
	pid, err := c.SpawnNamed(propsOf(producer), name)
	if err != nil { // names are unique below one coordinator
		panic(&crash{err: fmt.Errorf("spawn %s: %w", name, err)})
	}
	return pid
}

// running: the dispatcher has work.
func (k *coordinator) running(c actor.Context) {
	switch m := c.Message().(type) {
	case messages.Drain, messages.Stop:
		c.Send(k.dispatcher, m)
		if stop, ok := m.(messages.Stop); ok {
			k.result.Cause, k.result.Detail = stop.Cause, stop.Detail
			k.startDeadline(c)
		}
	case dispatchEnded:
		k.result = messages.RunEnded{Counts: m.counts, Open: m.open, Cause: m.cause, Detail: m.detail}
		k.end(c)
	case childFailed:
		k.result = messages.RunEnded{Cause: po.Internal, Detail: m.detail}
		k.end(c)
	case deadlinePassed:
		k.result.Detail = join(k.result.Detail, "the dispatcher did not stop in its time")
		k.end(c)
	case messages.Resize, messages.Pause, messages.Resume, messages.SetWorkers:
		c.Send(k.dispatcher, m)
	case schedule.Hire:
		k.hire(c, m)
	case schedule.Dismiss:
		k.dismiss(c, m.Name)
	case browserReady:
		k.everReady = true
	case hostEvent:
		c.Send(k.peers.observer, m.event)
	case *actor.Terminated:
		delete(k.workers, m.Who.Id)
	default:
		unexpected(c)
	}
}

// end stops the workers and the fetcher.
func (k *coordinator) end(c actor.Context) {
	k.state, k.ending = k.stoppingChildren, true
	for _, w := range k.workers {
		c.Stop(w.pid)
	}
	c.Stop(k.peers.fetcher)
	for _, child := range []*actor.PID{k.peers.pageReader, k.peers.governor, k.peers.sessionKeeper} {
		if child != nil {
			c.Stop(child)
		}
	}
	c.Stop(k.dispatcher)
	k.startDeadline(c)
	k.closeIfChildless(c)
}

// stoppingChildren: waits for the children but the observer.
func (k *coordinator) stoppingChildren(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Terminated:
		delete(k.workers, m.Who.Id)
		k.closeIfChildless(c)
	case deadlinePassed:
		k.result.Detail = join(k.result.Detail, fmt.Sprintf("%d children did not end in their time", k.childrenLeft(c)))
		k.close(c)
	case hostEvent:
		c.Send(k.peers.observer, m.event)
	case messages.Drain, messages.Stop, messages.Resize, messages.Pause, messages.Resume, messages.SetWorkers,
		schedule.Hire, schedule.Dismiss: // too late
	case childFailed, dispatchEnded, browserReady:
	default:
		unexpected(c)
	}
}

// closeIfChildless closes when no child but the observer is left.
func (k *coordinator) closeIfChildless(c actor.Context) {
	if k.childrenLeft(c) == 0 {
		k.close(c)
	}
}

// childrenLeft counts the children but the observer.
func (k *coordinator) childrenLeft(c actor.Context) int {
	n := 0
	for _, child := range c.Children() {
		if !child.Equal(k.peers.observer) {
			n++
		}
	}
	return n
}

// close lets the observer hand out what it has, and ends.
func (k *coordinator) close(c actor.Context) {
	k.state = k.stoppingObserver
	k.deadline.Stop()
	if len(c.Children()) == k.childrenLeft(c) { // the host's handler has failed: nobody to tell
		c.Stop(c.Self())
		return
	}
	c.Send(k.peers.observer, k.result)
	c.Poison(k.peers.observer)
}

// stoppingObserver: waits for the observer, as long as the host takes.
func (k *coordinator) stoppingObserver(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Terminated:
		if m.Who.Equal(k.peers.observer) {
			c.Stop(c.Self())
		}
	case messages.Drain, messages.Stop, messages.Resize, messages.Pause, messages.Resume, messages.SetWorkers,
		schedule.Hire, schedule.Dismiss: // too late
	case childFailed, dispatchEnded, browserReady, deadlinePassed, hostEvent:
	default:
		unexpected(c)
	}
}

// startDeadline bounds a step of the end.
func (k *coordinator) startDeadline(c actor.Context) {
	if k.deadline != nil {
		k.deadline.Stop()
	}
	k.deadline = sendLater(c, endTimeout, deadlinePassed{})
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
