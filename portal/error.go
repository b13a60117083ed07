package portal

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/poactor/poactor/po"
)

// ErrInvalid is wrapped by every Error.
var ErrInvalid = errors.New("invalid portal definition")

// Error is one thing that is wrong with a portal's definition: a po.Error with
// its place.
type Error struct {
	Path   string // of the file; empty if the definition came from none
	Line   int    // from 1; 0 if there is no place in a file
	Column int    // in characters, from 1
	Key    string // like signs.empty.selectors[1], counted from 1; empty if it is the file as a whole
	Msg    string // what is wrong, the key included
	Hint   string // what to do about it; may be empty
}

// Error returns one line: FILE:LINE:COLUMN: what is wrong.
func (e *Error) Error() string {
	switch {
	case e.Path == "":
		return "portal: " + e.Msg
	case e.Line == 0:
		return oneLine(e.Path) + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", oneLine(e.Path), e.Line, e.Column, e.Msg)
}

// Unwrap gives the po.Error, in which the place is a part of the message.
func (e *Error) Unwrap() error { return &po.Error{Msg: e.Error(), Hint: e.Hint, Err: ErrInvalid} }

// missing ranks the problems: 1 if it is that something is not there.
func (e *Error) missing() int {
	if strings.HasSuffix(e.Msg, isMissing) {
		return 1
	}
	return 0
}

// isMissing ends the message about a key that is not there.
const isMissing = " is missing"

// Errors is everything that is wrong with a definition, what is missing
// last. Load, Check and WithBaseURL return it.
type Errors []*Error

// Error returns one line: the first problem, and how many more there are.
func (e Errors) Error() string {
	switch len(e) {
	case 0:
		return "no error"
	case 1:
		return e[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", e[0].Error(), len(e)-1)
}

// Unwrap gives the single problems.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, problem := range e {
		all[i] = problem
	}
	return all
}

// oneLine keeps a hostile file name on its line.
func oneLine(text string) string {
	if strings.ContainsFunc(text, isControl) {
		return fmt.Sprintf("%q", text)
	}
	return text
}

func isControl(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
