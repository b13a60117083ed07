// Package chaos runs poactor against a plan of faults: as a process of its own, which
// is killed where the plan says so and started again whenever it has ended, until
// every order is settled. Then it checks what must hold whatever happened.
package chaos

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Config says what is run. Program, Dir, Plan, Workers and ExitCodes must be set.
type Config struct {
	// Program is the path of poactor.
	Program string
	// ExitCodes tell how a start of it ended.
	ExitCodes ExitCodes
	// Dir is an empty directory for everything that is written.
	Dir string
	// Plan is the faults.
	Plan fault.Plan

	Workers   int    // as run's --workers
	Fast      bool   // as run's --fast; the built-in portal has its lists in its pages then
	Browser   string // as run's --browser
	NoSandbox bool   // as run's --no-sandbox

	// Orders is the length of the batch of the built-in portal, which is started
	// where Batch is empty.
	Orders int
	// Batch is a list for a portal that is not ours, which the fields below name. No
	// fault of the portal is injected then, and the results are not compared with it.
	Batch   string
	Portal  string // as run's --portal
	BaseURL string // as run's --base-url
	Profile string // as run's --profile
	// Parse reads an order's number as that portal has it.
	Parse func(written string) (po.Key, string, error)

	// OnStart is called after each start of poactor; nil: by nobody.
	OnStart func(Start)
}

// ExitCodes are those of poactor that chaos tells apart.
type ExitCodes struct {
	Done        int // every order is settled
	Unfinished  int // finished, and some orders are FAILED or PARTIAL
	SignIn      int // signed out
	Environment int // the environment cannot do it
}

// Start is a start of poactor that has ended.
type Start struct {
	Number  int  // from 1
	Faults  bool // the plan had faults for it
	Settled int  // orders
	Ended   string
}

// Report says what happened and what holds.
type Report struct {
	Starts   int
	Took     time.Duration
	Injected map[fault.Kind]int // faults that happened
	// Recoveries are the times from a fault of a browser to the next order that its
	// worker begins, sorted.
	Recoveries []time.Duration
	Invariants []InvariantResult
	// Histories are those of the orders that an invariant does not hold for, by key.
	Histories []po.History
	// Unknown are such orders that the record does not know.
	Unknown []po.Key
	// Log is the path of what every start wrote.
	Log string
}

// InvariantResult says whether an invariant holds.
type InvariantResult struct {
	Invariant string   // in words
	Broken    []string // what contradicts it, a line each; empty: it holds
}

// Faults is how many faults happened.
func (r Report) Faults() (n int) {
	for _, times := range r.Injected {
		n += times
	}
	return n
}

// Broken is how many invariants do not hold.
func (r Report) Broken() (n int) {
	for _, i := range r.Invariants {
		if len(i.Broken) > 0 {
			n++
		}
	}
	return n
}

// ErrSetup is wrapped by the errors of what a run of chaos needs and cannot get from
// the machine: the built-in portal, a browser, a process.
var ErrSetup = errors.New("chaos cannot be set up")

func setupError(what string, err error) error {
	e := &po.Error{Msg: what + ": " + err.Error(), Err: ErrSetup}
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		e.Hint = outdir.HintOpenFiles
	}
	return e
}

// Run starts poactor until the batch is done and checks the invariants. An error says
// that this could not be done, or that a start ended in a way that no fault explains;
// invariants that do not hold are in the report.
func Run(ctx context.Context, cfg Config) (Report, error) {
	r := newRun(cfg)
	defer r.close()
	if err := r.prepare(ctx); err != nil {
		return Report{}, err
	}
	if err := r.untilDone(ctx); err != nil {
		return Report{}, err
	}
	return r.report(ctx)
}

// report checks the invariants and looks up the orders that they do not hold for.
func (r *run) report(ctx context.Context) (Report, error) {
	rep := Report{Starts: len(r.starts), Took: time.Since(r.began), Injected: r.injected, Recoveries: r.recoveries(),
		Log: r.logPath()}
	var err error
	if rep.Invariants, err = r.checkInvariants(ctx); err != nil || len(r.affected) == 0 {
		return rep, err
	}
	record, err := ledger.OpenReadOnly(r.out)
	if err != nil {
		return rep, err
	}
	defer record.Close()
	for _, key := range slices.Sorted(maps.Keys(r.affected)) {
		history, err := record.History(ctx, key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			rep.Unknown = append(rep.Unknown, key)
		case err != nil:
			return rep, err
		default:
			rep.Histories = append(rep.Histories, history)
		}
	}
	return rep, nil
}
