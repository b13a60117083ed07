package po

import (
	"errors"
	"strings"
)

// Error is an error in words for the user: what went wrong, in one line, and
// what to do about it. Every package makes its own where it knows both; what
// only wraps one leaves it as it is. Which kind of trouble it is tells
// errors.Is: its cause, or a sentinel error in what it wraps.
type Error struct {
	Cause Cause  // what it counts as; empty if it is none of the causes, like a wrong configuration
	Msg   string // what happened, one line
	Hint  string // what to do about it; empty if nothing is known
	Err   error  // what was underneath; may be nil
}

// HintResume is the hint where a run ended early and nothing else is to be done.
const HintResume = "run the same command again to resume"

// HintDoctor is the end of a hint where more can be found out.
const HintDoctor = "poactor doctor tells more; " + HintResume

// Error returns Msg.
func (e *Error) Error() string { return e.Msg }

// Unwrap gives the cause and what was underneath.
func (e *Error) Unwrap() []error {
	var list []error
	if e.Cause != "" {
		list = append(list, e.Cause)
	}
	if e.Err != nil {
		list = append(list, e.Err)
	}
	return list
}

// CauseOf returns the cause wrapped in err: the empty cause for a nil error,
// Internal for an error that carries none.
func CauseOf(err error) Cause {
	if err == nil {
		return ""
	}
	if c, ok := errors.AsType[Cause](err); ok {
		return c
	}
	return Internal
}

// DetailOf is what err says beside its cause, for people: the cause's own word,
// which Go's wrapping puts in front of it, is left out, and so are the queries of
// addresses.
func DetailOf(err error) string {
	return MaskAddresses(strings.ReplaceAll(err.Error(), CauseOf(err).Error()+": ", ""))
}

// FirstLine is an error's first line: joined errors have several.
func FirstLine(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}
