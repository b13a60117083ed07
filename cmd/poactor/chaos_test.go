package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// A short run of chaos, with every fault in its plan: all invariants hold, and
// faults did happen. `make chaos` is the long one.
func TestFaultsChaos(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	program, err := exec.LookPath("poactor") // testscript has put it on the path
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "chaos")
	cmd := exec.Command(program, "chaos", "--seed", "2", "--orders", "9", "--workers", "3", "--out", dir)
	if os.Geteuid() == 0 {
		cmd.Args = append(cmd.Args, "--no-sandbox")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "chaos.log"))
		t.Fatalf("%v\n%s\n%s", err, out, log)
	}
	if n := strings.Count(string(out), "\nholds "); n != 8 {
		t.Errorf("%d invariants hold, want 8\n%s", n, out)
	}
	if !regexp.MustCompile(`\n[1-9]\d* faults? in \d+ starts`).Match(out) {
		t.Errorf("hardly any fault\n%s", out)
	}
}

// What is left of a run is found: a file, and a browser that works there.
func TestLeftoversOfAnOrdealAreFound(t *testing.T) {
	t.Parallel()
	o := &ordeal{temp: t.TempDir()}
	if left := o.nothingLeft(); len(left) > 0 {
		t.Errorf("before: %q", left)
	}
	if err := os.WriteFile(filepath.Join(o.temp, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if left := o.nothingLeft(); len(left) != 1 {
		t.Errorf("a file: %q", left)
	}
	if !o.ours("--user-data-dir="+filepath.Join(o.temp, "1", "p")) || o.ours("--user-data-dir="+o.temp+"0/1/p") || o.ours(filepath.Join(o.temp, "1")) {
		t.Error("somebody else's process is taken for ours, or ours for somebody else's")
	}
}

// Faults end when all that is open has been settled before.
func TestAllSettledOnce(t *testing.T) {
	t.Parallel()
	settled := func(key string, status po.Status) event {
		return event{Event: "order_settled", Key: po.Key(key), Status: status}
	}
	o := &ordeal{starts: []start{
		{events: []event{{Event: "batch_merged", Open: 4}, settled("1", po.Failed), settled("2", po.Completed), settled("3", po.Partial)}},
		{events: []event{{Event: "batch_merged", Open: 3}, settled("1", po.Completed), settled("3", po.Failed)}},
	}}
	if o.allSettledOnce() {
		t.Error("3 open, of which one was settled and failed")
	}
	o.starts = append(o.starts, start{events: []event{{Event: "batch_merged", Open: 2}, settled("4", po.NotFound)}})
	if o.allSettledOnce() {
		t.Error("2 open, of which one had failed")
	}
	o.starts = append(o.starts, start{events: []event{{Event: "batch_merged", Open: 1}}})
	if !o.allSettledOnce() {
		t.Error("1 open, which had failed")
	}
	o.starts = append(o.starts, start{})
	if o.allSettledOnce() {
		t.Error("a start that told nothing")
	}
}

// A start ends as it does because of its own faults, not because some fault could
// do that.
func TestHowAStartEndedIsExplained(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		start  start
		theirs bool // the portal
		want   bool
	}{
		"done":                               {start: start{code: exitDone}, want: true},
		"finished":                           {start: start{code: exitUnfinished}, want: true},
		"killed":                             {start: start{killed: true, code: -1}, want: true},
		"a bug":                              {start: start{code: exitBug, met: map[fault.Kind]int{fault.DiskFull: 1}}},
		"signed out by a fault":              {start: start{code: exitSignIn, met: map[fault.Kind]int{fault.PortalSignOut: 1}}, want: true},
		"one browser signed out by a fault":  {start: start{code: exitSignIn, met: map[fault.Kind]int{fault.ProfileSignOut: 1}}, want: true},
		"signed out by nothing":              {start: start{code: exitSignIn, met: map[fault.Kind]int{fault.Portal500: 3}}},
		"signed out by a portal of theirs":   {start: start{code: exitSignIn}, theirs: true, want: true},
		"gave up for a fault":                {start: start{code: exitEnvironment, met: map[fault.Kind]int{fault.DiskFull: 1}}, want: true},
		"gave up for nothing":                {start: start{code: exitEnvironment}},
		"gave up for lack of theirs":         {start: start{code: exitEnvironment}, theirs: true, want: true},
		"held by another, which is no fault": {start: start{code: exitHeld, met: map[fault.Kind]int{fault.DiskFull: 1}}},
	} {
		if row.start.explained(!row.theirs) != row.want {
			t.Errorf("%s: explained: %v", name, !row.want)
		}
	}
}

// What the portal makes happen is all that strikes its answers.
func TestEveryFaultOfThePortalIsMadeToHappen(t *testing.T) {
	t.Parallel()
	for _, k := range fault.Kinds() {
		if (portalFaults[k] != testportal.NoFault) != (k.Op() == fault.OpPage || k.Op() == fault.OpFile) {
			t.Errorf("%s: %q", k, portalFaults[k])
		}
	}
}

// A fault counts once. One that is told twice, or is not in the plan, came from
// elsewhere.
func TestFollowCountsFaults(t *testing.T) {
	t.Parallel()
	plan := fault.Plan{Seed: 1, Start: 1, Every: map[fault.Kind]int{fault.DiskFull: 1}}
	for name, row := range map[string]struct {
		lines string
		wrong int
	}{
		"two":             {`{"event":"fault_injected","fault":"disk_full","at":0}` + "\n" + `{"event":"fault_injected","fault":"disk_full","at":1}` + "\n", 0},
		"one twice":       {strings.Repeat(`{"event":"fault_injected","fault":"disk_full","at":0}`+"\n", 2), 1},
		"not in the plan": {`{"event":"fault_injected","fault":"ledger_error","at":0}` + "\n", 1},
	} {
		log, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		o := &ordeal{injected: map[fault.Kind]int{}, log: log}
		o.follow(strings.NewReader(row.lines), plan, nil)
		if len(o.wrong) != row.wrong {
			t.Errorf("%s: %q", name, o.wrong)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What is lost, doubled or used again is found.
func TestInvariantsFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := func(sec int) time.Time { return time.Unix(int64(1_800_000_000+sec), 0) }
	good := func() state {
		settled := func(start int, worker, profile string, from, to int) po.Attempt {
			return po.Attempt{Try: 1, Start: start, Assignment: po.Assignment{Worker: worker, Profile: profile}, Began: at(from), Ended: at(to), Ending: po.EndSettled}
		}
		released := settled(1, "worker-1", "a-1", 0, 2)
		released.Ending = po.EndReleased
		return state{
			outcomes: []po.Outcome{{Key: "1", Status: po.Completed}, {Key: "2", Status: po.NotFound, Cause: po.CauseNotFound}},
			rows:     []po.Outcome{{Key: "1", Status: po.Completed}, {Key: "2", Status: po.NotFound, Cause: po.CauseNotFound}, {Key: "1", Status: po.Completed}},
			stories: map[po.Key]po.History{
				"1": {Attempts: []po.Attempt{released, settled(1, "worker-2", "a-2", 2, 4)}},
				"2": {Attempts: []po.Attempt{settled(2, "worker-1", "b-1", 9, 10)}},
			},
		}
	}
	attempt := func(s state, key po.Key, n int, change func(*po.Attempt)) { change(&s.stories[key].Attempts[n]) }
	for name, row := range map[string]struct {
		spoil func(s *state, o *ordeal)
		check func(o *ordeal, s state) []string
	}{
		"an order without outcome":     {func(s *state, _ *ordeal) { s.outcomes[0].Status = "" }, (*ordeal).oneOutcome},
		"a row that shows another one": {func(s *state, _ *ordeal) { s.rows[2].Status = po.Failed }, (*ordeal).oneOutcome},
		"a row that is missing":        {func(s *state, _ *ordeal) { s.rows = s.rows[:1] }, (*ordeal).oneOutcome},
		"an order that is settled twice": {func(s *state, _ *ordeal) {
			attempt(*s, "1", 0, func(a *po.Attempt) { a.Ending = po.EndSettled })
		}, (*ordeal).oneOutcome},
		"two workers at once": {func(s *state, _ *ordeal) {
			attempt(*s, "1", 1, func(a *po.Attempt) { a.Began = at(1) })
		}, (*ordeal).neverTwoAtOnce},
		"another worker's profile": {func(s *state, _ *ordeal) {
			attempt(*s, "1", 1, func(a *po.Attempt) { a.Assignment.Profile = "a-1" })
		}, (*ordeal).profilesFresh},
		"a profile of an earlier start": {func(s *state, _ *ordeal) {
			attempt(*s, "2", 0, func(a *po.Attempt) { a.Assignment.Profile = "a-1" })
		}, (*ordeal).profilesFresh},
		"a lost worker's own profile": {func(_ *state, o *ordeal) {
			o.starts = []start{{events: []event{{Event: "worker_ready", Worker: "w", Profile: "p"}, {Event: "worker_lost", Worker: "w"}, {Event: "worker_ready", Worker: "w", Profile: "p"}}}}
		}, (*ordeal).profilesFresh},
		"a fourth attempt": {func(s *state, _ *ordeal) {
			attempt(*s, "2", 0, func(a *po.Attempt) { a.Try = 4 })
		}, (*ordeal).attemptsWithin},
		"a fault that was not in the plan": {func(_ *state, o *ordeal) { o.wrong = []string{"disk_full"} }, func(o *ordeal, _ state) []string { return o.samePlan() }},
	} {
		s, o := good(), &ordeal{troubled: map[po.Key]bool{}}
		if broken := row.check(o, s); len(broken) > 0 {
			t.Errorf("%s: before it there was %q", name, broken)
		}
		row.spoil(&s, o)
		if broken := row.check(o, s); len(broken) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}
