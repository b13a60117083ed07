package po

import "time"

// Trace is what a try left for people to look into.
type Trace struct {
	// Pages are the addresses that the browser opened, in order, without their
	// queries.
	Pages []string `json:"pages,omitempty"`
	// Evidence is the folder of the screenshot and the page that were kept of a
	// failure, relative to the output directory, with forward slashes. Empty:
	// none were.
	Evidence string `json:"evidence,omitempty"`
}

// Failure says why a try ended without an outcome.
type Failure struct {
	Cause  Cause  `json:"cause,omitempty"`
	Detail string `json:"detail,omitempty"` // in words; no secret in it
	// Missing are the files that did not come, where it was for them.
	Missing []Missing `json:"missing_files,omitempty"`
	Trace   Trace     `json:"-"`
}

// Assignment says who works on an order.
type Assignment struct {
	Worker  string `json:"worker"`            // its name
	Profile string `json:"profile,omitempty"` // of its browser
	// Reason is why a browser reads the order, in a run that reads orders without one.
	Reason string `json:"reason,omitempty"`
}

// Ending says how an attempt came to its end.
type Ending string

// The endings of an attempt. One that has none was cut off: poactor was killed,
// or the attempt is under way.
const (
	EndSettled  Ending = "settled"   // with an outcome
	EndRetried  Ending = "retried"   // it failed, and counts
	EndReleased Ending = "released"  // it was no fault of the order's, and does not count
	EndHandedOn Ending = "handed_on" // another worker went on with it
	EndReopened Ending = "reopened"  // with an outcome that no longer counts: a lost session may have faked it
)

// Attempt is one worker's work on an order, as the ledger has it.
type Attempt struct {
	Try   int `json:"try"`   // 1 for the first that counts since the order was last opened
	Start int `json:"start"` // of poactor on this output directory; 1 for the first
	Assignment
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"` // zero: it was cut off, or is under way
	Ending  Ending    `json:"ending,omitempty"`
	Failure           // its Cause is empty if nothing went wrong
	Files   int       `json:"files"` // that this attempt added
	Bytes   int64     `json:"bytes"` // of those files
}

// OrderAttempt is an attempt with the order that it was made at.
type OrderAttempt struct {
	Key Key
	Attempt
}

// History is all that the ledger has of one order.
type History struct {
	Order    Order
	Place    int  // in the batch, from 0; -1: it is in it no more
	Open     bool // it is still to be worked on
	Outcome  Outcome
	Saved    Saved
	Attempts []Attempt
}
