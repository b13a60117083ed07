package resource

import "time"

// State is what Decide remembers from one decision to the next. Its zero value
// is that of a run that begins.
type State struct {
	at   time.Time // of the last sample
	wish int       // then

	cpu    mean    // share of the cores in use
	own    mean    // share of the cores that our processes use
	memory mean    // share of the memory in use
	now    float64 // the same, not smoothed
	// filling counts samples in a row that rise towards the full. One alone may
	// be the jump of a browser's start.
	filling int

	workers  int
	reason   Reason // why there are no more
	text     string
	pressed  time.Time     // since when the CPU is short by our doing; zero if it is not
	roomy    time.Time     // since when there is room for another worker; zero if there is none
	cut      time.Time     // when a worker was last taken away
	grown    time.Time     // when one last came back; zero if one was taken away since
	patience time.Duration // how long there must be room

	told Decision // the last one
}

// take takes in a sample and smooths it. What could not be read leaves the means
// as they are.
func (p Policy) take(s State, x Sample, now time.Time) State {
	dt := now.Sub(s.at)
	if s.at.IsZero() {
		dt = 0
		s.workers, s.reason, s.patience = x.Wish, ByUser, patienceLeast
	}
	if m := x.Usage.Memory; m.TotalBytes > 0 {
		s.memory = s.memory.add(m.Share, dt, memoryMemory)
		s.filling++
		if !p.fills(s, m.Share, dt) {
			s.filling = 0
		}
		s.now = m.Share
	}
	if c := x.Usage.CPU; c.Cores > 0 {
		s.cpu = s.cpu.add(c.Share, dt, cpuMemory)
		s.own = s.own.add(share(x.Usage.OwnCores, c.Cores), dt, cpuMemory)
	}
	s.at, s.wish = now, x.Wish
	if s.workers >= x.Wish {
		s.workers, s.reason, s.text = x.Wish, ByUser, ""
	}
	return s
}

// nextPatience is how long to wait before the next attempt to have more, after
// one that was taken back so long after it was made: twice as long, so that
// nothing flaps, or half as long if it had proved itself.
func nextPatience(patience, after, least, most time.Duration) time.Duration {
	if after < proof*patience {
		return min(2*patience, most)
	}
	return max(patience/2, least)
}

// shrink takes a worker away.
func (s State) shrink(why Reason, text string) State {
	if !s.grown.IsZero() {
		s.patience = nextPatience(s.patience, s.at.Sub(s.grown), patienceLeast, patienceMost)
	}
	s.workers--
	s.cut, s.grown, s.roomy = s.at, time.Time{}, time.Time{}
	s.reason, s.text = why, text
	return s
}

// grow brings a worker back.
func (s State) grow(text string) State {
	s.workers++
	s.grown, s.roomy = s.at, s.at
	s.text = text
	if s.workers == s.wish || s.reason == ByUser {
		s.reason, s.text = ByUser, ""
	}
	return s
}

// settled says that the last worker taken away is gone, and so long that the
// numbers show it.
func (s State) settled(running int, settle time.Duration) bool {
	since := s.at.Sub(s.cut)
	return s.cut.IsZero() || since >= settle && (running <= s.workers || since >= leaving)
}
