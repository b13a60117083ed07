package resource

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/poactor/poactor/internal/process"
)

// machine is how the machine is read.
type machine interface {
	processors(ctx context.Context) (times, error)
	memory(ctx context.Context) (used, total uint64, err error)
	// own is the processor time of our process and all that it started, in
	// seconds.
	own(ctx context.Context) (float64, error)
}

// times is the processor time since the machine's start, in seconds, of the
// cores that we may use.
type times struct {
	busy, all float64
	cores     float64
}

// system is the real machine.
type system struct{ pid int }

// processors leaves out the cores that our process is kept from (taskset, a
// cpuset): the others may idle while ours are short. What waits for a disk does
// not count as busy, what the host of a virtual machine takes away does.
func (system) processors(ctx context.Context) (times, error) {
	all, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return times{}, err
	}
	var sum times
	mine := affinity()
	for _, t := range all {
		n, err := strconv.Atoi(strings.TrimPrefix(t.CPU, "cpu"))
		if err != nil || !mine(n) {
			continue
		}
		busy := t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal
		sum.busy += busy
		sum.all += busy + t.Idle + t.Iowait
		sum.cores++
	}
	if sum.cores == 0 {
		return times{}, errors.New("no processor is listed")
	}
	return sum, nil
}

func (system) memory(ctx context.Context) (used, total uint64, err error) {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return 0, 0, err
	}
	return m.Total - min(m.Available, m.Total), m.Total, nil
}

func (s system) own(ctx context.Context) (float64, error) {
	trees, err := process.Trees(ctx, s.pid)
	if err != nil {
		return 0, err
	}
	t, ok := trees[s.pid]
	if !ok {
		return 0, fmt.Errorf("process %d is not listed", s.pid)
	}
	return t.CPU().Seconds(), nil
}
