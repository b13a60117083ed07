package process

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	const arg = "--user-data-dir=/w/1/p"
	table := []Process{
		{Pid: 10, parent: 1, started: 50, args: []string{"chromium", arg}},
		{Pid: 11, parent: 10, started: 51, args: []string{"zygote"}},
		{Pid: 12, parent: 11, started: 52, args: []string{"renderer", arg}},
		{Pid: 13, parent: 11, started: 40, args: []string{"older than its parent: a number given again"}},
		{Pid: 14, parent: 1, started: 60, args: []string{"a renderer that lost its parent", arg}},
		{Pid: 15, parent: 1, started: 60, args: []string{"chromium", arg + "-mine"}},
		{Pid: 16, parent: 15, started: 61, args: []string{"renderer"}},
		{Pid: 17, parent: 1, started: 60, args: []string{"another user's", arg}},
		{Pid: 18, parent: 18, started: 60, args: []string{"its own parent, as Windows has it", arg}},
	}
	var got []int
	for _, p := range choose(table, func(a string) bool { return a == arg }, func(p Process) bool { return p.Pid != 17 }) {
		if p.Arg != arg {
			t.Errorf("%d was found by %q", p.Pid, p.Arg)
		}
		got = append(got, p.Pid)
	}
	if want := []int{10, 12, 14, 18, 11}; !slices.Equal(got, want) {
		t.Errorf("chosen %v, want %v", got, want)
	}
}
