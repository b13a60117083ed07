package actors

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// host is somebody else's actor system, with an actor of theirs that gets the events of the
// runs in it.
type host struct {
	system *actor.ActorSystem
	log    lockedBuffer
	actor  *actor.PID
}

// hostActor counts what it gets, and spawns what it is asked to.
type hostActor struct {
	settled int
	ended   []messages.RunEnded
}

type spawn struct{ props *actor.Props }

func (h *hostActor) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case spawn:
		c.Respond(c.Spawn(m.props))
	case messages.OrderSettled:
		h.settled++
	case messages.RunEnded:
		h.ended = append(h.ended, m)
	}
}

func newHost() (*host, *hostActor) {
	h, theirs := &host{}, &hostActor{}
	h.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}), actor.WithDeadLetterThrottleCount(1e6))
	h.actor = h.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return theirs }))
	return h, theirs
}

// close ends the bubble: dead letters hold a timer.
func (h *host) close() {
	h.system.Root.Stop(h.actor)
	time.Sleep(5 * time.Second)
	synctest.Wait()
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// hosted is a run of a host.
type hosted struct {
	scenario
	pid   *actor.PID
	ended chan struct{} // closed by OnEnd
}

// spawn begins a run of a host, which has all its events sent to its own actor.
func (r *hosted) spawn(t *testing.T, h *host) {
	r.ended = make(chan struct{})
	open := make(chan struct{})
	close(open)
	cfg := r.config(t, open)
	theirs := cfg.OnEvent
	cfg.OnEvent = func(event any) {
		h.system.Root.Send(h.actor, event)
		theirs(event)
	}
	cfg.OnEnd = func(end messages.RunEnded) {
		r.result = end
		close(r.ended)
	}
	r.pid = h.system.Root.Spawn(Props(cfg))
}

// wait waits for a run's end and checks what holds for every run.
func (r *hosted) wait(t *testing.T) {
	t.Helper()
	<-r.ended
	synctest.Wait()
	r.check(t)
	if n := len(r.events); n == 0 || fmt.Sprintf("%T", r.events[n-1]) != "messages.RunEnded" {
		t.Error("the last event is not RunEnded")
	}
}

// Two runs live beside a host's actor, in one system, and both do all that they are for.
func TestTwoRunsInAHostsSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, theirs := newHost()
		one, two := &hosted{scenario: scenario{workers: 2, orders: 12}}, &hosted{scenario: scenario{workers: 3, orders: 9}}
		one.spawn(t, h)
		two.spawn(t, h)
		one.wait(t)
		two.wait(t)
		one.want(t, "", 0, completed(12))
		two.want(t, "", 0, completed(9))
		if theirs.settled != 21 || len(theirs.ended) != 2 {
			t.Errorf("the host's actor heard of %d orders and %d ends", theirs.settled, len(theirs.ended))
		}
		h.close()
		h.log.mu.Lock()
		defer h.log.mu.Unlock()
		if said := h.log.String(); strings.Contains(said, "stopped by its host") { // nobody has
			t.Error(said)
		}
	})
}

// However a host ends a run, everything of it is gone, what was in hand is put back at once,
// and the host's own actors live on.
func TestHostEndsARun(t *testing.T) {
	t.Parallel()
	ways := map[string]func(h *host, r *hosted){
		"stop":             func(h *host, r *hosted) { h.system.Root.Stop(r.pid) },
		"poison":           func(h *host, r *hosted) { h.system.Root.Poison(r.pid) },
		"stop, twice":      func(h *host, r *hosted) { h.system.Root.Stop(r.pid); h.system.Root.Stop(r.pid) },
		"message":          func(h *host, r *hosted) { h.system.Root.Send(r.pid, messages.Stop{Cause: po.Interrupted}) },
		"message and stop": func(h *host, r *hosted) { h.system.Root.Send(r.pid, messages.Drain{}); h.system.Root.Stop(r.pid) },
		"shutdown":         func(h *host, _ *hosted) { h.system.Shutdown() },
	}
	for name, end := range ways {
		for _, after := range []time.Duration{0, 500 * time.Millisecond, 3 * time.Second, 3300 * time.Millisecond} {
			t.Run(fmt.Sprint(name, " after ", after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h, _ := newHost()
					r := &hosted{scenario: scenario{workers: 4, orders: 100}}
					r.spawn(t, h)
					time.Sleep(after)
					begun := time.Now()
					end(h, r)
					r.wait(t)
					if took := time.Since(begun); took > 3*time.Second {
						t.Errorf("took %v", took)
					}
					if r.result.Cause != po.Interrupted || r.result.Open+r.result.Counts[po.Completed] != 100 {
						t.Errorf("ended %+v", r.result)
					}
					goOn(t, h, r)
					if _, lives := h.system.ProcessRegistry.Get(h.actor); !lives {
						t.Error("the host's actor is gone")
					}
					h.close()
				})
			})
		}
	}
}

