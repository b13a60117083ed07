package launch

import (
	"os"
	"os/exec"
	"strconv"
)

// quit asks a process to end, by closing its windows.
func quit(p *os.Process) error { return exec.Command("taskkill", "/pid", strconv.Itoa(p.Pid)).Run() }
