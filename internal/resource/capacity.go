package resource

import (
	"fmt"
	"math"
	"time"
)

// Reason names what sets the number of workers.
type Reason string

// The closed set of reasons.
const (
	ByUser   Reason = "user"   // as many as were asked for
	ByMemory Reason = "memory" // of the machine or the container
	ByCPU    Reason = "cpu"    // of the machine or the container
	ByPortal Reason = "portal" // it is slow, throttles or asked for a pause
)

// Sample is what Observe is told, every second or two.
type Sample struct {
	Usage Usage
	// Running is how many browsers there are, those that start or end included.
	Running int
	// WorkerBytes is what a browser takes, as measured with process.Trees; 0 counts as
	// 200 MB.
	WorkerBytes uint64
	// PortalLimit is how many orders the portal bears at once (Portal.Limit).
	PortalLimit int
}

// Capacity is how many workers the machine bears: smoothed thresholds with
// hysteresis. Under pressure workers go one by one, and they come back one by one
// when there has been headroom for a while. It is a value: Observe gives the next.
//
// Memory: the smoothed share counts, and a sharp rise at once, whoever uses it,
// since the system ends a browser when there is none left.
//
// CPU: only what lasts, and only while at least half of what is in use is ours.
// Where others keep the cores busy, we yield until we have no more than they do;
// to yield further would starve the run and relieve nobody.
type Capacity struct {
	wish    int
	workers int
	reason  Reason // why there are no more
	text    string

	at          time.Time // of the last sample
	cpu, ownCPU float64   // shares of the cores in use, and in use by us; smoothed
	memory      float64   // share of the memory in use, smoothed
	memoryNow   float64
	rises       int // samples in a row that rise so fast that the memory will soon be full

	strainedSince time.Time // the CPU is short by our doing; zero if it is not
	roomSince     time.Time // there is headroom for another worker; zero if there is none
	removed       time.Time // when a worker was last taken away
}

const (
	// At these shares workers are taken away (docs/spec.md, Resources).
	cpuThreshold    = 0.80
	memoryThreshold = 0.90
	memoryUrgent    = 0.95
	// A worker comes back only where the shares stay this far below the
	// thresholds with it, for as long as roomLasts.
	hysteresis = 0.05
	roomLasts  = time.Minute

	// Time constants of smoothing. A start of 8 browsers keeps 2 cores at 100 %
	// for 5 s: that stays below 80 % where the machine was idle.
	cpuSmoothing    = 10 * time.Second
	memorySmoothing = 3 * time.Second

	// CPU pressure does no harm that a minute would not heal: it must last.
	cpuLasts = 20 * time.Second
	// How long after a worker was taken away the numbers show it, and how long
	// one that finishes its order first is waited for.
	cpuSettles    = 30 * time.Second
	memorySettles = 5 * time.Second
	urgentSettles = 2 * time.Second
	leaves        = 15 * time.Second
	// Ending a browser takes a second or two: a rise that fills the memory
	// within this time is urgent.
	memoryHorizon = 5 * time.Second
)

// NewCapacity begins with as many workers as were asked for; at least 1.
func NewCapacity(wish int) Capacity {
	wish = max(wish, 1)
	return Capacity{wish: wish, workers: wish, reason: ByUser}
}

// Request takes it that another number of workers is asked for. Where nothing keeps the
// number below what was asked for it follows at once; where something does it comes back
// one by one, as ever.
func (c Capacity) Request(wish int) Capacity {
	wish = max(wish, 1)
	if c.workers == c.wish || c.workers >= wish {
		c.workers, c.reason, c.text = wish, ByUser, ""
	}
	c.wish = wish
	return c
}

// Strained reports whether the CPU is so short that the time a page takes says
// nothing about the portal.
func (c Capacity) Strained() bool { return c.cpu >= cpuThreshold }

// Observe takes in a sample. The number of workers changes by one at most.
func (c Capacity) Observe(x Sample, now time.Time) Capacity {
	c = c.measure(x.Usage, now)
	switch u := x.Usage; {
	case c.workers > 1 && c.memoryPresses(x):
		return c.remove(ByMemory, fmt.Sprintf("memory is at %s of %s %s", percent(max(c.memoryNow, c.memory)),
			whose(u.Memory.Bound), size(u.Memory.TotalBytes)))
	case c.workers > 1 && !c.strainedSince.IsZero() && now.Sub(c.strainedSince) >= cpuLasts &&
		c.settled(x.Running, cpuSettles):
		text := fmt.Sprintf("the CPU has been at %s of %s %s for %s", percent(c.cpu), whose(u.CPU.Bound),
			cores(u.CPU.Cores), span(now.Sub(c.strainedSince)))
		if c.ownCPU > 0 {
			text += fmt.Sprintf(", %s of it ours", percent(c.ownCPU/c.cpu))
		}
		return c.remove(ByCPU, text)
	}
	if c.workers == c.wish || !c.hasRoom(x) {
		c.roomSince = time.Time{}
	} else if c.roomSince = firstOf(c.roomSince, now); now.Sub(c.roomSince) >= roomLasts {
		c.workers++
		c.roomSince = now
		c.text = fmt.Sprintf("memory is at %s and the CPU at %s: %s again", percent(c.memory), percent(c.cpu),
			workers(c.workers))
		if c.workers == c.wish {
			c.reason, c.text = ByUser, ""
		}
	}
	return c
}

