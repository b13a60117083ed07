package po

import "slices"

// Status says how an order ended. The values are those of the STATUS column.
type Status string

// The statuses an order can end with.
const (
	Completed     Status = "COMPLETED"      // every attachment found is saved and verified
	Partial       Status = "PARTIAL"        // some are
	Failed        Status = "FAILED"         // none is, or the order could not be read
	NoAttachments Status = "NO_ATTACHMENTS" // the portal says that there are none
	NotFound      Status = "NOT_FOUND"      // the portal says that there is no such order
)

// Statuses returns all statuses, in the order in which summaries show them.
func Statuses() []Status {
	return []Status{Completed, NoAttachments, NotFound, Partial, Failed}
}

// Valid reports whether s is one of Statuses.
func (s Status) Valid() bool { return slices.Contains(Statuses(), s) }

// Settled reports whether a later run has nothing left to do for the order.
func (s Status) Settled() bool {
	return s == Completed || s == NoAttachments || s == NotFound
}

// Cause says in one word why something did not end as it should. It is an
// error, so that one value travels from the browser to the ledger, the
// results, the metrics and the exit code; wrap it with the operation and %w.
// The empty cause means that nothing went wrong and is never used as an error.
type Cause string

// The closed list of causes.
const (
	InvalidNumber      Cause = "invalid_number"      // not a number of this portal; no browser was asked
	CauseNotFound      Cause = "not_found"           // the portal says that there is no such order
	Forbidden          Cause = "forbidden"           // the portal refuses this user
	SignedOut          Cause = "signed_out"          // the portal wants a sign-in; not the order's fault
	Timeout            Cause = "timeout"             // a step did not end in its time
	PortalError        Cause = "portal_error"        // 5xx, reset, or not reachable
	Throttled          Cause = "throttled"           // 429, or 503 with Retry-After
	UnrecognisedPage   Cause = "unrecognised_page"   // no sign of the portal's definition appeared
	DownloadIncomplete Cause = "download_incomplete" // fewer bytes than announced
	DownloadRejected   Cause = "download_rejected"   // the content is not what was promised
	BrowserDied        Cause = "browser_died"        // its process or its page crashed; not the order's fault
	BrowserHung        Cause = "browser_hung"        // it lives and does not answer; not the order's fault
	Quarantined        Cause = "quarantined"         // in hand at too many browser deaths
	ProfileFailed      Cause = "profile_failed"      // no usable browser profile
	DiskFull           Cause = "disk_full"           // the output directory cannot take more, or cannot be written to
	BlockedHost        Cause = "blocked_host"        // the target is not one of the portal's hosts
	Interrupted        Cause = "interrupted"         // the user ended the run
	TaskFailed         Cause = "task_failed"         // the work of a task returned an error that has no cause
	Internal           Cause = "internal"            // a bug of ours
)

// Error makes a cause an error; the text is the cause itself.
func (c Cause) Error() string { return string(c) }

// Deadly reports whether c is the end of a browser, by itself or with a worker that
// panics. An order in whose hands that happens again and again is run alone (docs/spec.md §5).
func (c Cause) Deadly() bool { return c == BrowserDied || c == BrowserHung || c == Internal }

// Causes returns the closed list.
func Causes() []Cause {
	return []Cause{InvalidNumber, CauseNotFound, Forbidden, SignedOut, Timeout, PortalError, Throttled,
		UnrecognisedPage, DownloadIncomplete, DownloadRejected, BrowserDied, BrowserHung, Quarantined,
		ProfileFailed, DiskFull, BlockedHost, Interrupted, TaskFailed, Internal}
}

// Valid reports whether c is one of Causes.
func (c Cause) Valid() bool { return slices.Contains(Causes(), c) }
