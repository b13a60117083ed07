//go:build unix

package browser

import (
	"os/exec"
	"syscall"
	"testing"
)

func (t *tree) id() int { return t.group }

func treeOf(id int) *tree { return &tree{group: id} }

// What has got the group's number after a browser's end is left alone, for the end
// of the pipe, which kills, comes later.
func TestNothingIsKilledAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal("http://127.0.0.1:1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60")
	other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	s.proc.mu.Lock()
	s.proc.tree.group = other.Process.Pid
	s.proc.mu.Unlock()
	s.proc.kill()
	if err := s.proc.stop(); err == nil {
		t.Error("it was stopped")
	}
	_ = other.Process.Signal(syscall.SIGTERM)
	_ = other.Wait()
	if got := other.ProcessState.Sys().(syscall.WaitStatus); got.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by %v", got.Signal())
	}
}
