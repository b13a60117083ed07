package process

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// helper makes this binary one of the processes that a test looks at.
const helper = "PROCESS_TEST_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helper) {
	case "parent":
		parent()
	case "child":
		child()
	default:
		os.Exit(m.Run())
	}
}

const childBytes = 64 << 20

// child takes memory, and time until the end of its input.
func child() {
	block := make([]byte, childBytes)
	for i := range block {
		block[i] = byte(i)
	}
	os.Stdout.WriteString("ready\n")
	go func() {
		for {
			runtime.KeepAlive(block)
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}

// parent has a child, and takes little itself.
func parent() {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helper+"=child")
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	cmd.Run()
}

// Trees of real processes: a child's memory and time are its parent's, and what
// has ended is gone.
func TestTrees(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helper+"=parent")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatal(line, err)
	}
	const nobody = 1<<22 + 1 // above every pid_max
	var trees map[int]Tree
	for range 100 { // on a busy machine time comes slowly
		if trees, err = Trees(t.Context(), cmd.Process.Pid, os.Getpid(), nobody); err != nil || len(trees) != 2 {
			t.Fatal(trees, err)
		}
		if trees[cmd.Process.Pid].CPU() >= 100*time.Millisecond {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	got, all := trees[cmd.Process.Pid], trees[os.Getpid()]
	// The race detector takes several times as much again.
	if len(got) != 2 || got.Memory() < childBytes || got.Memory() > 16*childBytes || got.CPU() < 100*time.Millisecond {
		t.Errorf("%+v, want 2 processes, %d bytes, 0.1 s", got, childBytes)
	}
	if len(all) < 3 || all.Memory() < got.Memory() || all.CPU() < got.CPU() {
		t.Errorf("our own tree, with that one, is %+v", all)
	}
	in.Close()
	cmd.Wait()
	if trees, err = Trees(t.Context(), cmd.Process.Pid); err != nil || len(trees) != 0 {
		t.Errorf("after its end: %v, %v", trees, err)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	table := []Process{
		{ID: ID{1, 1}, Parent: 0, group: 1},
		{ID: ID{10, 50}, Parent: 1, group: 10},
		{ID: ID{11, 51}, Parent: 10, group: 10},
		{ID: ID{12, 52}, Parent: 11, group: 12},
		{ID: ID{13, 53}, Parent: 1, group: 10},  // lost its parent, kept its group
		{ID: ID{14, 40}, Parent: 11, group: 14}, // older than its parent: a number given again
		{ID: ID{15, 40}, Parent: 1, group: 10},  // older than its group
		{ID: ID{20, 54}, Parent: 1, group: 20},
		{ID: ID{21, 55}, Parent: 20, group: 20},
		{ID: ID{22, 1}, Parent: 22, group: 0}, // its own parent, as Windows has it
	}
	children, groups := byParent(table), map[int][]Process{}
	for _, p := range table {
		groups[p.group] = append(groups[p.group], p)
	}
	for _, c := range []struct {
		name string
		root int // index
		want []int
	}{
		{"a group and its descendants", 1, []int{10, 11, 13, 12}},
		{"a member of a group has its descendants only", 2, []int{11, 12}},
		{"another", 7, []int{20, 21}},
		{"a circle", 9, []int{22}},
	} {
		var got []int
		for _, p := range members(table[c.root], children, groups) {
			got = append(got, p.Pid)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}
