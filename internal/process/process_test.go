package process

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	const arg = "--user-data-dir=/w/1/p"
	table := []Process{
		{ID: ID{10, 50}, Parent: 1, Args: []string{"chromium", arg}},
		{ID: ID{11, 51}, Parent: 10, Args: []string{"zygote"}},
		{ID: ID{12, 52}, Parent: 11, Args: []string{"renderer", arg}},
		{ID: ID{13, 40}, Parent: 11, Args: []string{"older than its parent: a number given again"}},
		{ID: ID{14, 60}, Parent: 1, Args: []string{"a renderer that lost its parent", arg}},
		{ID: ID{15, 60}, Parent: 1, Args: []string{"chromium", arg + "-mine"}},
		{ID: ID{16, 61}, Parent: 15, Args: []string{"renderer"}},
		{ID: ID{17, 60}, Parent: 1, Args: []string{"another user's", arg}},
		{ID: ID{18, 60}, Parent: 18, Args: []string{"its own parent, as Windows has it", arg}},
	}
	var got []int
	for _, p := range choose(table, func(a string) bool { return a == arg }, func(p Process) bool { return p.Pid != 17 }) {
		if p.Match != arg {
			t.Errorf("%d was found by %q", p.Pid, p.Match)
		}
		got = append(got, p.Pid)
	}
	if want := []int{10, 12, 14, 18, 11}; !slices.Equal(got, want) {
		t.Errorf("chosen %v, want %v", got, want)
	}
}
