package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	cause := func(c po.Cause) error { return &po.Error{Cause: c, Msg: "m"} }
	tests := map[string]struct {
		counts map[po.Status]int
		err    error
		want   int
	}{
		"nothing to do":                  {want: 0},
		"all settled":                    {counts: map[po.Status]int{po.Completed: 1, po.NotFound: 2, po.NoAttachments: 3}, want: 0},
		"a failed one":                   {counts: map[po.Status]int{po.Completed: 1, po.Failed: 1}, want: 3},
		"a partial one":                  {counts: map[po.Status]int{po.Partial: 1}, want: 3},
		"an error is before failed ones": {counts: map[po.Status]int{po.Failed: 1}, err: cause(po.DiskFull), want: 6},

		"unforeseen":         {err: errors.New("x"), want: 1},
		"the system":         {err: fmt.Errorf("x: %w", &fs.PathError{Op: "open", Path: "f", Err: syscall.EMFILE}), want: 6},
		"bug in the run":     {err: cause(po.Internal), want: 1},
		"wrong use":          {err: wrongUse("", "x"), want: 2},
		"bad batch":          {err: fmt.Errorf("x: %w", &batch.Error{Err: fs.ErrNotExist}), want: 2},
		"bad portal":         {err: portal.Errors{{Msg: "x"}}, want: 2},
		"signed out":         {err: cause(po.SignedOut), want: 4},
		"no browser":         {err: cause(po.BrowserDied), want: 6},
		"hung browsers":      {err: cause(po.BrowserHung), want: 6},
		"no profile":         {err: cause(po.ProfileFailed), want: 6},
		"disk full":          {err: cause(po.DiskFull), want: 6},
		"portal away":        {err: cause(po.PortalError), want: 6},
		"the environment":    {err: cannot("", "x"), want: 6},
		"interrupted":        {err: interrupted(3), want: 130},
		"cancelled":          {err: cause(po.Interrupted), want: 130},
		"wrapped and joined": {err: errors.Join(fmt.Errorf("x: %w", cause(po.SignedOut)), nil), want: 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := exitCode(orUnfinished(tt.counts, tt.err)); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

// An interrupt does not hide what else ended the run.
func TestByInterrupt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		left int
		want bool
	}{
		"drained":         {nil, 2, true},
		"all were done":   {nil, 0, false},
		"cancelled":       {&po.Error{Cause: po.Interrupted}, 2, true},
		"context":         {fmt.Errorf("x: %w", context.Canceled), 2, true},
		"disk full":       {&po.Error{Cause: po.DiskFull}, 2, false},
		"signed out":      {&po.Error{Cause: po.SignedOut}, 2, false},
		"a bug":           {errors.New("x"), 2, false},
		"results unsaved": {cannot("", "x"), 0, false},
	} {
		if got := byInterrupt(row.err, row.left); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Every cause and every sentinel has its code, as docs/spec.md §3 has them.
func TestExitCodeOfEachKind(t *testing.T) {
	t.Parallel()
	want := map[error]int{
		po.SignedOut:        4,
		po.UnrecognisedPage: 2, // of every order: the portal file is wrong
		po.Interrupted:      130,
		po.Internal:         1,

		errUnfinished:             3,
		errUse:                    2,
		errEnvironment:            6,
		poactor.ErrConfig:         2,
		batch.ErrUnusable:         2,
		portal.ErrInvalid:         2,
		outdir.ErrUntrusted:       2,
		ledger.ErrDamaged:         2,
		ledger.ErrForeign:         2,
		ledger.ErrNewer:           2,
		poactor.ErrResults:        6,
		poactor.ErrHeld:           5,
		profilestore.ErrBaseInUse: 5,
		account.ErrHeld:           5,
		account.ErrName:           2,
		storagestate.ErrRefused:   2,
	}
	for _, c := range po.Causes() {
		if _, special := want[c]; !special {
			want[c] = 6
		}
	}
	for kind, code := range want {
		cause, _ := kind.(po.Cause)
		for how, err := range map[string]error{
			"as it is":  &po.Error{Cause: cause, Err: kind},
			"wrapped":   fmt.Errorf("x: %w", &po.Error{Cause: cause, Err: fmt.Errorf("y: %w", kind)}),
			"the first": errors.Join(&po.Error{Cause: cause, Err: kind}, cannot("", "x"), wrongUse("", "y")),
		} {
			if got := exitCode(err); got != code {
				t.Errorf("%v, %s: %d, want %d", kind, how, got, code)
			}
		}
	}
	full := &batch.Error{Path: "b.csv", Msg: "too many open files", Err: syscall.EMFILE}
	if got := exitCode(fmt.Errorf("output directory: %w", full)); got != 6 {
		t.Errorf("a list that cannot be opened for want of files: %d", got)
	}
	if got := exitCode(&po.Error{Cause: po.ProfileFailed, Err: profilestore.ErrBaseInUse}); got != 5 {
		t.Errorf("a profile in use: %d", got)
	}
}

// A list that changes while a run begins is for the user to mend, and no bug.
func TestListThatChangesAtTheStart(t *testing.T) {
	t.Parallel()
	p, err := runPortal(config.Settings{Portal: "coupa", BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = poactor.Start(t.Context(), poactor.Config{Portal: p, Out: t.TempDir()}, func(yield func(po.Order, error) bool) {
		changed := &batch.Error{Path: "b.csv", Msg: "the file was changed in the meantime", Hint: "start again", Err: batch.ErrChanged}
		yield(po.Order{}, changed)
	})
	var b strings.Builder
	printError(&b, err)
	want := "poactor: error: b.csv: the file was changed in the meantime\npoactor: hint: start again\n"
	if b.String() != want || exitCode(err) != exitUse {
		t.Errorf("%d: %s", exitCode(err), b.String())
	}
}

func TestComplain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"with a hint":    {wrongUse("do so", "bad"), "poactor: error: bad\npoactor: hint: do so\n"},
		"without a hint": {wrongUse("", "bad"), "poactor: error: bad\n"},
		"hostile":        {wrongUse("", "a\x1b[31m\nb"), "poactor: error: a [31m b\n"},
		"a bug": {errors.New("nil map"),
			"poactor: error: a bug: nil map\npoactor: hint: run again with --log-file FILE and report it with that file\n"},
		"open files": {fmt.Errorf("x: %w", &fs.PathError{Op: "open", Path: "f", Err: syscall.EMFILE}),
			"poactor: error: x: open f: too many open files\npoactor: hint: raise the limit of open files (ulimit -n), or give fewer --workers; run the same command again to resume\n"},
		"open files of the output": {outdir.WriteError(&fs.PathError{Op: "open", Path: "f", Err: syscall.EMFILE}),
			"poactor: error: output directory: open f: too many open files\npoactor: hint: raise the limit of open files (ulimit -n), or give fewer --workers; run the same command again to resume\n"},
		"permissions of the output": {outdir.WriteError(&fs.PathError{Op: "open", Path: "f", Err: syscall.EACCES}),
			"poactor: error: output directory: open f: permission denied\npoactor: hint: give another one with --out, or see to its permissions\n"},
		"a portal file": {portal.Errors{{Path: "p.yaml", Line: 2, Column: 1, Msg: "x", Hint: "y"}, {Path: "p.yaml", Msg: "z"}},
			"poactor: error: p.yaml:2:1: x\npoactor: hint: y\npoactor: error: p.yaml: z\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			printError(&b, tt.err)
			if b.String() != tt.want {
				t.Errorf("got  %q\nwant %q", b.String(), tt.want)
			}
		})
	}
}
