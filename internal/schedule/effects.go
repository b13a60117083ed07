package schedule

import (
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Effect is something that the scheduler wants done. The types of this file are all
// there are. They are values: nothing in them changes once the scheduler has
// returned them.
type Effect interface{ effect() }

// Effects that the ledger records, in the order in which they were asked for. What
// came of each is told to the scheduler.
type (
	// Claim asks the ledger for N leases; for none, only to learn how many orders
	// are open. Answered by Scheduler.Claimed.
	Claim struct{ N int }
	// Assign records which worker reads an order, then hands it over. Answered by
	// Scheduler.Unassigned where that came to nothing.
	Assign struct {
		Worker    messages.Worker
		Lease     po.Lease
		ByBrowser []string // attachments that the browser must save
		Reason    string   // why a browser reads it, in a run that reads orders without one
		Look      po.Failure
	}
	// ReadPage records that an order's page is read without a browser, and has it read.
	// Answered by Scheduler.PageRead.
	ReadPage struct {
		Lease       po.Lease
		Credentials po.Credentials
		Without     []po.ReadBy // ways in which it is not to be read
	}
	// Fetch records where an order's files will be, then asks the file fetcher for
	// them. Answered by Scheduler.Fetched.
	Fetch struct {
		Token string
		Job   po.FetchJob
	}
	// Save records files that are whole on disk.
	Save struct {
		Token    string
		Supplier string
		Saved    po.Saved
	}
	// Settle records an outcome, to which folder and time are added, and gives the
	// folder its final name. Answered by Scheduler.Recorded.
	Settle struct {
		Token   string
		Order   po.Order
		Outcome po.Outcome
		Saved   po.Saved
		Worker  string
		Started time.Time
	}
	// Retry puts an order back for another try, which counts. Answered by
	// Scheduler.Recorded.
	Retry struct {
		Token   string
		Order   po.Order
		Attempt int // the one that failed
		Worker  string
		Failure po.Failure
		After   time.Duration
	}
	// Release puts an order back; the try does not count. Answered by
	// Scheduler.Recorded.
	Release struct {
		Token   string
		Order   po.Order
		Failure po.Failure
	}
	// Reopen opens settled orders again, whose outcomes no longer count. Answered by
	// Scheduler.Reopened.
	Reopen struct {
		Keys   []po.Key
		Reason string
	}
	// Extend keeps leases.
	Extend struct{ Tokens []string }
)

// Effects that the ledger has no part in.
type (
	// CancelFetch breaks off the fetch under a token, or the reading of its page without a
	// browser; all of them if it is empty. Each is answered all the same.
	CancelFetch struct{ Token string }
	// Probe has an idle worker read an order whose attachments were seen before, to
	// see whether its session lives. Answered by Scheduler.Probed.
	Probe struct {
		Worker messages.Worker
		Order  po.Order
	}
	// Prove has an idle worker open the page that shows who is signed in. Answered by
	// Scheduler.Proved.
	Prove struct{ Worker messages.Worker }
	// Restore asks for the session, which is over, to be restored. Answered by
	// Scheduler.Restored.
	Restore struct{ Detail string }
	// Hire starts a new worker.
	Hire struct {
		Name     string
		Isolated bool // for one order in quarantine, then thrown away
	}
	// Dismiss ends a worker that has nothing in hand.
	Dismiss struct{ Name string }
	// Replace ends a worker's browser, which does not finish what it is given, and
	// opens another.
	Replace struct {
		Worker messages.Worker
		Reason string
	}
	// Recycle has an idle worker open a fresh browser.
	Recycle struct {
		Worker messages.Worker
		Reason string
	}
	// Notify tells the host a fact, of package messages.
	Notify struct{ Event any }
	// Wake asks for a call of Scheduler.Wake after a while.
	Wake struct{ After time.Duration }
	// End says that the run is over. It is the last effect.
	End struct{}
)

func (Claim) effect()       {}
func (Assign) effect()      {}
func (ReadPage) effect()    {}
func (Fetch) effect()       {}
func (Save) effect()        {}
func (Settle) effect()      {}
func (Retry) effect()       {}
func (Release) effect()     {}
func (Reopen) effect()      {}
func (Extend) effect()      {}
func (CancelFetch) effect() {}
func (Probe) effect()       {}
func (Prove) effect()       {}
func (Restore) effect()     {}
func (Hire) effect()        {}
func (Dismiss) effect()     {}
func (Replace) effect()     {}
func (Recycle) effect()     {}
func (Notify) effect()      {}
func (Wake) effect()        {}
func (End) effect()         {}
