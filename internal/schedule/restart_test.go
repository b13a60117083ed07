package schedule

import (
	"testing"
	"time"
)

func TestRestartDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		failures int
		inRow    int
		lived    bool
		want     time.Duration
		giveUp   bool
	}{
		{"first", 1, 1, true, 0, false},
		{"second", 2, 2, true, 500 * time.Millisecond, false},
		{"doubles", 4, 4, true, 2 * time.Second, false},
		{"at the limit", 5, 5, true, 4 * time.Second, false},
		{"past it", 6, 6, true, 0, true},
		{"had worked meanwhile", 5, 1, true, 0, false},
		{"past it, had worked", 6, 1, true, 0, true},
		{"nothing ever lived", 1, 1, false, 0, false},
		{"nothing ever lived, twice", 2, 2, false, 0, true},
	} {
		got, giveUp := restartDelay(c.failures, c.inRow, c.lived, 0)
		if got != c.want || giveUp != c.giveUp {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, giveUp, c.want, c.giveUp)
		}
	}
	for inRow, longest := range map[int]time.Duration{1: restartBase / 2, 3: 2 * time.Second} {
		if d, _ := restartDelay(inRow, inRow, true, 0.999); d > longest || d < longest/3 {
			t.Errorf("jitter makes the pause after %d failures %v", inRow, d)
		}
	}
}

// A worker is given up for failures within two minutes; the pause is for those in a row.
func TestRestarts(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var r Restarts
	for i := range 2 * RestartLimit { // too far apart to be given up
		now = now.Add(restartWindow/RestartLimit + time.Second)
		if _, giveUp := r.Failed(now, true, 0); giveUp {
			t.Fatalf("given up at failure %d", i+1)
		}
	}
	now = now.Add(2 * restartWindow)
	for i := range RestartLimit {
		now = now.Add(time.Second)
		r.Worked() // between any two
		if pause, giveUp := r.Failed(now, true, 0.5); giveUp || pause > restartBase {
			t.Errorf("failure %d: %v, %v", i+1, pause, giveUp)
		}
	}
	if _, giveUp := r.Failed(now, true, 0); !giveUp {
		t.Error("never given up")
	}
}
