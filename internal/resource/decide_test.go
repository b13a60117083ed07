package resource

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// steady is a state that has had so many of four workers for an hour, at a usage
// that did not change.
func steady(workers int, u Usage) State {
	s, _ := Policy{}.Decide(State{}, Sample{Usage: u, Wish: 4, Running: workers, Portal: open}, start.Add(-time.Hour))
	s.at, s.workers, s.cut = start.Add(-time.Second), workers, start.Add(-time.Hour)
	if workers < 4 {
		s.reason, s.text = ByMemory, "for a reason"
	}
	return s
}

func TestDecide(t *testing.T) {
	t.Parallel()
	calm := usage(0.4, 0.3, 0.4)
	pressed := func(s State, since time.Duration) State { s.pressed = start.Add(-since); return s }
	roomy := func(s State, since time.Duration) State { s.roomy = start.Add(-since); return s }
	cut := func(s State, ago time.Duration) State { s.cut = start.Add(-ago); return s }
	for _, c := range []struct {
		name    string
		state   State
		usage   Usage
		running int
		workers int
		binds   Reason
		text    string
	}{
		{"begins with the wish", State{}, calm, 0, 4, ByUser, "4 workers, as asked for"},
		{"begins with the wish, whatever the load", State{}, usage(1, 1, 0.2), 0, 4, ByUser, "4 workers"},
		{"calm", steady(4, calm), calm, 4, 4, ByUser, "4 workers, as asked for"},
		{"memory at the threshold", steady(4, usage(0, 0, 0.9)), usage(0, 0, 0.9), 4, 3, ByMemory, "memory is at 90 % of the machine's 8.0 GB: 3 workers instead of 4"},
		{"memory below it", steady(4, usage(0, 0, 0.89)), usage(0, 0, 0.89), 4, 4, ByUser, ""},
		{"a peak of memory is smoothed", steady(4, calm), usage(0, 0, 0.92), 4, 4, ByUser, ""},
		{"memory nearly full, at once", steady(4, calm), usage(0, 0, 0.96), 4, 3, ByMemory, "memory is at 96 %"},
		{"the last cut must show", cut(steady(3, usage(0, 0, 0.92)), 4*time.Second), usage(0, 0, 0.92), 3, 3, ByMemory, "for a reason"},
		{"the last cut has shown", cut(steady(3, usage(0, 0, 0.92)), 5*time.Second), usage(0, 0, 0.92), 3, 2, ByMemory, "2 workers instead of 3"},
		{"the last one has not gone", cut(steady(3, usage(0, 0, 0.92)), 9*time.Second), usage(0, 0, 0.92), 4, 3, ByMemory, "for a reason"},
		{"the last one does not go", cut(steady(3, usage(0, 0, 0.92)), 15*time.Second), usage(0, 0, 0.92), 4, 2, ByMemory, "2 workers"},
		{"nearly full waits for nobody", cut(steady(3, usage(0, 0, 0.96)), 2*time.Second), usage(0, 0, 0.96), 4, 2, ByMemory, "96 %"},
		{"never below one", steady(1, usage(1, 1, 1)), usage(1, 1, 1), 1, 1, ByMemory, "for a reason"},
		{"CPU too short a time", pressed(steady(4, usage(0.9, 0.9, 0)), 19*time.Second), usage(0.9, 0.9, 0), 4, 4, ByUser, ""},
		{"CPU for long", pressed(steady(4, usage(0.9, 0.81, 0)), 40*time.Second), usage(0.9, 0.81, 0), 4, 3, ByCPU, "the CPU has been at 90 % of the machine's 2 cores for 40 s, 90 % of it ours: 3 workers instead of 4"},
		{"CPU, and we have half", pressed(steady(4, usage(0.9, 0.45, 0)), time.Minute), usage(0.9, 0.45, 0), 4, 3, ByCPU, "50 % of it ours"},
		{"CPU, and others have more", pressed(steady(4, usage(0.99, 0.45, 0)), time.Minute), usage(0.99, 0.45, 0), 4, 4, ByUser, ""},
		{"CPU, and nobody knows whose", pressed(steady(4, usage(0.9, 0, 0)), time.Minute), usage(0.9, 0, 0), 4, 3, ByCPU, "for 60 s: 3 workers"},
		{"CPU, the last cut must show", cut(pressed(steady(3, usage(0.9, 0.9, 0)), time.Minute), 29*time.Second), usage(0.9, 0.9, 0), 3, 3, ByMemory, ""},
		{"memory comes before CPU", pressed(steady(4, usage(0.9, 0.9, 0.9)), time.Minute), usage(0.9, 0.9, 0.9), 4, 3, ByMemory, "memory"},
		{"room, too short a time", roomy(steady(3, calm), 59*time.Second), calm, 3, 3, ByMemory, "for a reason"},
		{"room for long", roomy(steady(3, calm), time.Minute), calm, 3, 4, ByUser, "4 workers, as asked for"},
		{"room for one of two", roomy(steady(2, calm), time.Minute), calm, 2, 3, ByMemory, "memory is at 40 % and the CPU at 40 %: 3 workers again"},
		{"no room for its memory", roomy(steady(3, usage(0, 0, 0.83)), time.Hour), usage(0, 0, 0.83), 3, 3, ByMemory, ""},
		{"no room for its CPU", roomy(steady(3, usage(0.6, 0.6, 0)), time.Hour), usage(0.6, 0.6, 0), 3, 3, ByMemory, ""},
		{"nothing could be read", steady(4, usage(1, 1, 1)), Usage{}, 4, 4, ByUser, ""},
	} {
		_, d := Policy{}.Decide(c.state, Sample{Usage: c.usage, Wish: 4, Running: c.running, Portal: open}, start)
		if d.Workers != c.workers || d.Reading != c.workers || d.Binds != c.binds || !strings.Contains(d.Text, c.text) {
			t.Errorf("%s: %d workers, %d reading, %s: %q; want %d, %s: %q", c.name, d.Workers, d.Reading, d.Binds, d.Text, c.workers, c.binds, c.text)
		}
	}
}

