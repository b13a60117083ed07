//go:build unix

package vault

import (
	"context"
	"os/exec"
)

// shell is a command line, run as the user would type it.
func shell(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "/bin/sh", "-c", line)
}
