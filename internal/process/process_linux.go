package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// table reads two files a process, where gopsutil reads several, and its times
// of start depend on the clock.
func table() ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := look(pid); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// look reads one process; false if it is dead.
func look(pid int) (Process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Process{}, false
	}
	// pid (name) state parent …, see proc_pid_stat(5): the name may hold anything.
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return Process{}, false
	}
	p := Process{Pid: pid}
	p.parent, _ = strconv.Atoi(f[1]) // the kernel writes numbers there
	p.started, _ = strconv.ParseInt(f[19], 10, 64)
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return Process{}, false
	}
	p.args = arguments(string(line))
	return p, true
}

// arguments splits a command line. The helpers of Chromium write theirs anew,
// as one text with spaces: what begins with -- begins an argument of that.
func arguments(line string) []string {
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
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(status), "\nUid:")
	f := strings.Fields(rest)
	return len(f) > 0 && f[0] == strconv.Itoa(os.Getuid())
}