// The portal limits what is read at once, not the browsers that are kept.
func TestDecideWithPortal(t *testing.T) {
	t.Parallel()
	calm := usage(0.4, 0.3, 0.4)
	paused := Portal{limit: 2, why: "the portal asked for a pause of 30 s", notBefore: start.Add(time.Minute)}
	for _, c := range []struct {
		name    string
		portal  Portal
		wish    int
		reading int
		hold    bool
		binds   Reason
		text    string
	}{
		{"a new portal", Portal{}, 8, 4, false, ByPortal, "how fast the portal is must show first: 4 orders at once instead of 8"},
		{"a new portal and the usual pool", Portal{}, 4, 4, false, ByUser, "4 workers, as asked for"},
		{"a slow one", Portal{limit: 1, why: "the portal answers in 3.0 s"}, 4, 1, false, ByPortal, "the portal answers in 3.0 s: 1 order at once instead of 4"},
		{"a pause", paused, 4, 2, true, ByPortal, "a pause of 30 s: 2 orders at once instead of 4"},
		{"a pause for one worker", paused, 1, 1, true, ByPortal, "the portal asked for a pause of 30 s"},
		{"a pause that is over", Portal{limit: 9, notBefore: start.Add(-time.Second)}, 4, 4, false, ByUser, ""},
	} {
		_, d := Policy{}.Decide(State{}, Sample{Usage: calm, Wish: c.wish, Portal: c.portal}, start)
		if d.Workers != c.wish || d.Reading != c.reading || d.NotBefore.IsZero() == c.hold || d.Binds != c.binds || !strings.Contains(d.Text, c.text) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// A wish may change while a run goes on: it is followed down at once, up one by
// one as far as there is room.
func TestDecideFollowsTheWish(t *testing.T) {
	t.Parallel()
	roomy, narrow := usage(0.1, 0.05, 0.4), usage(0.1, 0.05, 0.88)
	var s State
	for i, c := range []struct {
		usage   Usage
		wish    int
		workers int
		binds   Reason
		changed bool
	}{
		{roomy, 4, 4, ByUser, true}, {roomy, 2, 2, ByUser, true}, {roomy, 2, 2, ByUser, false},
		{roomy, 5, 3, ByUser, true}, {roomy, 5, 4, ByUser, true}, {roomy, 5, 5, ByUser, true},
		{narrow, 5, 5, ByUser, false}, {narrow, 6, 6, ByUser, true}, // the mean has still room
		{narrow, 6, 6, ByUser, false}, {narrow, 7, 7, ByUser, true},
		{narrow, 7, 7, ByUser, false}, {narrow, 7, 7, ByUser, false}, {narrow, 7, 7, ByUser, false}, {narrow, 7, 7, ByUser, false},
		{narrow, 8, 7, ByMemory, true}, {narrow, 8, 7, ByMemory, false}, {narrow, 7, 7, ByUser, true}, {narrow, 0, 1, ByUser, true},
	} {
		var d Decision
		s, d = Policy{}.Decide(s, Sample{Usage: c.usage, Wish: c.wish, Running: s.workers, Portal: open}, start.Add(time.Duration(i)*time.Second))
		if d.Workers != c.workers || d.Binds != c.binds || d.Changed != c.changed {
			t.Errorf("step %d: %+v, want %+v", i, d, c)
		}
	}
}

// A policy of its own thresholds keeps to them.
func TestDecideThresholds(t *testing.T) {
	t.Parallel()
	p := Policy{CPU: 0.99, Memory: 0.5}
	steps := simulate(p, 4, 5*time.Minute, func(time.Duration, int) Usage { return usage(0.97, 0.97, 0.4) })
	if least := fewest(steps, 0); least != 4 {
		t.Errorf("%d workers at 97 %% CPU", least)
	}
	steps = simulate(p, 4, 5*time.Minute, func(time.Duration, int) Usage { return usage(0.1, 0.1, 0.51) })
	if least := fewest(steps, 0); least != 1 {
		t.Errorf("%d workers at 51 %% memory", least)
	}
	s, _ := p.Decide(State{}, Sample{Usage: usage(0.95, 0.9, 0.1), Wish: 4}, start)
	if p.Strained(s) || !(Policy{}).Strained(s) {
		t.Error("95 % CPU strains the wrong policy")
	}
}

// Whatever is measured: never below one, never above the wish, one step at a
// time, a reason from the closed set that fits, and no flapping.
func TestDecideProperties(t *testing.T) {
	t.Parallel()
	share := rapid.Float64Range(0, 1)
	rapid.Check(t, func(t *rapid.T) {
		var s State
		var steps []step
		wish := rapid.IntRange(1, 16).Draw(t, "wish")
		last, at := wish, time.Duration(0)
		var u Usage
		for range rapid.IntRange(1, 60).Draw(t, "phases") {
			u = usage(share.Draw(t, "cpu"), share.Draw(t, "own"), share.Draw(t, "memory"))
			portal := Portal{limit: rapid.IntRange(0, 20).Draw(t, "limit")}
			running := rapid.IntRange(0, 20).Draw(t, "running")
			for range rapid.IntRange(1, 180).Draw(t, "samples") {
				at += time.Second
				var d Decision
				s, d = Policy{}.Decide(s, Sample{Usage: u, Wish: wish, Running: running, Portal: portal}, start.Add(at))
				checkDecision(t, d, wish, last)
				last = d.Workers
				steps = append(steps, step{at, d})
			}
		}
		// Every turn down follows a turn up, which takes a minute of room, and
		// soon two; see nextPatience.
		if n := turns(steps); float64(n) > 2+30*at.Hours() {
			t.Fatalf("%d turns in %v", n, at)
		}
	})
}

func checkDecision(t *rapid.T, d Decision, wish, last int) {
	switch {
	case d.Workers < 1 || d.Workers > wish || d.Reading < 1 || d.Reading > d.Workers:
		t.Fatalf("of %d: %+v", wish, d)
	case d.Workers > last+1 || d.Workers < last-1:
		t.Fatalf("from %d in one step: %+v", last, d)
	case (d.Reading == wish) != (d.Binds == ByUser):
		t.Fatalf("of %d: %+v", wish, d)
	case d.Binds != ByUser && d.Binds != ByMemory && d.Binds != ByCPU && d.Binds != ByPortal, d.Text == "":
		t.Fatalf("no reason: %+v", d)
	}
}

// A worker that goes for want of memory goes for that, also while the portal is
// what binds the orders.
func TestDecideTellsWhyWorkersGo(t *testing.T) {
	t.Parallel()
	paced := Portal{limit: 2, why: "it is slow"}
	s, d := Policy{}.Decide(State{}, Sample{Usage: usage(0.1, 0.05, 0.4), Wish: 4, Running: 4, Portal: paced}, start)
	if d.Workers != 4 || d.Reading != 2 || d.Binds != ByPortal {
		t.Fatalf("%+v", d)
	}
	for i := 1; i < 60 && d.Workers == 4; i++ {
		s, d = Policy{}.Decide(s, Sample{Usage: usage(0.1, 0.05, 0.95), Wish: 4, Running: 4, Portal: paced}, start.Add(time.Duration(i)*time.Second))
	}
	if d.Workers != 3 || d.Reading != 2 || d.Binds != ByMemory || !strings.Contains(d.Text, "memory is at") {
		t.Errorf("%+v", d)
	}
}

// Answers of the portal between two looks at the machine hide no sharp rise of
// its memory.
func TestAnswersHideNoRise(t *testing.T) {
	t.Parallel()
	decide := func(answers int) int {
		var s State
		var d Decision
		for i, share := range []float64{0.60, 0.70, 0.80, 0.86, 0.92} {
			now := start.Add(time.Duration(i) * time.Second)
			x := Sample{Usage: usage(0.1, 0.05, share), Wish: 4, Running: 4}
			s, d = Policy{}.Decide(s, x, now)
			for n := range answers {
				s, d = Policy{}.Again(s, x, now.Add(time.Duration(n+1)*100*time.Millisecond))
			}
		}
		return d.Workers
	}
	if alone, beside := decide(0), decide(5); alone != 3 || beside != alone {
		t.Errorf("%d workers without answers, %d beside some", alone, beside)
	}
}
