package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// errNoTree says that a system gave no means to end all processes at once.
var errNoTree = errors.New("the browser's processes cannot be held together")

// tree is a job object: its processes die with the last handle to it, also
// when our own process is killed.
type tree struct{ job windows.Handle }

// prepare names the ends of the pipe to the browser as inherited handles.
func (t *tree) prepare(cmd *exec.Cmd, in, out *os.File) error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoTree, err)
	}
	t.job = job
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		return fmt.Errorf("%w: %w", errNoTree, err)
	}
	handles := []syscall.Handle{syscall.Handle(in.Fd()), syscall.Handle(out.Fd())}
	for _, h := range handles {
		if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			return fmt.Errorf("%w: %w", errNoTree, err)
		}
	}
	cmd.Args = append(cmd.Args, "--remote-debugging-pipe",
		fmt.Sprintf("--remote-debugging-io-pipes=%d,%d", handles[0], handles[1]))
	cmd.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: handles}
	return nil
}

// adopt puts the browser into the job. What it has started in the moment
// before is outside and ends when it sees its parent gone.
func (t *tree) adopt(p *os.Process) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoTree, err)
	}
	defer windows.CloseHandle(h)
	if err := windows.AssignProcessToJobObject(t.job, h); err != nil {
		return fmt.Errorf("%w: %w", errNoTree, err)
	}
	return nil
}

func (t *tree) kill() { _ = windows.TerminateJobObject(t.job, 1) }

// stop would stop all processes, for which there is no means here.
func (t *tree) stop() error {
	return fmt.Errorf("a browser cannot be stopped on Windows: %w", errors.ErrUnsupported)
}

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION of the Windows headers.
type accounting struct {
	userTime, kernelTime, periodUserTime, periodKernelTime int64
	pageFaults, total, active, terminated                  uint32
}

func (t *tree) alive() bool {
	var a accounting
	err := windows.QueryInformationJobObject(t.job, windows.JobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&a)), uint32(unsafe.Sizeof(a)), nil)
	return err == nil && a.active > 0
}

func (t *tree) close() error { return windows.CloseHandle(t.job) }
