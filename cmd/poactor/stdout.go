package main

import (
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
)

// stdout is standard output that remembers its first error. Whoever writes sees
// none: a reader that leaves, or a disk that is full, must not end a run, and is
// told once, at the command's end. It is safe for concurrent use.
type stdout struct {
	w io.Writer

	mu  sync.Mutex
	err error
}

// Write implements io.Writer. What follows an error is not written: it would have
// a hole before it.
func (s *stdout) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
	return len(p), nil
}

// failure is what a command ends with whose output got lost; nil if none did.
func (s *stdout) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil
	}
	cause := s.err
	if errno, ok := errors.AsType[syscall.Errno](cause); ok {
		cause = errno // the name of the file says nothing
	}
	return cannot("", "standard output could not be written to its end: %v", cause)
}

// printError tells of an error on standard error, and where the output is JSON as
// lines of it too.
func (a *app) printError(err error) {
	printError(a.stderr, err)
	if !a.json {
		return
	}
	for _, e := range userErrors(err) {
		progress.WriteJSON(a.stdout, errorLine{progress.Now("error"), e.Msg, e.Hint, exitCode(err)})
	}
}

// errorLine is an error as a JSON line: the names are a promise.
type errorLine struct {
	progress.Stamp
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	ExitCode int    `json:"exit_code"`
}

// endedLine is the last line of a command that tells events.
type endedLine struct {
	progress.Stamp
	ExitCode int            `json:"exit_code"`
	Batch    *batchStanding `json:"batch,omitempty"` // nil if it has come to none
}

// batchStanding is how a whole batch stands, whatever a start was asked for.
type batchStanding struct {
	Counts   map[po.Status]int `json:"counts"`
	Open     int               `json:"open"`              // of the batch, those that a limit has left included
	Deferred int               `json:"deferred"`          // of these, those that a limit has left
	ReadBy   map[po.ReadBy]int `json:"read_by,omitempty"` // settled orders by how their pages were read
	Results  string            `json:"results"`           // the path of the list with its status columns
	Out      string            `json:"out"`               // the output directory
}

// streamsEvents is the annotation of a command that tells events, and ends with a line
// that says so.
const streamsEvents = "events"

// warningLine is a warning as a JSON line.
type warningLine struct {
	progress.Stamp
	Message string `json:"message"`
}
