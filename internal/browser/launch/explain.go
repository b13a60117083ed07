package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

// ErrSlow is the cause of a context whose time for a browser's start is over.
var ErrSlow = errors.New("the browser did not answer in its time")

// ErrForbidden says that policies forbid to drive the browser.
var ErrForbidden = errors.New("policies forbid to drive the browser")

// HintForbidden is what to do about ErrForbidden.
const HintForbidden = "ask who manages this machine to allow it; no option of poactor changes that"

// Explain says why a browser that was started could not be used, where err is
// what was noticed of it, and ends it. The error is a *po.Error.
func (p *Process) Explain(ctx context.Context, err error) error {
	if ctx.Err() != nil && !p.hasExited() && !p.stderr.isForbidden() {
		what := "start " + p.browser.Path
		if line := systemError(p.stderr.text()); line != "" {
			what += ": " + line
		}
		return StartError(ctx, what, err)
	}
	if p.stderr.isForbidden() {
		return p.browser.drivingForbidden()
	}
	byItself := p.endsWithin(300 * time.Millisecond)
	p.Kill() // whoever closed the pipe without ending
	<-p.exited
	// What it said is in the pipe already; only a process that left its group
	// could hold the pipe open.
	_ = p.errR.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	<-p.stderr.done
	line, msg := p.stderr.firstError(), ""
	hint := cmp.Or(HintOf(line), Hint)
	if hint == Hint && byItself {
		hint = p.hintOfExit()
	}
	switch {
	case p.stderr.isForbidden():
		return p.browser.drivingForbidden()
	case hint == hintSandbox:
		msg = fmt.Sprintf("the browser has no sandbox, and ended at its start: %s", line)
	case p.browser.Edge() && p.state.Success():
		msg = p.browser.Path + " ended at its start and left no way to drive it: it may have started itself again"
		hint = hintRelaunch
	case line != "":
		msg = fmt.Sprintf("%s ended at its start (%s): %s", p.browser.Path, p.exitText(), line)
	default:
		msg = fmt.Sprintf("%s is not a browser we can drive: it ended at once (%s)", p.browser.Path, p.exitText())
	}
	return &po.Error{Msg: msg, Hint: hint, Cause: po.BrowserDied, Err: err}
}

// hintOfExit is the hint for a browser that has ended by itself and said nothing of use.
func (p *Process) hintOfExit() string {
	switch text := p.exitText(); {
	case strings.Contains(text, "killed"): // by the system, which was short of memory
		return hintMemory
	case strings.HasPrefix(text, "signal"):
		return hintCrash
	}
	return Hint
}

// endsWithin waits a while until the browser has ended.
func (p *Process) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

func (p *Process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// StartError is the error of a start that took too long or was called off, as
// the context says. It is a *po.Error.
func StartError(ctx context.Context, what string, err error) error {
	cause := po.Interrupted
	switch why := context.Cause(ctx); {
	case errors.Is(why, ErrSlow):
		cause, err = po.BrowserDied, why
	case errors.Is(why, context.DeadlineExceeded):
		cause = po.Timeout
	}
	e := &po.Error{Msg: fmt.Sprintf("%s: %v", what, err), Cause: cause, Err: err}
	switch {
	case cause != po.BrowserDied:
	case HintOf(what) != "": // what the browser has said
		e.Hint = HintOf(what)
	default:
		e.Hint = hintSlow
	}
	return e
}
