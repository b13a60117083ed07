package actors

import (
	"context"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Browsers opens browser sessions. Open may have to wait for its turn; from
// then on it bounds itself. It must return soon after its context ends. An error
// carries a po.Cause.
type Browsers interface {
	Open(ctx context.Context) (Session, error)
}

// Session is one live browser with a profile of its own. Read and Close may be
// called from different goroutines; there is one Read or Prove at a time.
type Session interface {
	// Profile names the browser profile; no two sessions ever share a name.
	Profile() string
	// Read opens an order's page, tells which page it is and lists the
	// attachments. Those whose ID is in byBrowser are saved by the browser; so
	// are those that have no URL. An error is a *po.ReadFailure, whose cause
	// po.BrowserDied says that the session is of no more use.
	Read(ctx context.Context, order po.Order, byBrowser []string) (po.Reading, error)
	// Look opens the page of an order once more that is about to end with files missing,
	// and keeps evidence of what it shows: the reading's Trace names it. An error is as of
	// Read.
	Look(ctx context.Context, order po.Order, missing po.Failure) (po.Reading, error)
	// Prove opens the portal's page that shows who is signed in. An error is a
	// *po.ReadFailure, as of Read. It is called where Config.Proves says so.
	Prove(ctx context.Context) (po.Proof, error)
	// Memory is what the browser's processes take up, in bytes; 0 if it is not
	// known. It may take some milliseconds.
	Memory() int64
	// Done is closed by the session when its browser has died, whoever ended
	// it.
	Done() <-chan struct{}
	// Close ends the browser's processes, waits until they are gone and
	// releases the profile. It may be called again and while Read runs; it
	// takes no longer than a few seconds.
	Close() error
}

// Pages reads orders' pages without a browser.
type Pages interface {
	// ReadPage asks for an order's page, and for what that asks for, as the browser would whose
	// credentials are given. It reads it in the first of the ways that fits, but for those that it is
	// to do without. An error is a *po.ReadFailure.
	ReadPage(ctx context.Context, order po.Order, without []po.ReadBy, c po.Credentials) (po.PageReading, error)
}

// Files puts the files of orders where they belong: whole or not at all.
type Files interface {
	// Fetch gets what is listed in the job into the order's work folder. The
	// error is for what concerns the run, like po.DiskFull; what is wrong with
	// one file stands in the result.
	Fetch(ctx context.Context, job po.FetchJob) (po.FetchResult, error)
	// Work names the folder in which an order's files are gathered: it is
	// recorded before Fetch makes it.
	Work(order po.Order, supplier string, saved po.Saved) string
	// Final names the folder an order ends in; empty if it has none.
	Final(order po.Order, supplier string, saved po.Saved, status po.Status) string
	// Finish gives the work folder its final name. Asked again after it has
	// done so, it does nothing.
	Finish(ctx context.Context, saved po.Saved, final string) error
}

// SignIn restores the session that all browsers have copies of.
type SignIn interface {
	// Restore is called when the session is over, lost says how that was seen. When it
	// returns, browsers that are opened from then on are signed in again, as the same
	// user; how says in words by what. It may take as long as a person needs, and returns
	// soon after its context ends. There is one call at a time.
	Restore(ctx context.Context, lost string) (how string, err error)
}

// Limiter tells how much machine and portal bear. Its methods may be called from
// different goroutines.
type Limiter interface {
	// Measure reads how the machine does, and says how much it bears. It may take
	// some milliseconds.
	Measure(ctx context.Context) Limits
	// Answered takes in what came of a page or of files, and says what follows
	// from that. It does not block.
	Answered(a Answer) Limits
}

// Limits is what machine and portal bear now.
type Limits struct {
	Workers   int           // to have; 1 or more
	Reading   int           // orders to read at once; 1 to Workers
	Hold      time.Duration // for which no order is to be begun; 0: none
	LimitedBy messages.LimitedBy
	Reason    string // in words with numbers
}

// Answer is what came of a page, or of files.
type Answer struct {
	Took time.Duration
	// WithoutBrowser is set where a page was asked for without one: that takes less time.
	WithoutBrowser bool

	Sign       po.Sign       // of a page that was read; empty otherwise
	Cause      po.Cause      // why it was not; empty otherwise
	RetryAfter time.Duration // what the portal asked for
	Retried    bool          // the order has failed before
}

// Ledger is the record of claims, attempts, files and outcomes: claim by
// lease. Every write carries the token of the lease; where the lease is no
// longer held the answer is po.ErrFenced and nothing is changed. Only
// durations cross it, no clocks. Calls may block on a disk; what a call has
// recorded lasts when it returns.
type Ledger interface {
	// Commit carries out what do asks of the ledger, with the context that do is
	// given, as one write: all of it, or none and an error.
	Commit(ctx context.Context, do func(ctx context.Context) error) error
	// Claim leases up to n orders that are due.
	Claim(ctx context.Context, n int, ttl time.Duration) (po.Claim, error)
	// Assign records who works on the order from now on.
	Assign(ctx context.Context, token string, to po.Assignment) error
	// Extend gives a lease its whole time to live again.
	Extend(ctx context.Context, token string, ttl time.Duration) error
	// Save records the files that are whole on disk and where they are.
	Save(ctx context.Context, token string, supplier string, saved po.Saved) error
	// Settle records the outcome and ends the lease. Repeated with the same
	// token it does nothing.
	Settle(ctx context.Context, token string, outcome po.Outcome) error
	// Retry puts the order back for another try, not before the time given;
	// the try counts.
	Retry(ctx context.Context, token string, failure po.Failure, after time.Duration) error
	// Release puts the order back at once; the try does not count.
	Release(ctx context.Context, token string, failure po.Failure) error
	// Reopen puts settled orders back whose outcomes are not to be believed, and
	// returns those outcomes. It leaves others as they are.
	Reopen(ctx context.Context, keys []po.Key) ([]po.Outcome, error)
}