// measure smooths a sample. What could not be read leaves the means as they are.
func (c Capacity) measure(u Usage, now time.Time) Capacity {
	dt := time.Duration(0)
	if !c.at.IsZero() {
		dt = now.Sub(c.at)
	}
	c.at = now
	if u.Memory.TotalBytes > 0 {
		share := u.Memory.Share
		c.memory = smooth(c.memory, share, dt, memorySmoothing)
		// A mean that lags by so much tells how fast the share rises.
		rise := (share - c.memory) / memorySmoothing.Seconds()
		if share > c.memoryNow && share+rise*memoryHorizon.Seconds() >= 1 {
			c.rises++
		} else {
			c.rises = 0
		}
		c.memoryNow = share
	}
	if u.CPU.Cores > 0 {
		c.cpu = smooth(c.cpu, u.CPU.Share, dt, cpuSmoothing)
		c.ownCPU = smooth(c.ownCPU, share(u.OwnCores, u.CPU.Cores), dt, cpuSmoothing)
	}
	// Where our own part is not known it counts as ours.
	if u.CPU.Cores > 0 && c.Strained() && (c.ownCPU == 0 || c.ownCPU >= c.cpu/2) {
		c.strainedSince = firstOf(c.strainedSince, now)
	} else {
		c.strainedSince = time.Time{}
	}
	return c
}

// smooth is an exponentially weighted mean over time: what lies one time constant
// back weighs 1/e of what is now, however often it is sampled.
func smooth(mean, x float64, dt, constant time.Duration) float64 {
	if dt <= 0 {
		return x // the first
	}
	return mean + (x-mean)*(1-math.Exp(-dt.Seconds()/constant.Seconds()))
}

// firstOf keeps the moment from which on something is so.
func firstOf(since, now time.Time) time.Time {
	if since.IsZero() {
		return now
	}
	return since
}

// memoryPresses waits for the last worker to be gone, but not where the memory is
// about to be full. One rise alone may be the jump of a browser's start.
func (c Capacity) memoryPresses(x Sample) bool {
	switch {
	case x.Usage.Memory.TotalBytes == 0:
		return false
	case c.memoryNow >= memoryUrgent || c.rises >= 2:
		return c.at.Sub(c.removed) >= urgentSettles
	}
	return c.memory >= memoryThreshold && c.settled(x.Running, memorySettles)
}

// settled says that the last worker taken away is gone, and so long that the
// numbers show it.
func (c Capacity) settled(running int, settles time.Duration) bool {
	since := c.at.Sub(c.removed)
	return since >= settles && (running <= c.workers || since >= leaves)
}

// hasRoom counts in what another worker would take, by what each takes now. One
// worker more than the portal bears is had in readiness: only a limit that is
// reached is ever raised.
func (c Capacity) hasRoom(x Sample) bool {
	bytes := x.WorkerBytes
	if bytes == 0 {
		bytes = workerBytes
	}
	cpu := c.ownCPU / float64(max(1, min(x.PortalLimit, c.workers)))
	return c.memory+share(float64(bytes), float64(x.Usage.Memory.TotalBytes)) <= memoryThreshold-hysteresis &&
		c.cpu+cpu <= cpuThreshold-hysteresis && x.PortalLimit >= c.workers
}

func (c Capacity) remove(why Reason, text string) Capacity {
	c.workers--
	c.removed, c.roomSince = c.at, time.Time{}
	c.reason, c.text = why, fmt.Sprintf("%s: %s instead of %d", text, workers(c.workers), c.workers+1)
	return c
}

// Decision is how many workers there should be, and why not more.
type Decision struct {
	// Workers is how many browsers to keep, 1 to the wish.
	Workers int
	// Reading is how many orders may be read at once, 1 to Workers: what the
	// portal bears. The other browsers are kept and wait, since the portal soon
	// bears more, and an idle one costs it nothing.
	Reading int
	// NotBefore holds back all orders; zero if nothing does.
	NotBefore time.Time
	// LimitedBy names what keeps Reading below the wish; ByUser if nothing does.
	LimitedBy Reason
	// Text says it in words with numbers, for people.
	Text string
}

// Decide joins what the machine and what the portal bears.
func Decide(c Capacity, p Portal, now time.Time) Decision {
	d := Decision{Workers: c.workers, Reading: p.Limit(c.workers), LimitedBy: c.reason, Text: c.text}
	if d.Text == "" {
		d.Text = fmt.Sprintf("%s, as asked for", workers(d.Workers))
	}
	if until := p.NotBefore(); until.After(now) {
		d.NotBefore = until
	}
	// Where a worker goes, why it does is what is told.
	if !c.removed.IsZero() && c.removed.Equal(c.at) {
		return d
	}
	if !d.NotBefore.IsZero() {
		d.LimitedBy, d.Text = ByPortal, p.Text()
	}
	if d.Reading < d.Workers {
		d.LimitedBy, d.Text = ByPortal, fmt.Sprintf("%s: %s at once instead of %d", p.Text(), orders(d.Reading), d.Workers)
	}
	return d
}
