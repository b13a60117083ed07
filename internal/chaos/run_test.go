package chaos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/po"
)

// What is left of a run is found: a file, and a browser that works there.
func TestLeftoversAreFound(t *testing.T) {
	t.Parallel()
	r := newRun(Config{})
	r.temp = t.TempDir()
	if left := r.checkLeftovers(); len(left) > 0 {
		t.Errorf("before: %q", left)
	}
	if err := os.WriteFile(filepath.Join(r.temp, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if left := r.checkLeftovers(); len(left) != 1 {
		t.Errorf("a file: %q", left)
	}
	const dirFlag = "--user-data-dir="
	if !r.isOwnBrowser(dirFlag+filepath.Join(r.temp, "1", "p")) || r.isOwnBrowser(dirFlag+r.temp+"0/1/p") ||
		r.isOwnBrowser(filepath.Join(r.temp, "1")) {
		t.Error("somebody else's process is taken for ours, or ours for somebody else's")
	}
}

// Faults end when all that is open has been settled before.
func TestAllSettledOnce(t *testing.T) {
	t.Parallel()
	settled := func(key string, status po.Status) event {
		return event{Event: "order_settled", Key: po.Key(key), Status: status}
	}
	r := &run{starts: []start{
		{events: []event{{Event: "batch_merged", Open: 4},
			settled("1", po.Failed), settled("2", po.Completed), settled("3", po.Partial)}},
		{events: []event{{Event: "batch_merged", Open: 3}, settled("1", po.Completed), settled("3", po.Failed)}},
	}}
	if r.allSettledOnce() {
		t.Error("3 open, of which one was settled and failed")
	}
	r.starts = append(r.starts, start{events: []event{{Event: "batch_merged", Open: 2}, settled("4", po.NotFound)}})
	if r.allSettledOnce() {
		t.Error("2 open, of which one had failed")
	}
	r.starts = append(r.starts, start{events: []event{{Event: "batch_merged", Open: 1}}})
	if !r.allSettledOnce() {
		t.Error("1 open, which had failed")
	}
	r.starts = append(r.starts, start{})
	if r.allSettledOnce() {
		t.Error("a start that told nothing")
	}
}

// A start ends as it does because of its own faults, not because some fault could
// do that.
func TestHowAStartEndedIsExplained(t *testing.T) {
	t.Parallel()
	met := func(k fault.Kind) map[fault.Kind]int { return map[fault.Kind]int{k: 1} }
	codes := ExitCodes{Done: 0, Unfinished: 3, SignIn: 4, Environment: 6}
	for name, row := range map[string]struct {
		start  start
		theirs bool // the portal
		want   bool
	}{
		"done":     {start: start{code: codes.Done}, want: true},
		"finished": {start: start{code: codes.Unfinished}, want: true},
		"killed":   {start: start{killed: true, code: -1}, want: true},
		"a bug":    {start: start{code: 1, faults: met(fault.DiskFull)}},
		"signed out by a fault": {
			start: start{code: codes.SignIn, faults: met(fault.PortalSignOut)}, want: true,
		},
		"one browser signed out by a fault": {
			start: start{code: codes.SignIn, faults: met(fault.ProfileSignOut)}, want: true,
		},
		"signed out by nothing":            {start: start{code: codes.SignIn, faults: met(fault.Portal500)}},
		"signed out by a portal of theirs": {start: start{code: codes.SignIn}, theirs: true, want: true},
		"gave up for a fault": {
			start: start{code: codes.Environment, faults: met(fault.DiskFull)}, want: true,
		},
		"gave up for nothing":                {start: start{code: codes.Environment}},
		"gave up for lack of theirs":         {start: start{code: codes.Environment}, theirs: true, want: true},
		"held by another, which is no fault": {start: start{code: 5, faults: met(fault.DiskFull)}},
	} {
		row.start.codes = codes
		if row.start.explained(!row.theirs) != row.want {
			t.Errorf("%s: explained: %v", name, !row.want)
		}
	}
}

// A fault counts once. One that is told twice, or is not in the plan, came from
// elsewhere.
func TestFollowCountsFaults(t *testing.T) {
	t.Parallel()
	plan := fault.Plan{Seed: 1, Start: 1, Every: map[fault.Kind]int{fault.DiskFull: 1}}
	const first = `{"event":"fault_injected","fault":"disk_full","at":0}` + "\n"
	for name, row := range map[string]struct {
		lines string
		wrong int
	}{
		"two":             {first + strings.Replace(first, "0", "1", 1), 0},
		"one twice":       {first + first, 1},
		"not in the plan": {`{"event":"fault_injected","fault":"ledger_error","at":0}` + "\n", 1},
	} {
		log, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		r := newRun(Config{})
		r.log = log
		r.follow(strings.NewReader(row.lines), plan, nil)
		if len(r.unplanned) != row.wrong {
			t.Errorf("%s: %q", name, r.unplanned)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
