package po

import "time"

// Outcome is how an order ended: what the results, the manifest and the
// ledger record.
type Outcome struct {
	Key      Key
	Written  string // the number as the batch has it
	Status   Status
	Cause    Cause  // empty if nothing went wrong
	Detail   string // the cause in words, for ERROR_MESSAGE
	Supplier string
	Found    int       // attachments that the page lists
	Files    []File    // those saved, in the order of the page
	Missing  []Missing // those not, each with its own cause, in the order of the page
	Folder   string    // relative to the output directory, forward slashes; empty if the order has none
	URL      string    // of the order's page
	Attempts int       // tries that counted, this one included
	Time     time.Time
	Trace    Trace // of the last try
}
