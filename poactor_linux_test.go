package poactor

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/profilestore"
)

// browsersOf lists the main processes of the browsers that work on profiles
// below dir: children of this process.
func browsersOf(t *testing.T, dir string) []int {
	t.Helper()
	list, err := process.Find(func(arg string) bool { return strings.Contains(arg, dir) })
	if err != nil {
		t.Error(err)
	}
	var pids []int
	for _, p := range list {
		if p.Parent == os.Getpid() {
			pids = append(pids, p.Pid)
		}
	}
	return pids
}

// One worker's browser is killed in a run of 60: every order right, the others
// undisturbed.
func TestFaultsBrowserKilled(t *testing.T) {
	t.Parallel()
	r := newTrial(t, ordinary())
	settings, err := r.cfg.browserConfig()
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	settled := 0
	r.hooks = append(r.hooks, func(e any) {
		if _, ok := e.(messages.OrderSettled); !ok {
			return
		}
		if settled++; settled < 10 {
			return
		}
		once.Do(func() {
			pids := browsersOf(t, profilestore.WorkDir(settings.Downloads))
			if len(pids) == 0 {
				t.Error("there is no browser")
				return
			}
			if err := syscall.Kill(pids[len(pids)/2], syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		})
	})
	r.run(t)
	r.undisturbed(t)
}
