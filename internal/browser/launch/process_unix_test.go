//go:build unix

package launch

import (
	"os/exec"
	"syscall"
	"testing"
)

// What has got the group's number after a browser's end is left alone, for the end
// of the pipe, which kills, comes later.
func TestNothingIsKilledAfterTheEnd(t *testing.T) {
	t.Parallel()
	p, err := start(Browser{Path: "/bin/sh"}, []string{"-c", "sleep 60"}, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60")
	other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.group.Add(other.Process); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if err := p.Stop(); err == nil {
		t.Error("it was stopped")
	}
	_ = other.Process.Signal(syscall.SIGTERM)
	_ = other.Wait()
	if got := other.ProcessState.Sys().(syscall.WaitStatus); got.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by %v", got.Signal())
	}
}
