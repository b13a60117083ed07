package launch

import (
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

// Hint is what to do about a program that cannot be used as a browser.
const Hint = "name Chromium, Google Chrome or Microsoft Edge with --browser PATH"

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
	p.Kill() // whoever closed the pipe without ending
	<-p.exited
	// What it said is in the pipe already; only a process that left its group
	// could hold the pipe open.
	_ = p.errR.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	<-p.stderr.done
	line, hint, msg := p.stderr.firstError(), Hint, ""
	switch {
	case p.stderr.isForbidden():
		return p.browser.drivingForbidden()
	case strings.Contains(line, "sandbox"):
		msg, hint = fmt.Sprintf("the browser ended at its start: %s", line), hintSandbox
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

const hintRelaunch = "see that no compatibility mode is set for Microsoft Edge in the properties of its program, " +
	"or name another browser with --browser PATH"

const hintSandbox = "let this user create namespaces (see the browser's own help), " +
	"or give --no-sandbox if this machine or container is for nothing else"

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
	return &po.Error{Msg: fmt.Sprintf("%s: %v", what, err), Cause: cause, Err: err}
}
