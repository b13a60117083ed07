// Package process reads the system's processes, their memory and processor time,
// and ends them: one by one, by an argument that they were started with, or all
// of a Group.
package process

import (
	"context"
	"fmt"
	"os"
	"time"
)

// endsWithin bounds the wait for killed processes to be gone. The slowest seen
// took 1.4 s.
const endsWithin = 5 * time.Second

// ID tells a process from all others. Systems give a number again when its
// process has ended, so that the time of the start belongs to it.
type ID struct {
	Pid     int
	Started int64 // grows with the time of the start; its unit differs by system
}

// Process is one process as it was when it was read.
type Process struct {
	ID
	Parent int // its parent's number
	// Args is the command line; only Find fills it.
	Args []string
	// Match is the argument by which Find found the process, or an ancestor of it.
	Match string
	// CPU is the processor time used so far. ChildCPU is that of the children that
	// have ended and were waited for; only Linux tells it. Only Trees fills these.
	CPU, ChildCPU time.Duration
	// Memory is what would be free without the process, in bytes, or close to it:
	// what a file on disk can give again, like a program's own code, is left out.
	// On Linux its anonymous and shared memory and what is swapped out; on Windows
	// the smaller of working set and private bytes; on macOS the resident size,
	// which counts the code as well. Only Trees fills it.
	Memory uint64
	// Threads is how many it has; only Linux tells it.
	Threads int

	group  int  // its process group; 0 where there are none
	zombie bool // dead, but not yet waited for by its parent
}

// Find lists the living processes of this user that were started with an
// argument which match accepts, and all that those have started. It never lists
// the process that asks.
func Find(match func(arg string) bool) ([]Process, error) {
	all, err := table(context.Background())
	if err != nil {
		return nil, err
	}
	living := all[:0]
	for _, p := range all {
		if args, ok := arguments(p.Pid); ok && !p.zombie {
			p.Args = args
			living = append(living, p)
		}
	}
	return choose(living, match, func(p Process) bool { return p.Pid != os.Getpid() && ours(p.Pid) }), nil
}

// choose finds the processes with the argument, then their descendants.
func choose(all []Process, match func(string) bool, may func(Process) bool) []Process {
	var found []Process
	seen := map[int]bool{}
	add := func(p Process, arg string) {
		if !seen[p.Pid] && may(p) {
			seen[p.Pid] = true
			p.Match = arg
			found = append(found, p)
		}
	}
	for _, p := range all {
		for _, arg := range p.Args {
			if match(arg) {
				add(p, arg)
				break
			}
		}
	}
	children := byParent(all)
	for i := 0; i < len(found); i++ {
		for _, child := range children[found[i].Pid] {
			if child.isChildOf(found[i]) {
				add(child, found[i].Match)
			}
		}
	}
	return found
}

func byParent(all []Process) map[int][]Process {
	children := map[int][]Process{}
	for _, p := range all {
		children[p.Parent] = append(children[p.Parent], p)
	}
	return children
}

// isChildOf reports whether a process is a child of the one that has its parent's
// number. It is not if it is older: its own parent has ended, and the number was
// given again.
func (p Process) isChildOf(parent Process) bool { return p.Started >= parent.Started }

// End kills what Find finds, until there is nothing more, and waits until all
// of it is gone. It returns what it has killed, and an error if something is
// still there after some seconds.
func End(match func(arg string) bool) ([]Process, error) {
	var killed []Process
	var wait []Process // killed, and perhaps not gone
	known := map[ID]bool{}
	for end := time.Now().Add(endsWithin); ; time.Sleep(5 * time.Millisecond) {
		found, err := Find(match)
		if err != nil {
			return killed, err
		}
		for _, p := range found {
			if !known[p.ID] {
				known[p.ID] = true
				killed, wait = append(killed, p), append(wait, p)
			}
		}
		var still []Process
		for _, p := range wait {
			if err := p.kill(); err != nil {
				return killed, fmt.Errorf("end process %d: %w", p.Pid, err)
			}
			if p.alive() {
				still = append(still, p)
			}
		}
		if wait = still; len(wait) == 0 && len(found) == 0 {
			return killed, nil
		}
		if time.Now().After(end) {
			return killed, fmt.Errorf("process %d does not end", append(wait, found...)[0].Pid)
		}
	}
}

// alive reports whether the process is still there. One that is dead and waits
// for a parent who does not ask is not.
func (p Process) alive() bool {
	now, ok := read(context.Background(), p.Pid)
	if !ok || now.zombie || now.ID != p.ID {
		return false
	}
	_, ok = arguments(p.Pid) // elsewhere than on Linux only this fails where one is dead
	return ok
}

// kill kills the process and no other: on Linux and Windows FindProcess takes
// hold of whoever has the number, and only then it is asked who that is.
func (p Process) kill() error {
	held, err := os.FindProcess(p.Pid)
	if err != nil {
		return nil // it is gone
	}
	defer held.Release()
	if !p.alive() {
		return nil
	}
	if err := held.Kill(); err != nil && p.alive() {
		return err
	}
	return nil
}
