package resource

import (
	"fmt"
	"time"
)

// Decide says how many workers there should be. It is a pure function: the same
// state, sample and time always give the same decision. Workers go one by one
// under pressure and come back one by one when there has been room for a while.
//
// Memory: the smoothed share counts, and a sharp rise at once, whoever uses it,
// since the system ends a browser when there is none left.
//
// CPU: only what lasts, and only while at least half of what is in use is ours.
// A start that saturates the cores passes by itself. Where others keep them
// busy, we yield until we have no more than they do; to yield further would
// starve the run and relieve nobody. What our workers need for their work is
// pressure all the same while it stays above the threshold: the rest of the
// machine is meant for its user. Who wants every core may raise it.
func (p Policy) Decide(s State, x Sample, now time.Time) (State, Decision) {
	p = p.withDefaults()
	x.Wish = max(x.Wish, 1)
	s = p.take(s, x, now)
	s.pressed = since(s.pressed, x.Usage.CPU.Cores > 0 && p.strains(s), now)
	lacks := p.lacks(s, x)
	s.roomy = since(s.roomy, lacks == "", now)
	switch {
	case s.workers > 1 && p.memoryPresses(s, x):
		s = s.shrink(ByMemory, memoryText(s, x))
	case s.workers > 1 && p.cpuPresses(s, x):
		s = s.shrink(ByCPU, cpuText(s, x))
	case s.workers < x.Wish && s.mayGrow():
		s = s.grow(growthText(s, x))
	case s.workers < x.Wish && s.reason == ByUser: // the wish has grown, and cannot be met
		s.reason, s.text = lacks, lackText(s, x, lacks)
	}
	return s.tell(x)
}

// Again is Decide where only the portal has changed since the last sample: what
// was measured then is not measured again.
func (p Policy) Again(s State, x Sample, now time.Time) (State, Decision) {
	asked := s
	asked.at = now
	asked, d := asked.tell(x)
	s.told = asked.told
	return s, d
}

// Strained reports whether the CPU is so short that the time a page takes says
// nothing about the portal.
func (p Policy) Strained(s State) bool { return s.cpu.value >= p.withDefaults().CPU }

// since keeps the moment from which on something is so.
func since(from time.Time, so bool, now time.Time) time.Time {
	switch {
	case !so:
		return time.Time{}
	case from.IsZero():
		return now
	}
	return from
}

// memoryPresses waits for the last worker to be gone, but not where the memory
// is about to be full.
func (p Policy) memoryPresses(s State, x Sample) bool {
	if x.Usage.Memory.TotalBytes == 0 {
		return false
	}
	if s.now >= (1+p.Memory)/2 || s.filling >= 2 {
		return s.cut.IsZero() || s.at.Sub(s.cut) >= memoryUrgent
	}
	return s.memory.value >= p.Memory && s.settled(x.Running, memorySettle)
}

// fills says that memory is nearly short and rises so fast that it would be full
// within a few seconds: both since the sample before and by how far the mean
// lags, which noise does not make it do. The rise of a browser that has just
// come back was counted in.
func (p Policy) fills(s State, share float64, dt time.Duration) bool {
	if dt <= 0 || share < p.Memory-2*margin || s.at.Add(dt).Sub(s.grown) < memoryHorizon {
		return false
	}
	rise := min((share-s.now)/dt.Seconds(), (share-s.memory.value)/memoryMemory.Seconds())
	return rise > 0 && (1-share)/rise <= memoryHorizon.Seconds()
}

// strains says that the CPU is short and that fewer workers would help. Where
// our own share is not known it counts as ours.
func (p Policy) strains(s State) bool {
	ours := s.own.value == 0 || s.own.value >= s.cpu.value/2
	return s.cpu.value >= p.CPU && ours
}

func (p Policy) cpuPresses(s State, x Sample) bool {
	return !s.pressed.IsZero() && s.at.Sub(s.pressed) >= cpuLasts && s.settled(x.Running, cpuSettle)
}

// lacks names what another worker would not find, by what each takes now; empty
// if there is room. One worker more than the portal bears is had in readiness:
// only a limit that binds is ever raised.
func (p Policy) lacks(s State, x Sample) Reason {
	bytes := x.WorkerBytes
	if bytes == 0 {
		bytes = workerBytes
	}
	m, bears := x.Usage.Memory, x.Portal.Limit(x.Wish)
	each := s.own.value / float64(max(1, min(bears, s.workers)))
	switch {
	case m.TotalBytes > 0 && x.Usage.FreeBytes < 2*bytes,
		s.memory.value+share(float64(bytes), float64(m.TotalBytes)) > p.Memory-margin:
		return ByMemory
	case s.cpu.value+each > p.CPU-margin:
		return ByCPU
	case bears < s.workers:
		return ByPortal
	}
	return ""
}

// mayGrow needs no patience where only the wish has grown.
func (s State) mayGrow() bool {
	return !s.roomy.IsZero() && (s.reason == ByUser || s.at.Sub(s.roomy) >= s.patience)
}

// tell makes the decision of a state.
func (s State) tell(x Sample) (State, Decision) {
	d := Decision{Workers: s.workers, Reading: s.workers, Binds: s.reason, Text: s.text}
	if d.Text == "" {
		d.Text = fmt.Sprintf("%s, as asked for", workers(d.Workers))
	}
	was := s.told
	// Where a worker goes, why it does is what is told.
	gone := d.Workers < was.Workers
	if until := x.Portal.NotBefore(); until.After(s.at) {
		d.NotBefore = until
		if !gone {
			d.Binds, d.Text = ByPortal, x.Portal.Text()
		}
	}
	if n := x.Portal.Limit(s.workers); n < s.workers {
		d.Reading = n
		if !gone {
			d.Binds, d.Text = ByPortal, fmt.Sprintf("%s: %s at once instead of %d", x.Portal.Text(), orders(n), s.workers)
		}
	}
	d.Changed = was.Workers != d.Workers || was.Reading != d.Reading || was.Binds != d.Binds || !was.NotBefore.Equal(d.NotBefore)
	s.told = d
	return s, d
}