// goOn runs the rest of a run that was ended: nothing of it is still leased.
func goOn(t *testing.T, h *host, was *hosted) {
	t.Helper()
	rest := &hosted{scenario: scenario{workers: 4, orders: 100, ledger: was.ledger}}
	claim, err := was.ledger.Claim(t.Context(), 100, time.Minute)
	if err != nil || len(claim.Leases) != was.result.Open {
		t.Errorf("%d orders can be claimed at once, of %d (%v)", len(claim.Leases), was.result.Open, err)
	}
	for _, l := range claim.Leases {
		if err := was.ledger.Release(t.Context(), l.Token, po.Failure{Cause: po.Interrupted}); err != nil {
			t.Error(err)
		}
	}
	if h.system.IsStopped() {
		return
	}
	rest.spawn(t, h)
	rest.wait(t)
	rest.want(t, "", 0, completed(was.result.Open))
}

// A run can be a child of an actor of the host's, and ends with it.
func TestRunAsAChild(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHost()
		r := &hosted{scenario: scenario{workers: 2, orders: 50}, ended: make(chan struct{})}
		cfg := r.config(t, nil)
		cfg.OnEnd = func(messages.RunEnded) { close(r.ended) }
		if _, err := h.system.Root.RequestFuture(h.actor, spawn{Props(cfg)}, time.Second).Result(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		h.close()
		r.wait(t)
	})
}

// What a run does not know it ignores.
func TestUnknownMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHost()
		r := &hosted{scenario: scenario{workers: 2, orders: 10}}
		r.spawn(t, h)
		strange := []any{"hello", 7, &messages.Stop{}, messages.OrderRead{}, messages.RunEnded{}, &actor.Terminated{Who: h.actor}}
		for _, m := range strange {
			h.system.Root.Send(r.pid, m)
			h.system.Root.RequestFuture(r.pid, m, time.Second)
			time.Sleep(200 * time.Millisecond)
		}
		r.wait(t)
		r.want(t, "", 0, completed(10))
		h.close()
	})
}

// A host whose handlers panic ends its own run; others go on.
func TestPanicsOfAHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHost()
		bad, good := &hosted{scenario: scenario{workers: 2, orders: 10}}, &hosted{scenario: scenario{workers: 2, orders: 10}}
		bad.ended = make(chan struct{})
		cfg := bad.config(t, nil)
		cfg.OnEvent = func(event any) {
			if _, ok := event.(messages.OrderSettled); ok {
				panic("the host's own")
			}
		}
		cfg.OnEnd = func(end messages.RunEnded) {
			bad.result = end
			defer close(bad.ended)
			panic("once more")
		}
		h.system.Root.Spawn(Props(cfg))
		good.spawn(t, h)
		<-bad.ended
		good.wait(t)
		good.want(t, "", 0, completed(10))
		if bad.result.Cause != po.Internal || !strings.Contains(bad.result.Detail, "the host's own") {
			t.Errorf("ended %+v", bad.result)
		}
		bad.check(t)
		h.close()
	})
}

// The same run is not begun twice.
func TestSpawnedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHost()
		s := &scenario{workers: 2, orders: 10}
		cfg := s.config(t, nil)
		ends := 0
		cfg.OnEnd = func(messages.RunEnded) { ends++ }
		props := Props(cfg)
		h.system.Root.Spawn(props)
		if err := h.system.Root.StopFuture(h.system.Root.Spawn(props)).Wait(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s.check(t)
		if n := len(all[messages.OrderSettled](s)); n != 10 || ends != 1 {
			t.Errorf("%d orders settled, %d ends", n, ends)
		}
		h.close()
	})
}

// The log of the host's system has neither credentials nor the query of an address: what comes
// too late is a dead letter, which the system logs.
func TestHostsLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHost()
		secret := po.Reading{Sign: po.SignAttachments, URL: "http://portal/order?token=a-secret",
			Credentials: po.Credentials{Header: http.Header{"Cookie": {"a-secret"}}},
			Attachments: []po.Attachment{{ID: "a", URL: "http://portal/file?token=a-secret"}}}
		r := &hosted{scenario: scenario{workers: 3, orders: 40}}
		r.browsers = &fakeBrowsers{read: func(context.Context, *fakeSession, po.Key, int) (po.Reading, error) {
			time.Sleep(time.Minute) // it minds no context, and comes back when its worker has gone
			return secret, nil
		}}
		r.spawn(t, h)
		time.Sleep(2 * time.Second)
		h.system.Root.Stop(r.pid)
		r.wait(t)
		time.Sleep(time.Hour)
		for _, late := range []any{
			messages.OrderRead{Reading: secret}, messages.ReadPage{Credentials: secret.Credentials, Order: po.Order{Key: "a-secret"}},
			messages.FetchFiles{Job: po.FetchJob{Attachments: secret.Attachments}}, messages.ReadOrder{ByBrowser: []string{"a-secret"}},
			messages.PageRead{Page: po.PageReading{Reading: secret}},
			messages.FilesFetched{Result: po.FetchResult{Saved: po.Saved{Files: []po.File{{URL: "?token=a-secret"}}}}},
		} {
			h.system.Root.Send(r.pid, late)
		}
		h.system.Root.Send(r.pid, "a dead letter")
		h.close()
		if text := h.log.String(); strings.Contains(text, "a-secret") || !strings.Contains(text, "a dead letter") {
			t.Errorf("the host's log: %s", text)
		}
	})
}
