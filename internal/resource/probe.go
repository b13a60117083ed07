package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Probe reads how much of the machine, or of the cgroup that bounds us, is in
// use. It remembers the reading before, since processor time only grows: one
// goroutine may use it.
type Probe struct {
	machine machine
	files   fs.FS // the root of the file system, for cgroups; nil where there are none
	groups  *cgroups
	counts  map[string]count // processor time by what it is of
	said    map[string]bool  // errors returned already
}

// NewProbe makes a probe of the machine we run on.
func NewProbe() *Probe { return newProbe(system{pid: os.Getpid()}, root()) }

func newProbe(m machine, files fs.FS) *Probe {
	return &Probe{machine: m, files: files, counts: map[string]count{}, said: map[string]bool{}}
}

// Read reads once; it costs a few milliseconds (see process.Trees). The usage holds
// what could be read, also beside an error: nothing that this package cannot
// read is a reason to end a run. An error is returned once and not again, so
// that it can be logged as it comes.
func (p *Probe) Read(ctx context.Context) (Usage, error) {
	if err := ctx.Err(); err != nil {
		return Usage{}, err
	}
	var u Usage
	now := time.Now()
	errs := append(p.readMachine(ctx, &u, now), p.readGroups(&u, now)...)
	return u, p.once(errs)
}

func (p *Probe) readMachine(ctx context.Context, u *Usage, now time.Time) (errs []error) {
	if t, err := p.machine.processors(ctx); err != nil {
		errs = append(errs, fmt.Errorf("CPU of the machine: %w", err))
	} else {
		busy, all := p.rate("busy", t.busy, now), p.rate("all", t.all, now)
		u.addCPU(newCPU(share(busy, all)*t.cores, t.cores, Machine))
	}
	if used, total, err := p.machine.memory(ctx); err != nil {
		errs = append(errs, fmt.Errorf("memory of the machine: %w", err))
	} else if total > 0 {
		u.addMemory(newMemory(used, total, Machine))
	}
	if own, err := p.machine.own(ctx); err != nil {
		errs = append(errs, fmt.Errorf("CPU of our own processes: %w", err))
	} else {
		u.OwnCores = p.rate("own", own, now)
	}
	return errs
}

// readGroups finds our cgroup once: nobody moves a running program elsewhere.
func (p *Probe) readGroups(u *Usage, now time.Time) (errs []error) {
	if p.files == nil {
		return nil
	}
	if p.groups == nil {
		g, err := findCgroups(p.files)
		if err != nil {
			return []error{fmt.Errorf("find the cgroup: %w", err)}
		}
		p.groups = &g
	}
	memory, err := p.groups.memory.memoryLimits(p.files)
	if err != nil {
		errs = append(errs, fmt.Errorf("memory of the cgroup: %w", err))
	}
	for _, m := range memory {
		u.addMemory(m)
	}
	quotas, err := p.groups.quotas(p.files)
	if err != nil {
		errs = append(errs, fmt.Errorf("CPU of the cgroup: %w", err))
	}
	for _, q := range quotas {
		u.addCPU(newCPU(p.rate(q.dir, q.seconds, now), q.cores, Cgroup))
	}
	return errs
}

// once leaves out what was said before.
func (p *Probe) once(errs []error) error {
	var fresh []error
	for _, err := range errs {
		if !p.said[err.Error()] {
			p.said[err.Error()] = true
			fresh = append(fresh, err)
		}
	}
	return errors.Join(fresh...)
}

// count is an amount that grows, at two moments.
type count struct {
	at     time.Time
	amount float64
	rate   float64 // of growth, per second
}

// shortest is the least time between two readings of a count. Systems count
// processor time in hundredths of a second: less would say nothing.
const shortest = 100 * time.Millisecond

// rate is how fast an amount has grown, per second, since the reading before; 0
// on the first one and if it has shrunk, as the time of our processes does
// where a system forgets those that have ended.
func (p *Probe) rate(of string, amount float64, now time.Time) float64 {
	c, known := p.counts[of]
	switch d := now.Sub(c.at); {
	case !known:
		c = count{at: now, amount: amount}
	case d >= shortest:
		c = count{at: now, amount: amount, rate: max(0, amount-c.amount) / d.Seconds()}
	}
	p.counts[of] = c
	return c.rate
}
