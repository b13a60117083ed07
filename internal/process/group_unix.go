//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// Group is a process with all that it starts, held together so that all can be
// ended at once: here a process group, on Windows a job object.
type Group struct{ id int }

// NewGroup makes an empty group. It is to be closed.
func NewGroup() (*Group, error) { return &Group{}, nil }

// Prepare has a command start in a group of its own. On Linux it is killed when
// the thread of ours that starts it ends, even if it hangs: that thread must live
// as long as it (runtime.LockOSThread).
func (g *Group) Prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
}

// Add puts a process that Prepare has prepared, and that was started, into the
// group.
func (g *Group) Add(p *os.Process) error {
	g.id = p.Pid
	return nil
}

// Kill kills all processes of the group, stopped ones too.
func (g *Group) Kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

// Stop stops all processes of the group: they live on and do nothing.
func (g *Group) Stop() error { return syscall.Kill(-g.id, syscall.SIGSTOP) }

// Alive reports whether any process of the group is left, besides those that
// are dead and wait for a parent who does not ask.
func (g *Group) Alive() bool {
	return syscall.Kill(-g.id, 0) != syscall.ESRCH && !onlyZombies(g.id)
}

// Close lets go of the group. What it named may be another's from now on.
func (g *Group) Close() error { return nil }
