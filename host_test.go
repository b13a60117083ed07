package poactor_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/poactortest"
)

// quietSystem is somebody else's actor system.
func quietSystem(t *testing.T) *actor.ActorSystem {
	t.Helper()
	system := actor.NewActorSystem(actor.WithLoggerFactory(discard))
	t.Cleanup(func() {
		if !system.IsStopped() {
			system.Shutdown()
		}
	})
	return system
}

// theirs is an actor of a host's, which gets the events of a run.
type theirs struct {
	mu      sync.Mutex
	settled int
	last    any
}

func (a *theirs) Receive(c actor.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch m := c.Message().(type) {
	case messages.OrderSettled:
		a.settled++
		a.last = m
	case messages.RunEnded:
		a.last = m
	}
}

// hostRun is a run in a system of a host.
type hostRun struct {
	cfg      poactor.Config
	portal   *poactortest.Portal
	browsers *poactortest.Browsers
	handle   *poactor.Handle
	pid      *actor.PID
}

func newHostRun(t *testing.T, orders int, read func(context.Context, po.Order, int) (po.Reading, error)) *hostRun {
	t.Helper()
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: orders, Plain: true})
	if read == nil {
		read = p.Read
	}
	r := &hostRun{portal: p, browsers: &poactortest.Browsers{Read: read}}
	r.cfg = poactor.Config{Portal: p.Definition(), Out: filepath.Join(t.TempDir(), "out"), Browsers: r.browsers}
	return r
}

// spawn begins the run in a host's system.
func (r *hostRun) spawn(t *testing.T, ctx context.Context, system *actor.ActorSystem) {
	t.Helper()
	var err error
	if r.handle, err = poactor.Prepare(ctx, r.cfg, r.portal.Orders()); err != nil {
		t.Fatal(err)
	}
	r.pid = system.Root.Spawn(actors.Props(r.handle.Coordinator()))
}

// Two runs in a host's system leave what Run leaves, and tell the host's own actor of it.
func TestTwoRunsInAHostsSystem(t *testing.T) {
	t.Parallel()
	system, their := quietSystem(t), &theirs{}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return their }))
	runs := []*hostRun{newHostRun(t, 9, nil), newHostRun(t, 7, nil)}
	for _, r := range runs {
		r.cfg.OnEvent = func(event any) { system.Root.Send(pid, event) }
		r.spawn(t, t.Context(), system)
	}
	for i, r := range runs {
		summary, err := r.handle.Wait()
		if err != nil || summary.Counts[po.Completed] != []int{9, 7}[i] || len(summary.Leftovers) > 0 {
			t.Errorf("%+v, %v", summary, err)
		}
		if broken, err := poactortest.CheckInvariants(t.Context(), r.cfg, r.portal); err != nil || len(broken) > 0 {
			t.Errorf("%v, %v", broken, err)
		}
	}
	_ = system.Root.PoisonFuture(pid).Wait() // when it has got what was sent
	if _, ok := their.last.(messages.RunEnded); their.settled != 16 || !ok {
		t.Errorf("%d orders, then %T", their.settled, their.last)
	}
}

// However a host ends a run, it is over cleanly, and the same run goes on afterwards.
func TestHostEndsARun(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*actor.ActorSystem, *hostRun, context.CancelFunc){
		"stop":     func(s *actor.ActorSystem, r *hostRun, _ context.CancelFunc) { s.Root.Stop(r.pid) },
		"poison":   func(s *actor.ActorSystem, r *hostRun, _ context.CancelFunc) { s.Root.Poison(r.pid) },
		"shutdown": func(s *actor.ActorSystem, _ *hostRun, _ context.CancelFunc) { s.Shutdown() },
		"context":  func(_ *actor.ActorSystem, _ *hostRun, cancel context.CancelFunc) { cancel() },
		"drain":    func(_ *actor.ActorSystem, r *hostRun, _ context.CancelFunc) { r.handle.Drain() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := make(chan struct{}, 99)
			r := newHostRun(t, 12, nil)
			r.browsers.Read = func(ctx context.Context, order po.Order, nth int) (po.Reading, error) {
				begun <- struct{}{}
				if r.browsers.Readings(order.Key) == 1 && name != "drain" {
					<-ctx.Done()
					return po.Reading{}, &po.ReadFailure{Cause: po.Interrupted}
				}
				return r.portal.Read(ctx, order, nth)
			}
			system := quietSystem(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.spawn(t, ctx, system)
			<-begun
			end(system, r, cancel)
			summary, err := r.handle.Wait()
			done := name == "drain" && err == nil // all of them, before the run heard of it
			if !done && (!errors.Is(err, po.Interrupted) || summary.Open == 0) || r.browsers.Alive() != 0 {
				t.Errorf("%+v, %v, %d browsers alive", summary, err, r.browsers.Alive())
			}
			r.browsers.Read = r.portal.Read
			rest, err := poactor.Run(t.Context(), r.cfg, r.portal.Orders())
			if err != nil || rest.Counts[po.Completed] != summary.Open {
				t.Errorf("the rest: %+v, %v, of %+v", rest, err, summary)
			}
		})
	}
}

