package process

import (
	"context"
	"syscall"
)

func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// onlyZombies reports whether all processes of a group are dead. In a
// container whose first process reaps no children they stay for ever.
func onlyZombies(group int) bool {
	all, err := table(context.Background())
	if err != nil || len(all) == 0 {
		return false
	}
	for _, p := range all {
		if p.group == group && !p.zombie {
			return false
		}
	}
	return true
}
