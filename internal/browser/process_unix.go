//go:build unix

package browser

import (
	"os"
	"os/exec"
	"syscall"
)

// tree is a process group.
type tree struct{ group int }

// prepare gives the browser its ends of the pipe as descriptors 3 and 4.
func (t *tree) prepare(cmd *exec.Cmd, in, out *os.File) error {
	cmd.Args = append(cmd.Args, "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{in, out}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
	return nil
}

func (t *tree) adopt(p *os.Process) error {
	t.group = p.Pid
	return nil
}

func (t *tree) kill() { _ = syscall.Kill(-t.group, syscall.SIGKILL) }

// stop stops all processes: they live on and do nothing. Killing works on them
// all the same.
func (t *tree) stop() error { return syscall.Kill(-t.group, syscall.SIGSTOP) }

// alive reports whether any process of the group is left, besides those that
// are dead and wait for a parent who does not ask.
func (t *tree) alive() bool {
	if syscall.Kill(-t.group, 0) == syscall.ESRCH {
		return false
	}
	return !onlyZombies(t.group)
}

func (t *tree) close() error { return nil }
