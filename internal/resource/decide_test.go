package resource

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// steady is a capacity that has had so many of four workers for an hour, at a
// usage that did not change.
func steady(workers int, u Usage) Capacity {
	c := NewCapacity(4).measure(u, start.Add(-time.Second))
	c.workers, c.removed = workers, start.Add(-time.Hour)
	if workers < 4 {
		c.reason, c.text = ByMemory, "for a reason"
	}
	return c
}

func TestDecide(t *testing.T) {
	t.Parallel()
	calm := usage(0.4, 0.3, 0.4)
	pressed := func(c Capacity, since time.Duration) Capacity { c.strainedSince = start.Add(-since); return c }
	roomy := func(c Capacity, since time.Duration) Capacity { c.roomSince = start.Add(-since); return c }
	cut := func(c Capacity, ago time.Duration) Capacity { c.removed = start.Add(-ago); return c }
	for _, c := range []struct {
		name    string
		state   Capacity
		usage   Usage
		running int
		workers int
		binds   Reason
		text    string
	}{
		{"begins with the wish", NewCapacity(4), calm, 0, 4, ByUser, "4 workers, as asked for"},
		{"begins with the wish, whatever the load", NewCapacity(4), usage(1, 1, 0.2), 0, 4, ByUser, "4 workers"},
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
		d := Decide(c.state.Observe(Sample{Usage: c.usage, Running: c.running, PortalLimit: 4}, start), open, start)
		if d.Workers != c.workers || d.Reading != c.workers || d.LimitedBy != c.binds || !strings.Contains(d.Text, c.text) {
			t.Errorf("%s: %d workers, %d reading, %s: %q; want %d, %s: %q", c.name, d.Workers, d.Reading, d.LimitedBy, d.Text, c.workers, c.binds, c.text)
		}
	}
}

// The portal limits what is read at once, not the browsers that are kept.
func TestDecideWithPortal(t *testing.T) {
	t.Parallel()
	calm := usage(0.4, 0.3, 0.4)
	paused := Portal{limit: 2, reason: "the portal asked for a pause of 30 s", notBefore: start.Add(time.Minute)}
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
		{"a slow one", Portal{limit: 1, reason: "the portal answers in 3.0 s"}, 4, 1, false, ByPortal, "the portal answers in 3.0 s: 1 order at once instead of 4"},
		{"a pause", paused, 4, 2, true, ByPortal, "a pause of 30 s: 2 orders at once instead of 4"},
		{"a pause for one worker", paused, 1, 1, true, ByPortal, "the portal asked for a pause of 30 s"},
		{"a pause that is over", Portal{limit: 9, notBefore: start.Add(-time.Second)}, 4, 4, false, ByUser, ""},
	} {
		d := Decide(NewCapacity(c.wish).Observe(Sample{Usage: calm, PortalLimit: c.portal.Limit(c.wish)}, start), c.portal, start)
		if d.Workers != c.wish || d.Reading != c.reading || d.NotBefore.IsZero() == c.hold || d.LimitedBy != c.binds || !strings.Contains(d.Text, c.text) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// A short CPU makes times say nothing.
func TestStrained(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]bool{0.79: false, 0.95: true} {
		if c := NewCapacity(4).Observe(Sample{Usage: usage(share, 0.1, 0.1), PortalLimit: 4}, start); c.Strained() != want {
			t.Errorf("at %v: %v", share, c.Strained())
		}
	}
}

