package resource

import (
	"context"
	"time"
)

// Tree is what a process and all that it started use.
type Tree struct {
	// Bytes is the memory that would be free without the tree, or close to it:
	// what a file on disk can give again, like the browser's own code, is left
	// out. On Linux the anonymous and shared memory and what is swapped out of
	// each process; on Windows the smaller of working set and private bytes; on
	// macOS the resident size, which counts the browser's code once a process.
	Bytes uint64
	// CPU is the processor time used so far. On Linux processes that have ended
	// count; elsewhere only those that live.
	CPU time.Duration
	// Processes is how many there are.
	Processes int
}

// Trees reads the trees of several processes, by their pids, at the cost of one
// look at the process table: on a 2-core Linux machine 2 ms, and 0.03 ms for
// each process in a tree, so 4 ms for 8 browsers of 8 processes. A tree has the
// descendants of its root and, where the system has such, the members of its
// process group. A process that does not exist has no entry.
//
// Why not PSS, of smaps_rollup: it costs 1.4 ms a process here, 80 ms for 8
// browsers, holds up the browser meanwhile, and a browser's share depends on
// how many others there are: one alone had 350 MB, one of eight 190 MB, with
// 175 to 210 MB of its own either way.
func Trees(ctx context.Context, pids ...int) (map[int]Tree, error) {
	all, err := processes(ctx)
	if err != nil {
		return nil, err
	}
	children, groups := map[int][]process{}, map[int][]process{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
		groups[p.group] = append(groups[p.group], p)
	}
	trees := map[int]Tree{}
	for _, pid := range pids {
		for _, p := range all {
			if p.pid == pid {
				trees[pid] = weigh(ctx, members(p, children, groups))
			}
		}
	}
	return trees, ctx.Err()
}

// process is a line of the process table.
type process struct {
	pid, parent int
	group       int           // 0 where the system has no process groups
	started     int64         // grows with the time of the start
	cpu         time.Duration // used so far, where the table tells
}

// members lists a tree. A child that is older than its parent is none: its own
// parent has ended, and the number was given again.
func members(root process, children, groups map[int][]process) []process {
	seen := map[int]bool{root.pid: true}
	tree := []process{root}
	add := func(p process) {
		if !seen[p.pid] && p.started >= root.started {
			seen[p.pid] = true
			tree = append(tree, p)
		}
	}
	if root.group == root.pid {
		for _, p := range groups[root.group] {
			add(p)
		}
	}
	for i := 0; i < len(tree); i++ {
		for _, p := range children[tree[i].pid] {
			if p.started >= tree[i].started {
				add(p)
			}
		}
	}
	return tree
}

// weigh sums up. A process that has ended meanwhile weighs nothing.
func weigh(ctx context.Context, tree []process) Tree {
	t := Tree{Processes: len(tree)}
	for _, p := range tree {
		bytes, cpu := p.weigh(ctx)
		t.Bytes += bytes
		t.CPU += cpu
	}
	return t
}
