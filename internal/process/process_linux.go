package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc/PID/stat: USER_HZ is 100 on every
// system that Go runs on.
const tick = time.Second / 100

// table lists all processes. It reads one file a process. gopsutil reads
// several, 24 ms against 4 for 150 processes on a busy machine, and its times of
// start depend on the clock.
func table(ctx context.Context) ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p, ok := read(ctx, pid); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// ThreadsOfUser is how many threads all processes of this user have: what ulimit -u bounds.
func ThreadsOfUser(ctx context.Context) (int, error) {
	all, err := table(ctx)
	sum := 0
	for _, p := range all {
		if ours(p.Pid) {
			sum += p.Threads
		}
	}
	return sum, err
}

// read reads one process; false if there is none.
func read(_ context.Context, pid int) (Process, bool) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return Process{}, false
	}
	return parseStat(pid, stat)
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// parseStat reads "PID (NAME) STATE PARENT GROUP …", see proc_pid_stat(5). The
// name may hold anything.
func parseStat(pid int, stat []byte) (Process, bool) {
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(f) < 20 {
		return Process{}, false
	}
	n := make([]int64, 20)
	for i := 1; i < len(n); i++ {
		n[i], _ = strconv.ParseInt(f[i], 10, 64) // the kernel writes numbers there
	}
	return Process{
		ID: ID{Pid: pid, Started: n[19]}, Parent: int(n[1]), group: int(n[2]), zombie: f[0] == "Z" || f[0] == "X",
		Threads: int(n[17]),
		CPU:     tick * time.Duration(n[11]+n[12]), ChildCPU: tick * time.Duration(n[13]+n[14]),
	}, true
}

// arguments is a process's command line; false if it has ended.
func arguments(pid int) ([]string, bool) {
	line, err := os.ReadFile(procFile(pid, "cmdline"))
	if err != nil {
		return nil, false
	}
	return splitArguments(string(line)), true
}

// splitArguments splits a command line. The helpers of Chromium write theirs anew,
// as one text with spaces: what begins with -- begins an argument of that.
func splitArguments(line string) []string {
	args := strings.Split(strings.TrimRight(line, "\x00"), "\x00")
	if len(args) > 1 {
		return args
	}
	args = strings.Split(strings.TrimRight(args[0], " "), " --")
	for i := 1; i < len(args); i++ {
		args[i] = "--" + args[i]
	}
	return args
}

// ours reports whether a process runs for this user. Its directory's owner does
// not tell: a process in a sandbox has that of root.
func ours(pid int) bool {
	status, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(status), "\nUid:")
	f := strings.Fields(rest)
	return len(f) > 0 && f[0] == strconv.Itoa(os.Getuid())
}

// measure reads the memory; one that has ended has none.
func (p *Process) measure(context.Context) {
	if status, err := os.ReadFile(procFile(p.Pid, "status")); err == nil {
		p.Memory = parseStatus(string(status))
	}
}

// parseStatus sums up the memory of a process that no file on disk can give
// again. Shared memory counts for each that has it: with Chromium that makes a
// tenth too much, where it grows it is not missed.
func parseStatus(status string) uint64 {
	var sum uint64
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		if key == "RssAnon" || key == "RssShmem" || key == "VmSwap" {
			kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			sum += kib << 10
		}
	}
	return sum
}
