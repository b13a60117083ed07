// Package doctor looks whether this machine, its browser and the portal can do a run, and
// says what to do where they cannot. It starts a browser as a run does, and leaves nothing
// behind.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/resource"
	"github.com/poactor/poactor/po"
)

// State says how a check ended.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Warn    State = "warn" // a run can do its work, and may meet trouble
	Fail    State = "fail" // a run cannot do its work
	Skipped State = "skip" // it could not be looked at, or needs not be
)

// The checks, in the order in which they are told. The names are a promise.
const (
	CheckProgram   = "poactor"
	CheckOut       = "out"
	CheckTemp      = "temp"
	CheckShared    = "shared_memory"
	CheckMemory    = "memory"
	CheckOpenFiles = "open_files"
	CheckProcesses = "processes"
	CheckDisplay   = "display"
	CheckProxy     = "proxy"
	CheckPortal    = "portal"
	CheckClock     = "clock"
	CheckBrowser   = "browser"
	CheckStart     = "start"
	CheckSandbox   = "sandbox"
	CheckPage      = "page"
	CheckLanes     = "lanes"
	CheckProfile   = "profile"
	CheckSignIn    = "sign_in"
	CheckOrder     = "order"
	CheckFastLane  = "fast_lane"
	CheckWorkers   = "workers"
)

// Checks lists all checks in their order.
func Checks() []string {
	return []string{CheckProgram, CheckOut, CheckTemp, CheckShared, CheckMemory, CheckOpenFiles, CheckProcesses,
		CheckDisplay, CheckProxy, CheckPortal, CheckClock, CheckBrowser, CheckStart, CheckSandbox, CheckPage, CheckLanes, CheckProfile,
		CheckSignIn, CheckOrder, CheckFastLane, CheckWorkers}
}

// Finding is what came of one check. Text, Hint and Facts may hold what a portal has said:
// it is not safe for a terminal.
type Finding struct {
	Check string         `json:"check"`
	State State          `json:"state"`
	Text  string         `json:"text"`            // one line
	Hint  string         `json:"hint,omitempty"`  // the cure; empty if none is needed or known
	Facts map[string]any `json:"facts,omitempty"` // what it was made of, for programs

	signIn bool // it fails only because nobody is signed in
}

// Config says what is to be looked at.
type Config struct {
	// Run is what a run would work with. Without a base URL its portal is left out.
	Run poactor.Config
	// Out is the output directory that a run would have; it need not exist.
	Out string
	// Order is the number of an order to read, as somebody wrote it; empty: none is read.
	Order string
	// Profile says in words which profile Run has; empty: none. ProfileErr is why it
	// cannot be used.
	Profile    string
	ProfileErr error
	// Display reports whether a window could be opened.
	Display bool
	// Program is this program's version, Env looks an environment variable up.
	Program string
	Env     func(name string) (string, bool)
	// Within bounds all of it; 0: two minutes. What is left then is skipped.
	Within time.Duration
}

// Report is what all checks together say.
type Report struct {
	Counts  map[State]int
	Workers int  // that are recommended; 0: no browser could be measured
	SignIn  bool // somebody has to sign in, and nothing else fails
}

// Able reports whether a run could do its work.
func (r Report) Able() bool { return r.Counts[Fail] == 0 }

// Run looks at everything, and tells each finding as soon as it is known.
func Run(ctx context.Context, c Config, tell func(Finding)) Report {
	if c.Within == 0 {
		c.Within = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	d := &doctor{Config: c, tell: tell, report: Report{Counts: map[State]int{}, SignIn: true}, probe: resource.NewProbe()}
	d.machine(ctx)
	d.portal(ctx)
	d.browser(ctx)
	d.report.SignIn = d.report.SignIn && !d.report.Able()
	return d.report
}

// doctor is one look at everything.
type doctor struct {
	Config
	tell   func(Finding)
	report Report

	probe     *resource.Probe
	usage     resource.Usage
	freeTasks int // processes and threads that may still be started; 0: not known

	served     bool           // the portal has answered poactor's own request
	trial      *poactor.Trial // the browser that is open; nil: none
	reads      reader         // reads the page that was read last once more
	ordered    bool           // which is an order's
	pageFailed bool           // the browser could not open the portal's page
}

// add tells a finding.
func (d *doctor) add(f Finding) {
	d.report.Counts[f.State]++
	if f.State == Fail && !f.signIn {
		d.report.SignIn = false
	}
	d.tell(f)
}

// check does a quick check, and tells what it finds.
func (d *doctor) check(ctx context.Context, name string, look func(ctx context.Context) Finding) {
	f, _ := timed(ctx, quick, func(ctx context.Context) (Finding, struct{}) { return look(ctx), struct{}{} })
	f.Check = name
	d.add(f)
}

// grace is how long a check may take that was told to end.
const grace = 5 * time.Second

// timed does a check within its time, which also returns what it has got. One that hangs
// all the same, as a network's file system may do, is left alone.
func timed[T any](ctx context.Context, within time.Duration, look func(ctx context.Context) (Finding, T)) (f Finding, got T) {
	if ctx.Err() != nil {
		return Finding{State: Skipped, Text: "left out: there was no time left"}, got
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	type result struct {
		finding Finding
		got     T
	}
	found := make(chan result, 1)
	go func() {
		f, got := look(ctx)
		found <- result{f, got}
	}()
	select {
	case r := <-found:
		return r.finding, r.got
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case r := <-found:
		return r.finding, r.got
	case <-late.C:
	}
	return Finding{State: Fail, Text: fmt.Sprintf("no answer within %v", within+grace),
		Hint: "something that has to be asked hangs: a disk, a browser or a network"}, got
}

// failed makes a finding of an error, with its hint.
func failed(err error) Finding {
	f := Finding{State: Fail, Text: po.FirstLine(err), Hint: "", Facts: map[string]any{}}
	if e, ok := errors.AsType[*po.Error](err); ok {
		f.Text, f.Hint = e.Msg, withoutResume(e.Hint)
		if e.Cause != "" {
			f.Facts["cause"] = string(e.Cause)
		}
	}
	return f
}

// withoutResume is a hint without what a run alone can do, and what is being done.
func withoutResume(hint string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(hint, po.HintDoctor), po.HintResume), "; ")
}
