package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// The exit codes, as SPEC §3 has them. After 3, 4, 5, 6 and 130 the same
// command goes on from where it stood.
const (
	exitDone        = 0   // every order is settled
	exitBug         = 1   // a bug
	exitUse         = 2   // wrong use, bad batch, bad config, bad portal file
	exitUnfinished  = 3   // finished, and some orders are FAILED or PARTIAL
	exitSignIn      = 4   // sign-in needed
	exitHeld        = 5   // another run holds this output, or a browser the profile
	exitEnvironment = 6   // the environment cannot do it
	exitInterrupted = 130 // as a shell shows SIGINT
)

// failure is an error with what the user needs: the exit code and a cure.
type failure struct {
	code int
	msg  string
	hint string
}

func (f *failure) Error() string { return f.msg }

// wrongUse is a failure that the user can mend in what was asked for.
func wrongUse(hint, format string, args ...any) error {
	return &failure{exitUse, fmt.Sprintf(format, args...), hint}
}

// cannot is a failure of the environment. The hint gives way to one about the
// system's own trouble, where that is among args.
func cannot(hint, format string, args ...any) error {
	for _, arg := range args {
		if err, ok := arg.(error); ok && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) {
			e, _ := poactor.OfSystem(err)
			hint = e.Hint
		}
	}
	return &failure{exitEnvironment, fmt.Sprintf(format, args...), hint}
}

// exitCode decides how poactor ends. counts are those of the whole batch.
func exitCode(counts map[po.Status]int, err error) int {
	if err != nil {
		return errorCode(err)
	}
	if counts[po.Failed]+counts[po.Partial] > 0 {
		return exitUnfinished
	}
	return exitDone
}

func errorCode(err error) int {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	if e, ok := asPoactor(err); ok {
		if e.Held {
			return exitHeld
		}
		return causeCode(e.Cause)
	}
	_, badBatch := errors.AsType[*batch.Error](err)
	_, badPortal := errors.AsType[portal.Errors](err)
	if badBatch || badPortal {
		return exitUse
	}
	if e, ok := poactor.OfSystem(err); ok {
		return causeCode(e.Cause)
	}
	return exitBug
}

// asPoactor finds the error of a run, or of its ledger.
func asPoactor(err error) (*poactor.Error, bool) {
	if e, ok := errors.AsType[*poactor.Error](err); ok {
		return e, true
	}
	if e, ok := errors.AsType[*poactor.LedgerError](err); ok {
		return poactor.OfLedger(e), true
	}
	return nil, false
}

// causeCode is the code of a run that did not start or ended early. What
// carries no cause was asked for wrongly.
func causeCode(cause po.Cause) int {
	switch cause {
	case "":
		return exitUse
	case po.SignedOut:
		return exitSignIn
	case po.UnrecognisedPage: // of every order: the portal file is wrong
		return exitUse
	case po.Interrupted:
		return exitInterrupted
	case po.Internal:
		return exitBug
	}
	return exitEnvironment
}

// complain writes err for the user: one line, and one with the cure if there is
// one; for a portal file such lines for each problem.
func complain(stderr io.Writer, err error) {
	for i, p := range explain(err) {
		if i == maxProblems {
			return
		}
		fmt.Fprintf(stderr, "poactor: error: %s\n", progress.Line(p.msg))
		if p.hint != "" {
			fmt.Fprintf(stderr, "poactor: hint: %s\n", progress.Line(p.hint))
		}
	}
}

// maxProblems is how many problems of a portal file are shown at once.
const maxProblems = 20

// problem is something wrong and its cure, which may be empty.
type problem struct{ msg, hint string }

func explain(err error) []problem {
	if f, ok := errors.AsType[*failure](err); ok {
		return []problem{{f.msg, f.hint}}
	}
	if e, ok := asPoactor(err); ok {
		return []problem{{e.Error(), e.Hint}}
	}
	if e, ok := errors.AsType[*batch.Error](err); ok {
		return []problem{{e.Error(), e.Hint}}
	}
	if list, ok := errors.AsType[portal.Errors](err); ok {
		var out []problem
		for _, e := range list {
			out = append(out, problem{e.Error(), e.Hint})
		}
		return out
	}
	if e, ok := poactor.OfSystem(err); ok {
		return []problem{{e.Msg, e.Hint}}
	}
	return []problem{{"a bug: " + err.Error(), "run again with --log-file FILE and report it with that file"}}
}
