//go:build unix

package launch

import (
	"os"
	"syscall"
)

// quit asks a process to end.
func quit(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
