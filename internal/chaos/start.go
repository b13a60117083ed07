package chaos

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/po"
)

// start is one start of poactor and how it ended.
type start struct {
	codes  ExitCodes
	killed bool // by us
	code   int
	events []event
	faults map[fault.Kind]int // that happened
}

// diedOfKill says whether a process that we have killed died of that: one that has
// just ended by itself can be killed all the same, until it is asked how. Windows
// gives the exit code 1 to what is killed, which is also that of a bug.
func diedOfKill(p *os.ProcessState) bool {
	if runtime.GOOS == "windows" {
		return p.ExitCode() == 1
	}
	return p.ExitCode() == -1
}

// event is what is read of a line of poactor's --json.
type event struct {
	Time    time.Time  `json:"time"`
	Event   string     `json:"event"`
	Worker  string     `json:"worker"`
	Profile string     `json:"profile"`
	Fault   fault.Kind `json:"fault"`
	At      int        `json:"at"`
	Key     po.Key     `json:"key"`
	Status  po.Status  `json:"status"`
	Open    int        `json:"open"`
}

// open is how many orders it had to do, those that had failed before included.
func (s start) open() int {
	for _, e := range s.events {
		if e.Event == "batch_merged" {
			return e.Open
		}
	}
	return math.MaxInt // it ended before it knew
}

func (s start) finished() bool {
	return !s.killed && (s.code == s.codes.Done || s.code == s.codes.Unfinished)
}

// explained says whether the faults that happened explain how a start ended. The
// session at a portal of the user's may end by itself.
func (s start) explained(ours bool) bool {
	switch {
	case s.killed, s.finished():
		return true
	case s.code == s.codes.SignIn:
		return !ours || s.faults[fault.ProfileSignOut]+s.faults[fault.PortalSignOut] > 0
	case s.code == s.codes.Environment:
		return !ours || len(s.faults) > 0
	}
	return false
}

func (s start) ended() string {
	switch {
	case s.killed:
		return "killed"
	case s.code == s.codes.SignIn:
		return "signed out"
	case s.code == s.codes.Environment:
		return "gave up"
	case s.finished():
		return "finished"
	}
	return fmt.Sprintf("exit code %d", s.code)
}

// count is how many events of a name there were.
func (s start) count(name string) (n int) {
	for _, e := range s.events {
		if e.Event == name {
			n++
		}
	}
	return n
}

// browserFaults are those after which a worker needs a new browser.
var browserFaults = []fault.Kind{
	fault.WorkerPanic, fault.BrowserKill, fault.BrowserStop, fault.RendererCrash, fault.CDPCut,
}

// recoveries are the times from a browser's fault to the next order that its
// worker begins, sorted. A worker that had no order to begin again before its
// start ended has none.
func (r *run) recoveries() []time.Duration {
	var times []time.Duration
	for _, s := range r.starts {
		worker := map[string]string{} // by profile
		faultAt := map[string]time.Time{}
		for _, e := range s.events {
			switch e.Event {
			case "worker_ready":
				worker[e.Profile] = e.Worker
			case "fault_injected":
				if slices.Contains(browserFaults, e.Fault) && worker[e.Profile] != "" {
					faultAt[worker[e.Profile]] = e.Time
				}
			case "order_started":
				if at, ok := faultAt[e.Worker]; ok {
					times = append(times, e.Time.Sub(at))
					delete(faultAt, e.Worker)
				}
			}
		}
	}
	slices.Sort(times)
	return times
}

// allSettledOnce says whether every order that was open when the last start began
// had been settled by then, and failed.
func (r *run) allSettledOnce() bool {
	failed := map[po.Key]bool{}
	for _, s := range r.starts {
		for _, e := range s.events {
			switch {
			case e.Event != "order_settled":
			case e.Status == po.Failed || e.Status == po.Partial: // the next start tries it again
				failed[e.Key] = true
			default:
				delete(failed, e.Key)
			}
		}
	}
	return r.starts[len(r.starts)-1].open() <= len(failed)
}
