// Package process finds the processes that were started with an argument, and
// ends them: those of a program that is dead, and that nobody holds any more.
//
// A process is known by its number and the time of its start together, since
// numbers are given again.
package process

import (
	"fmt"
	"os"
	"time"
)

// endsWithin bounds the wait for killed processes to be gone. The slowest seen
// took 1.4 s.
const endsWithin = 5 * time.Second

// Process is one process of this user.
type Process struct {
	// Pid is its number.
	Pid int
	// Arg is the argument by which it was found, or an ancestor of it was.
	Arg string

	parent  int
	started int64 // grows with the time of the start
	args    []string
}

// Find lists the processes of this user that were started with an argument
// which match accepts, and all that those have started. It never lists the
// process that asks.
func Find(match func(arg string) bool) ([]Process, error) {
	all, err := table()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	return choose(all, match, func(p Process) bool { return p.Pid != os.Getpid() && ours(p.Pid) }), nil
}

// choose finds the processes with the argument, then their descendants. A child
// that is older than its parent is none: its own parent has ended, and the
// number was given again.
func choose(all []Process, match func(string) bool, may func(Process) bool) []Process {
	var found []Process
	seen := map[int]bool{}
	add := func(p Process, arg string) {
		if !seen[p.Pid] && may(p) {
			seen[p.Pid] = true
			p.Arg = arg
			found = append(found, p)
		}
	}
	children := map[int][]Process{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
		for _, arg := range p.args {
			if match(arg) {
				add(p, arg)
				break
			}
		}
	}
	for i := 0; i < len(found); i++ {
		for _, child := range children[found[i].Pid] {
			if child.started >= found[i].started {
				add(child, found[i].Arg)
			}
		}
	}
	return found
}

// End kills what Find finds, until there is nothing more, and waits until all
// of it is gone. It returns what it has killed, and an error if something is
// still there after some seconds.
func End(match func(arg string) bool) ([]Process, error) {
	var killed []Process
	var wait []Process // killed, and perhaps not gone
	known := map[identity]bool{}
	for end := time.Now().Add(endsWithin); ; time.Sleep(5 * time.Millisecond) {
		found, err := Find(match)
		if err != nil {
			return killed, err
		}
		for _, p := range found {
			if id := p.identity(); !known[id] {
				known[id] = true
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

// identity tells processes apart.
type identity struct {
	pid     int
	started int64
}

func (p Process) identity() identity { return identity{p.Pid, p.started} }

// alive reports whether the process is still there. One that is dead and waits
// for a parent who does not ask is not.
func (p Process) alive() bool {
	now, ok := look(p.Pid)
	return ok && now.identity() == p.identity()
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
