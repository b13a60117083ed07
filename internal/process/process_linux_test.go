package process

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"chromium\x00--user-data-dir=/w/1/p\x00":                  {"chromium", "--user-data-dir=/w/1/p"},
		"chromium\x00--user-data-dir=/w/1/p --mine\x00x\x00":      {"chromium", "--user-data-dir=/w/1/p --mine", "x"},
		"chromium --type=renderer --user-data-dir=/w/1/p --x\x00": {"chromium", "--type=renderer", "--user-data-dir=/w/1/p", "--x"},
		"chromium --user-data-dir=/w/1/p mine --x":                {"chromium", "--user-data-dir=/w/1/p mine", "--x"},
		"chromium --user-data-dir=/w/1/p \x00\x00":                {"chromium", "--user-data-dir=/w/1/p"},
		"": {""},
	} {
		if got := splitArguments(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// start starts a shell with two children, all stopped.
func start(t *testing.T, arg string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", "sleep 60 & sleep 60 & kill -STOP 0; wait", "sh", arg)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	return cmd
}

func is(arg string) func(string) bool { return func(a string) bool { return a == arg } }

func TestEnd(t *testing.T) {
	t.Parallel()
	arg := fmt.Sprintf("--test-of=%d", os.Getpid())
	start(t, arg)
	start(t, arg+"x")
	wait(t, arg, 3)
	wait(t, arg+"x", 3)
	if killed, err := End(is(arg)); err != nil || len(killed) != 3 {
		t.Errorf("killed %v, %v", killed, err)
	}
	wait(t, arg, 0)
	wait(t, arg+"x", 3)
	if killed, err := End(is(arg)); err != nil || len(killed) != 0 {
		t.Errorf("once more: %v, %v", killed, err)
	}
}

func wait(t *testing.T, arg string, want int) {
	t.Helper()
	var list []Process
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var err error
		if list, err = Find(is(arg)); err != nil {
			t.Fatal(err)
		}
		if len(list) == want {
			return
		}
	}
	t.Fatalf("%s: %d processes, want %d", arg, len(list), want)
}

// Whoever has got the number of a dead process is not killed for it.
func TestKillMindsNumbersGivenAgain(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	p, ok := read(t.Context(), cmd.Process.Pid)
	if !ok {
		t.Fatal("it is not there")
	}
	p.Started--
	if err := p.kill(); err != nil {
		t.Error(err)
	}
	time.Sleep(20 * time.Millisecond)
	if _, ok := read(t.Context(), cmd.Process.Pid); !ok {
		t.Error("it was killed")
	}
}

// What a look at the process table costs.
func BenchmarkFind(b *testing.B) {
	for b.Loop() {
		if _, err := Find(is("--nobody")); err != nil {
			b.Fatal(err)
		}
	}
}
