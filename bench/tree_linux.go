package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Every kernel that Go runs on reports times in hundredths (USER_HZ).
const ticksPerSecond = 100

// tree samples the CPU time and memory of a process and all that descend from
// it, also those that have lost their parent since.
type tree struct {
	root int
	end  chan struct{} // closed by stop
	done chan struct{} // closed by the sampler

	mu    sync.Mutex
	known map[int]*process
	most  float64 // MB
}

type process struct {
	started string // tells a process from a later one with its number
	ticks   float64
}

func watchTree(pid int) *tree {
	t := &tree{root: pid, end: make(chan struct{}), done: make(chan struct{}), known: map[int]*process{}}
	go func() {
		defer close(t.done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			t.sample(i%5 == 0)
			select {
			case <-tick.C:
			case <-t.end:
				return
			}
		}
	}()
	return t
}

func (t *tree) stop() {
	close(t.end)
	<-t.done
}

// sample reads /proc once.
func (t *tree) sample(memory bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	var all float64
	for range 2 { // a child may stand before its parent
		for _, e := range entries {
			if pid, err := strconv.Atoi(e.Name()); err == nil {
				t.look(pid)
			}
		}
	}
	if !memory {
		return
	}
	for pid := range t.known {
		if pid != t.root {
			all += unshared(pid)
		}
	}
	t.most = max(t.most, all)
}

// look notes a process if it belongs to the tree.
func (t *tree) look(pid int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return
	}
	// the name, in brackets, may hold anything
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 20 {
		return
	}
	parent, _ := strconv.Atoi(f[1])
	p := t.known[pid]
	if p == nil {
		if pid != t.root && t.known[parent] == nil {
			return
		}
		p = &process{started: f[19]}
		t.known[pid] = p
	}
	if p.started != f[19] {
		return
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	p.ticks = user + system
}

// unshared is the memory in MB that only this process has.
func unshared(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	var kb float64
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 3 && (f[0] == "Private_Clean:" || f[0] == "Private_Dirty:") {
			n, _ := strconv.ParseFloat(f[1], 64)
			kb += n
		}
	}
	return kb / 1024
}

// browsers is the CPU time so far of all but the root, in seconds.
func (t *tree) browsers() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var ticks float64
	for pid, p := range t.known {
		if pid != t.root {
			ticks += p.ticks
		}
	}
	return ticks / ticksPerSecond
}

// own is the CPU time of the root, in seconds.
func (t *tree) own() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.known[t.root]; p != nil {
		return p.ticks / ticksPerSecond
	}
	return 0
}

// peak is the most memory that the tree without its root held unshared, in MB.
func (t *tree) peak() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.most
}

// load tells how busy the machine is.
type load struct{ busy, all float64 }

func startLoad() load { return readLoad() }

// share is the part of all cores' time that was in use since the start.
func (l load) share() float64 {
	now := readLoad()
	if now.all == l.all {
		return 0
	}
	return (now.busy - l.busy) / (now.all - l.all)
}

func readLoad() load {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return load{}
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var l load
	for i, f := range strings.Fields(line)[1:] {
		n, _ := strconv.ParseFloat(f, 64)
		if i < 8 { // guest times are part of user time
			l.all += n
			if i != 3 && i != 4 { // idle, iowait
				l.busy += n
			}
		}
	}
	return l
}
