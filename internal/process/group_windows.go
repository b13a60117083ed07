package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// errNoGroup says that the system gave no means to end all processes at once.
var errNoGroup = errors.New("the processes cannot be held together")

// Group is a process with all that it starts, held together so that all can be
// ended at once: here a job object, whose processes die with the last handle to
// it, also when our own process is killed; on Unix a process group.
type Group struct{ job windows.Handle }

// NewGroup makes an empty group. It is to be closed.
func NewGroup() (*Group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoGroup, err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", errNoGroup, err), windows.CloseHandle(job))
	}
	return &Group{job: job}, nil
}

// Prepare does nothing here: a process is put into the group when it runs.
func (g *Group) Prepare(*exec.Cmd) {}

// Add puts a process that was started into the group. What it has started in the
// moment before is outside.
func (g *Group) Add(p *os.Process) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoGroup, err)
	}
	defer windows.CloseHandle(h)
	if err := windows.AssignProcessToJobObject(g.job, h); err != nil {
		return fmt.Errorf("%w: %w", errNoGroup, err)
	}
	return nil
}

// Kill kills all processes of the group.
func (g *Group) Kill() { _ = windows.TerminateJobObject(g.job, 1) }

// Stop would stop all processes, for which there is no means here: the error
// wraps errors.ErrUnsupported.
func (g *Group) Stop() error {
	return fmt.Errorf("processes cannot be stopped on Windows: %w", errors.ErrUnsupported)
}

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION of the Windows headers.
type accounting struct {
	userTime, kernelTime, periodUserTime, periodKernelTime int64
	pageFaults, total, active, terminated                  uint32
}

// Alive reports whether any process of the group is left.
func (g *Group) Alive() bool {
	var a accounting
	err := windows.QueryInformationJobObject(g.job, windows.JobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&a)), uint32(unsafe.Sizeof(a)), nil)
	return err == nil && a.active > 0
}

// Close lets go of the group. What it named may be another's from now on.
func (g *Group) Close() error { return windows.CloseHandle(g.job) }
