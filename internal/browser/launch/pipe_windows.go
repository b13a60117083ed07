package launch

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// passPipe gives the browser its ends of the pipe, as inherited handles.
func passPipe(cmd *exec.Cmd, in, out *os.File) error {
	handles := []syscall.Handle{syscall.Handle(in.Fd()), syscall.Handle(out.Fd())}
	for _, h := range handles {
		if err := syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT); err != nil {
			return fmt.Errorf("pass the pipe on: %w", err)
		}
	}
	cmd.Args = append(cmd.Args, "--remote-debugging-pipe",
		fmt.Sprintf("--remote-debugging-io-pipes=%d,%d", handles[0], handles[1]))
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.AdditionalInheritedHandles = handles
	return nil
}
