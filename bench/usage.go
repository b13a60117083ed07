package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"github.com/poactor/poactor/internal/process"
)

// usage samples the CPU time and memory of a process and all that it starts.
type usage struct {
	root int
	end  context.CancelFunc
	done chan struct{} // closed by the sampler

	mu   sync.Mutex
	cpu  map[process.ID]time.Duration // of each process seen, as it was last
	most uint64                       // bytes
	each []uint64                     // bytes of each sample since settle
}

func watchUsage(pid int) *usage {
	ctx, cancel := context.WithCancel(context.Background())
	u := &usage{root: pid, end: cancel, done: make(chan struct{}), cpu: map[process.ID]time.Duration{}}
	go func() {
		defer close(u.done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			u.sample(ctx)
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return u
}

func (u *usage) stop() {
	u.end()
	<-u.done
}

func (u *usage) sample(ctx context.Context) {
	trees, err := process.Trees(ctx, u.root)
	if err != nil {
		return // it is being stopped, or the next sample may do better
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var memory uint64
	for _, p := range trees[u.root] {
		u.cpu[p.ID] = p.CPU
		if p.Pid != u.root {
			memory += p.Memory
		}
	}
	u.most = max(u.most, memory)
	u.each = append(u.each, memory)
}

// settle has usual know of nothing that was before.
func (u *usage) settle() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.each = nil
}

// usual is the median of the memory that the tree without its root had, in MB.
func (u *usage) usual() float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.each) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(u.each))
	return float64(sorted[len(sorted)/2]) / (1 << 20)
}

// browsers is the CPU time so far of all but the root, in seconds.
func (u *usage) browsers() float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	var sum time.Duration
	for id, t := range u.cpu {
		if id.Pid != u.root {
			sum += t
		}
	}
	return sum.Seconds()
}

// own is the CPU time of the root, in seconds.
func (u *usage) own() float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, t := range u.cpu {
		if id.Pid == u.root {
			return t.Seconds()
		}
	}
	return 0
}

// peak is the most memory that the tree without its root had, in MB.
func (u *usage) peak() float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return float64(u.most) / (1 << 20)
}

// load tells how busy the machine is.
type load struct{ busy, all float64 } // seconds of all cores

// readLoad reads the time so far; all 0 where it is not known.
func readLoad() load {
	times, err := cpu.Times(false)
	if err != nil || len(times) == 0 {
		return load{}
	}
	t := times[0]
	busy := t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal
	return load{busy: busy, all: busy + t.Idle + t.Iowait}
}

// share is the part of all cores' time that was in use since l was read.
func (l load) share() float64 {
	now := readLoad()
	if now.all == l.all {
		return 0
	}
	return (now.busy - l.busy) / (now.all - l.all)
}
