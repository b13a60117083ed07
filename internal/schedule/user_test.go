package schedule

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// In a pause what is in hand is finished, nothing more is begun, and the run neither ends
// nor is told twice; then it goes on. A drain ends a paused run.
func TestPause(t *testing.T) {
	t.Parallel()
	for _, drain := range []bool{false, true} {
		rapid.Check(t, func(t *rapid.T) {
			sim := newSimulator(t, 8, 2)
			for range rapid.IntRange(0, 20).Draw(t, "steps") {
				sim.step()
			}
			sim.pause()
			if fx := sim.scheduler.Pause(sim.now); fx != nil {
				t.Fatalf("paused twice: %v", fx)
			}
			for sim.step() {
			}
			settled := len(sim.settled)
			if sim.ends > 0 && len(sim.open) > 0 {
				t.Fatal("the run ended in a pause")
			}
			sim.now = sim.now.Add(time.Hour)
			sim.do(sim.scheduler.Wake(sim.now))
			if sim.step() || len(sim.settled) != settled {
				t.Fatal("something goes on in a pause")
			}
			if drain {
				sim.drained = true
				sim.do(sim.scheduler.Drain(po.Interrupted, "test", sim.now))
				for sim.step() {
				}
				if sim.ends != 1 || len(sim.settled) != settled {
					t.Fatalf("ended %d times, %d settled after the pause", sim.ends, len(sim.settled)-settled)
				}
				return
			}
			sim.finish()
			if len(sim.settled) != 8 {
				t.Fatalf("%d settled", len(sim.settled))
			}
		})
	}
}

// step lets the next thing happen that is due, all of it well; false if nothing is.
func (sim *simulator) step() bool {
	switch {
	case sim.claim(), sim.write(false):
	case len(sim.reads) > 0:
		sim.read(0, po.SignAttachments, po.ReadFailure{})
	case len(sim.fetches) > 0:
		sim.fetch(0, nil, "")
	default:
		return false
	}
	return true
}

// The pool follows the user's wish, which is told once, and never has no worker.
func TestSetWorkers(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	s := New(Config{Attempts: 3, Workers: 2, Random: func() float64 { return 0.5 }})
	s.Begin(now)
	for _, c := range []struct {
		wish, want int
		told       bool
	}{{4, 4, true}, {4, 4, false}, {1, 1, true}, {0, 1, false}, {-3, 1, false}, {3, 3, true}} {
		var requested []messages.WorkersRequested
		for _, e := range s.SetWorkers(c.wish, now) {
			if n, ok := e.(Notify); ok {
				if r, ok := n.Event.(messages.WorkersRequested); ok {
					requested = append(requested, r)
				}
			}
		}
		if told := len(requested) == 1 && requested[0].To == c.want; told != c.told || s.workers.active() != c.want {
			t.Errorf("wish for %d: %d workers, told %v", c.wish, s.workers.active(), requested)
		}
	}
	none := New(Config{Attempts: 3, Random: func() float64 { return 0.5 }})
	none.Begin(now)
	if fx := none.SetWorkers(2, now); fx != nil {
		t.Errorf("where no worker is needed: %v", fx)
	}
}
