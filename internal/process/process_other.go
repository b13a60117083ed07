//go:build !linux

package process

import (
	"os"
	"os/user"

	gopsutil "github.com/shirou/gopsutil/v4/process"
)

func table() ([]Process, error) {
	pids, err := gopsutil.Pids()
	if err != nil {
		return nil, err
	}
	var all []Process
	for _, pid := range pids {
		if p, ok := look(int(pid)); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// look reads one process; false if it is dead, or not ours to ask.
func look(pid int) (Process, bool) {
	g := &gopsutil.Process{Pid: int32(pid)}
	parent, e1 := g.Ppid()
	started, e2 := g.CreateTime()
	args, e3 := g.CmdlineSlice()
	if e1 != nil || e2 != nil || e3 != nil {
		return Process{}, false
	}
	return Process{Pid: pid, parent: int(parent), started: started, args: args}, true
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
