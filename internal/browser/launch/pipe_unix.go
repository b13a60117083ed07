//go:build unix

package launch

import (
	"os"
	"os/exec"
)

// passPipe gives the browser its ends of the pipe, as descriptors 3 and 4.
func passPipe(cmd *exec.Cmd, in, out *os.File) error {
	cmd.Args = append(cmd.Args, "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{in, out}
	return nil
}
