//go:build !linux

package resource

import (
	"context"
	"fmt"
	"runtime"
	"time"

	gopsutil "github.com/shirou/gopsutil/v4/process"
)

func processes(ctx context.Context) ([]process, error) {
	list, err := gopsutil.ProcessesWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []process
	for _, p := range list {
		parent, err := p.PpidWithContext(ctx)
		if err != nil {
			continue // it has ended
		}
		started, err := p.CreateTimeWithContext(ctx)
		if err != nil {
			continue // it has ended, or is not ours to ask
		}
		all = append(all, process{pid: int(p.Pid), parent: int(parent), started: started})
	}
	return all, nil
}

func (p process) weigh(ctx context.Context) (uint64, time.Duration) {
	g := gopsutil.Process{Pid: int32(p.pid)}
	var bytes uint64
	if m, err := g.MemoryInfoWithContext(ctx); err == nil {
		bytes = m.RSS
		if runtime.GOOS == "windows" {
			bytes = min(m.RSS, m.VMS) // VMS holds the private bytes there
		}
	}
	t, err := g.TimesWithContext(ctx)
	if err != nil {
		return bytes, 0
	}
	return bytes, time.Duration((t.User + t.System) * float64(time.Second))
}