// A run that was prepared and never spawned ends with its context, and holds nothing then.
func TestPreparedAndNotSpawned(t *testing.T) {
	t.Parallel()
	r := newHostRun(t, 3, nil)
	ctx, cancel := context.WithCancel(t.Context())
	handle, err := poactor.Prepare(ctx, r.cfg, r.portal.Orders())
	if err != nil {
		t.Fatal(err)
	}
	handle.Pause()
	cancel()
	if summary, err := handle.Wait(); !errors.Is(err, po.Interrupted) || summary.Open != 3 {
		t.Errorf("%+v, %v", summary, err)
	}
	if summary, err := poactor.Run(t.Context(), r.cfg, r.portal.Orders()); err != nil || summary.Counts[po.Completed] != 3 {
		t.Errorf("%+v, %v", summary, err)
	}
}

// What is asked of a run before it is spawned is done when it is.
func TestPausedBeforeItIsSpawned(t *testing.T) {
	t.Parallel()
	paused := make(chan struct{})
	r := newHostRun(t, 3, nil)
	r.cfg.OnEvent = func(event any) {
		if _, ok := event.(messages.RunPaused); ok {
			close(paused)
		}
	}
	handle, err := poactor.Prepare(t.Context(), r.cfg, r.portal.Orders())
	if err != nil {
		t.Fatal(err)
	}
	handle.Pause()
	quietSystem(t).Root.Spawn(actors.Props(handle.Coordinator()))
	<-paused
	handle.Resume()
	if summary, err := handle.Wait(); err != nil || summary.Counts[po.Completed] != 3 {
		t.Errorf("%+v, %v", summary, err)
	}
}

// A host that panics in OnEvent ends its run, whichever event it is, and not its process.
func TestHostPanics(t *testing.T) {
	t.Parallel()
	for name, isBad := range map[string]func(event any) bool{
		"before it has begun": func(event any) bool { _, ok := event.(messages.BatchMerged); return ok },
		"in the middle":       func(event any) bool { _, ok := event.(messages.OrderSettled); return ok },
		"at its end":          func(event any) bool { _, ok := event.(messages.RunCleaned); return ok },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newHostRun(t, 30, nil)
			r.cfg.OnEvent = func(event any) {
				if isBad(event) {
					panic("the host's own")
				}
			}
			_, err := poactor.Run(t.Context(), r.cfg, r.portal.Orders())
			if e, ok := errors.AsType[*po.Error](err); !ok || e.Cause != po.Internal || e.Hint == "" {
				t.Errorf("%v", err)
			}
			if r.browsers.Alive() != 0 {
				t.Error("a browser is left")
			}
		})
	}
}

// The ports alone join with those of a host, here with a memory ledger and files.
func TestPortsAlone(t *testing.T) {
	t.Parallel()
	r := newHostRun(t, 4, nil)
	ledger, err := poactor.NewMemoryLedger(r.portal.Orders())
	if err != nil {
		t.Fatal(err)
	}
	files, err := poactor.OpenFiles(r.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan messages.RunEnded)
	quietSystem(t).Root.Spawn(actors.Props(actors.Config{Workers: 2, Browsers: r.browsers, Files: files, Ledger: ledger,
		OnEnd: func(end messages.RunEnded) { ended <- end }}))
	if end := <-ended; end.Cause != "" || end.Counts[po.Completed] != 4 {
		t.Errorf("%+v", end)
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
	twice := func(yield func(po.Order, error) bool) {
		for range 2 {
			if !yield(po.Order{Key: "1"}, nil) {
				return
			}
		}
	}
	if _, err := poactor.NewMemoryLedger(twice); err == nil {
		t.Error("a key that comes twice is taken")
	}
	if _, err := poactor.NewMemoryLedger(nil); !errors.Is(err, poactor.ErrConfig) {
		t.Errorf("%v", err)
	}
	if _, err := poactor.OpenFiles(poactor.Config{}); !errors.Is(err, poactor.ErrConfig) {
		t.Errorf("%v", err)
	}
}

// A host stops the coordinator while real browsers read: they, their profiles and processes
// are gone, and the same run goes on.
func TestFaultsHostStopsRealBrowsers(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	poactortest.NothingLeft(t, out)
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 12, Plain: true, Delay: 300 * time.Millisecond})
	settled := make(chan struct{}, 12)
	cfg := poactor.Config{Portal: p.Definition(), Out: out, Workers: 2, NoSandbox: asRoot(), OnEvent: func(event any) {
		if _, ok := event.(messages.OrderSettled); ok {
			settled <- struct{}{}
		}
	}}
	var ended []error
	for _, end := range []func(*actor.ActorSystem, *actor.PID){
		func(s *actor.ActorSystem, pid *actor.PID) { s.Root.Stop(pid) },
		func(s *actor.ActorSystem, pid *actor.PID) { s.Root.Poison(pid) },
		func(s *actor.ActorSystem, _ *actor.PID) { s.Shutdown() },
	} {
		system := quietSystem(t)
		handle, err := poactor.Prepare(t.Context(), cfg, p.Orders())
		if err != nil {
			t.Fatal(err)
		}
		pid := system.Root.Spawn(actors.Props(handle.Coordinator()))
		<-settled
		end(system, pid)
		summary, err := handle.Wait()
		if len(summary.Leftovers) > 0 {
			t.Errorf("left: %v", summary.Leftovers)
		}
		ended = append(ended, err)
	}
	if slices.ContainsFunc(ended, func(err error) bool { return !errors.Is(err, po.Interrupted) }) {
		t.Errorf("ended %v", ended)
	}
	if _, err := poactor.Run(t.Context(), cfg, p.Orders()); err != nil {
		t.Error(err)
	}
	if broken, err := poactortest.CheckInvariants(t.Context(), cfg, p); err != nil || len(broken) > 0 {
		t.Errorf("%v, %v", broken, err)
	}
}
