package doctor

import (
	"context"
	"os"

	"golang.org/x/sys/unix"

	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/resource"
)

// tasks is how many processes and threads may still be started, of how many. Root has no
// limit but that of a cgroup.
func tasks() (free, of int, known bool) {
	free, of, err := resource.FreeTasks()
	known = err == nil && of > 0
	var l unix.Rlimit
	if os.Geteuid() != 0 && unix.Getrlimit(unix.RLIMIT_NPROC, &l) == nil && l.Max < 1<<31 {
		used, err := process.ThreadsOfUser(context.Background())
		if room := max(0, int(l.Cur)-used); err == nil && (!known || room < free) {
			free, of, known = room, int(l.Cur), true
		}
	}
	return free, of, known
}
