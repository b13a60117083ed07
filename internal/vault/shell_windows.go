package vault

import (
	"context"
	"os/exec"
	"syscall"
)

// shell is a command line, run as the user would type it. cmd.exe does not follow the
// quoting that os/exec would do.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /d /s /c "` + line + `"`}
	return cmd
}
