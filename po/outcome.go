package po

import (
	"encoding/json"
	"time"
)

// Outcome is how an order ended: what the results, the manifest and the
// ledger record.
type Outcome struct {
	RawNumber string    `json:"number,omitempty"` // the number as the batch has it
	Key       Key       `json:"key,omitempty"`
	Status    Status    `json:"status,omitempty"`
	Cause     Cause     `json:"cause,omitempty"`  // empty if nothing went wrong
	Detail    string    `json:"detail,omitempty"` // the cause in words, for ERROR_MESSAGE
	Supplier  string    `json:"supplier,omitempty"`
	Attempts  int       `json:"attempt,omitempty"`       // tries that counted, this one included
	Found     int       `json:"found"`                   // attachments that the page lists
	Files     []File    `json:"files,omitempty"`         // those saved, in the order of the page
	Missing   []Missing `json:"missing_files,omitempty"` // those not, each with its own cause, in the order of the page
	Folder    string    `json:"folder,omitempty"`        // relative to the output directory, forward slashes; may be empty
	URL       string    `json:"url,omitempty"`           // of the order's page
	// ReadBy is how the page was read, and Comparisons how often both ways had found the
	// same by then, of orders before it and its own. Empty where no run was to do without
	// browsers.
	ReadBy      ReadBy    `json:"read_by,omitempty"`
	Comparisons int       `json:"comparisons,omitempty"`
	Time        time.Time `json:"-"`
	Trace       Trace     `json:"-"` // of the last try
	// Result is what the work on a task has returned, as JSON. Events leave it out: it may
	// be large.
	Result json.RawMessage `json:"-"`
}