// Whatever is measured: never below one, never above the wish, one step at a
// time, a reason from the closed set that fits, and no flapping.
func TestDecideProperties(t *testing.T) {
	t.Parallel()
	share := rapid.Float64Range(0, 1)
	rapid.Check(t, func(t *rapid.T) {
		var steps []step
		wish := rapid.IntRange(1, 16).Draw(t, "wish")
		c, last, at := NewCapacity(wish), wish, time.Duration(0)
		var u Usage
		for range rapid.IntRange(1, 60).Draw(t, "phases") {
			u = usage(share.Draw(t, "cpu"), share.Draw(t, "own"), share.Draw(t, "memory"))
			portal := Portal{limit: rapid.IntRange(0, 20).Draw(t, "limit")}
			running := rapid.IntRange(0, 20).Draw(t, "running")
			for range rapid.IntRange(1, 180).Draw(t, "samples") {
				at += time.Second
				c = c.Observe(Sample{Usage: u, Running: running, PortalLimit: portal.Limit(wish)}, start.Add(at))
				d := Decide(c, portal, start.Add(at))
				checkDecision(t, d, wish, last)
				last = d.Workers
				steps = append(steps, step{at, d})
			}
		}
		// Every turn down follows a turn up, which takes a minute of room.
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
	case (d.Reading == wish) != (d.LimitedBy == ByUser):
		t.Fatalf("of %d: %+v", wish, d)
	case d.LimitedBy != ByUser && d.LimitedBy != ByMemory && d.LimitedBy != ByCPU && d.LimitedBy != ByPortal, d.Text == "":
		t.Fatalf("no reason: %+v", d)
	}
}

// A worker that goes for want of memory goes for that, also while the portal is
// what binds the orders.
func TestDecideTellsWhyWorkersGo(t *testing.T) {
	t.Parallel()
	paced := Portal{limit: 2, reason: "it is slow"}
	c := NewCapacity(4).Observe(Sample{Usage: usage(0.1, 0.05, 0.4), Running: 4, PortalLimit: 2}, start)
	d := Decide(c, paced, start)
	if d.Workers != 4 || d.Reading != 2 || d.LimitedBy != ByPortal {
		t.Fatalf("%+v", d)
	}
	for i := 1; i < 60 && d.Workers == 4; i++ {
		now := start.Add(time.Duration(i) * time.Second)
		c = c.Observe(Sample{Usage: usage(0.1, 0.05, 0.95), Running: 4, PortalLimit: 2}, now)
		d = Decide(c, paced, now)
	}
	if d.Workers != 3 || d.Reading != 2 || d.LimitedBy != ByMemory || !strings.Contains(d.Text, "memory is at") {
		t.Errorf("%+v", d)
	}
}

// A sharp rise takes one worker at once.
func TestSharpRiseTakesOne(t *testing.T) {
	t.Parallel()
	c := NewCapacity(4)
	for i, share := range []float64{0.60, 0.70, 0.80, 0.86, 0.92} {
		c = c.Observe(Sample{Usage: usage(0.1, 0.05, share), Running: 4, PortalLimit: 4}, start.Add(time.Duration(i)*time.Second))
	}
	if d := Decide(c, open, start); d.Workers != 3 {
		t.Errorf("%+v", d)
	}
}

// Another number of workers may be asked for: more come at once where nothing limits, and
// one by one where something does; fewer always go at once.
func TestRequest(t *testing.T) {
	t.Parallel()
	c := NewCapacity(4).Request(6)
	if c.workers != 6 || c.reason != ByUser {
		t.Errorf("more, unlimited: %d by %s", c.workers, c.reason)
	}
	c = c.remove(ByMemory, "memory is at 93 %").Request(8)
	if c.workers != 5 || c.reason != ByMemory || c.text == "" {
		t.Errorf("more, limited: %d by %s", c.workers, c.reason)
	}
	if c = c.Request(6); c.workers != 5 || c.reason != ByMemory {
		t.Errorf("fewer, and more than is borne: %d by %s", c.workers, c.reason)
	}
	if c = c.Request(2); c.workers != 2 || c.reason != ByUser || c.text != "" {
		t.Errorf("fewer than is borne: %d by %s: %s", c.workers, c.reason, c.text)
	}
	if c = c.Request(0); c.workers != 1 {
		t.Errorf("none: %d", c.workers)
	}
}
