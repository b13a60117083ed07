//go:build !linux

package process

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"time"

	gopsutil "github.com/shirou/gopsutil/v4/process"
)

// table lists all processes. Asked for all at once, Windows looks at its own table
// once, and not once a process.
func table(ctx context.Context) ([]Process, error) {
	list, err := gopsutil.ProcessesWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []Process
	for _, g := range list {
		if p, ok := convert(ctx, g); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// read reads one process; false if there is none, or it is not ours to ask.
func read(ctx context.Context, pid int) (Process, bool) {
	return convert(ctx, &gopsutil.Process{Pid: int32(pid)})
}

func convert(ctx context.Context, g *gopsutil.Process) (Process, bool) {
	parent, err := g.PpidWithContext(ctx)
	if err != nil {
		return Process{}, false
	}
	started, err := g.CreateTimeWithContext(ctx)
	if err != nil {
		return Process{}, false
	}
	return Process{ID: ID{Pid: int(g.Pid), Started: started}, Parent: int(parent)}, true
}

// arguments is a process's command line; false if it has ended or is not ours to
// ask.
func arguments(pid int) ([]string, bool) {
	args, err := (&gopsutil.Process{Pid: int32(pid)}).CmdlineSlice()
	return args, err == nil
}

// ours reports whether a process runs for this user. Windows has names instead
// of numbers.
func ours(pid int) bool {
	g := &gopsutil.Process{Pid: int32(pid)}
	if uids, err := g.Uids(); err == nil {
		return len(uids) > 0 && int(uids[0]) == os.Getuid()
	}
	me, err := user.Current()
	if err != nil {
		return false
	}
	name, err := g.Username()
	return err == nil && name == me.Username
}

// measure reads memory and processor time; one that has ended has none.
func (p *Process) measure(ctx context.Context) {
	g := &gopsutil.Process{Pid: int32(p.Pid)}
	if m, err := g.MemoryInfoWithContext(ctx); err == nil {
		p.Memory = m.RSS
		if runtime.GOOS == "windows" {
			p.Memory = min(m.RSS, m.VMS) // VMS holds the private bytes there
		}
	}
	if t, err := g.TimesWithContext(ctx); err == nil {
		p.CPU = time.Duration((t.User + t.System) * float64(time.Second))
	}
}
