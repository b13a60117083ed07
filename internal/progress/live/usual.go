package live

import (
	"slices"
	"time"
)

const (
	usualOf      = 50              // the latest, of which the usual time is taken
	usualEnough  = 3               // fewer say nothing
	usualDefault = 5 * time.Second // as long as nothing is known
	// patience is how much longer than usual a step may take before that is shown, and how
	// long a file may stand still.
	patience = 2 * time.Second
)

// durations are how long a step took, the latest.
type durations struct{ list []time.Duration }

// lasted takes in how long a step took; 0 says nothing.
func (s *State) lasted(x step, took time.Duration) {
	if took <= 0 {
		return
	}
	d := s.usual[x]
	if d == nil {
		d = &durations{}
		s.usual[x] = d
	}
	d.list = append(d.list, took)
	d.list = d.list[max(0, len(d.list)-usualOf):]
}

// usually is how long a step takes: nine of ten take less.
func (s *State) usually(x step) time.Duration {
	d := s.usual[x]
	if d == nil || len(d.list) < usualEnough {
		return usualDefault
	}
	sorted := slices.Sorted(slices.Values(d.list))
	return sorted[len(sorted)*9/10]
}

// isSlow reports whether a worker's step takes longer than it should.
func (s *State) isSlow(w *worker, now time.Time) bool {
	switch w.step {
	case idle, restarts:
		return false
	}
	return now.Sub(w.since) > s.usually(w.step)+patience
}

// isStalled reports whether nothing has come of an order's files for too long.
func (s *State) isStalled(f *fetch, now time.Time) bool {
	if f.moved {
		return now.Sub(f.sign) > patience
	}
	return now.Sub(f.since) > s.usually(fetching)+patience
}
