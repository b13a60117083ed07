package launch

import "github.com/poactor/poactor/po"

// Error is why a browser could not be found, started or used, in one line for
// the user.
type Error struct {
	Msg   string   // what happened
	Hint  string   // what to do about it; empty if nothing is known
	Cause po.Cause // what it counts as
	Err   error    // what was underneath; nil if nothing was
}

func (e *Error) Error() string { return e.Msg }

// Unwrap gives the cause and what was underneath.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Err}
}
