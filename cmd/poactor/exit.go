package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/chaos"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// The exit codes, as docs/spec.md §3 has them. After 3, 4, 5, 6 and 130 the same
// command resumes.
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

// What is none of the causes, beside the sentinel errors of other packages.
var (
	errUse         = errors.New("wrong use")
	errEnvironment = errors.New("the environment cannot do it")
	errUnfinished  = errors.New("orders are FAILED or PARTIAL") // which is told by the results
)

// exitCode is what poactor ends with after err.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errUnfinished) {
		return exitUnfinished
	}
	err = userErrors(err)[0]
	is := func(kinds ...error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
	switch cause := po.CauseOf(err); {
	case is(syscall.EMFILE, syscall.ENFILE): // whatever could not be opened
		return exitEnvironment
	case is(poactor.ErrHeld, profilestore.ErrBaseInUse, account.ErrHeld):
		return exitHeld
	case is(errUse, poactor.ErrConfig, batch.ErrUnusable, portal.ErrInvalid, outdir.ErrUntrusted,
		ledger.ErrDamaged, ledger.ErrForeign, ledger.ErrNewer, storagestate.ErrRefused, account.ErrName):
		return exitUse
	case cause == po.UnrecognisedPage: // of every order: the portal file is wrong
		return exitUse
	case cause == po.SignedOut:
		return exitSignIn
	case cause == po.Interrupted:
		return exitInterrupted
	case cause == po.Internal && !is(errEnvironment, poactor.ErrResults, chaos.ErrSetup):
		return exitBug
	}
	return exitEnvironment // for these three and the other causes
}

// orUnfinished is err, or errUnfinished after a run whose batch has orders that
// did not end well.
func orUnfinished(counts map[po.Status]int, err error) error {
	if err == nil && counts[po.Failed]+counts[po.Partial] > 0 {
		return errUnfinished
	}
	return err
}

// wrongUse is an error that the user can mend in what was asked for.
func wrongUse(hint, format string, args ...any) error {
	return &po.Error{Msg: fmt.Sprintf(format, args...), Hint: hint, Err: errUse}
}

// cannot is an error of the environment. The hint gives way to one about the
// system's own trouble, where that is among args.
func cannot(hint, format string, args ...any) error {
	for _, arg := range args {
		if err, ok := arg.(error); ok && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) {
			hint = outdir.HintOpenFiles
		}
	}
	return &po.Error{Msg: fmt.Sprintf(format, args...), Hint: hint, Err: errEnvironment}
}

// userErrors is an error in words for the user: of several the first, and of a portal
// file all that is wrong.
func userErrors(err error) []*po.Error {
	if list, ok := errors.AsType[portal.Errors](err); ok {
		all := make([]*po.Error, len(list))
		for i, e := range list {
			all[i], _ = errors.AsType[*po.Error](e)
		}
		return all
	}
	if e, ok := errors.AsType[*po.Error](err); ok {
		return []*po.Error{e}
	}
	if e, ok := poactor.SystemError(err); ok {
		return []*po.Error{e}
	}
	return []*po.Error{{Cause: po.Internal, Msg: "a bug: " + err.Error(),
		Hint: "run again with --log-file FILE and report it with that file"}}
}

// printError writes err for the user: one line, and one with the cure if there is
// one; for a portal file such lines for each problem.
func printError(stderr io.Writer, err error) {
	list := userErrors(err)
	for _, e := range list[:min(len(list), maxProblems)] {
		fmt.Fprintf(stderr, "poactor: error: %s\n", progress.Line(e.Msg))
		if e.Hint != "" {
			fmt.Fprintf(stderr, "poactor: hint: %s\n", progress.Line(e.Hint))
		}
	}
}

// maxProblems is how many problems of a portal file are shown at once.
const maxProblems = 20
