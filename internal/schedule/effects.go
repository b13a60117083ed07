package schedule

import (
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// The effects that a Scheduler calls for. They are values: nothing in them changes
// once the dispatcher has them.
type (
	// Claim asks the ledger for n leases; for none, only to learn how many
	// orders are open.
	Claim struct{ N int }
	// Assign records who has an order, and hands it to that worker. The
	// dispatcher adds the profile.
	Assign struct {
		Worker    messages.Worker
		Profile   string
		Lease     po.Lease
		ByBrowser []string
	}
	// Fetch records where an order's files will be, and hands it to the file
	// fetcher.
	Fetch struct {
		Token string
		Job   po.FetchJob
	}
	// CancelFetch breaks the fetch under a token off, or all if it is empty. Each
	// still answers.
	CancelFetch struct{ Token string }
	// Save records files that are whole on disk.
	Save struct {
		Token    string
		Supplier string
		Kept     po.Kept
	}
	// Settle records an outcome and gives the folder its final name. The
	// dispatcher adds folder and time.
	Settle struct {
		Token   string
		Order   po.Order
		Outcome po.Outcome
		Kept    po.Kept
		Worker  string
		Started time.Time
	}
	// Retry puts an order back for another try that counts.
	Retry struct {
		Token   string
		Order   po.Order
		Attempt int
		Worker  string
		Failure po.Failure
		After   time.Duration
	}
	// Release puts an order back; the try does not count.
	Release struct {
		Token   string
		Order   po.Order
		Failure po.Failure
	}
	// Reopen has settled orders opened again, whose outcomes are not believed.
	Reopen struct {
		Keys []po.Key
		Why  string
	}
	// Probe has an idle worker read an order whose attachments were seen before,
	// to see whether its session lives.
	Probe struct {
		Worker messages.Worker
		Order  po.Order
	}
	// Extend keeps leases.
	Extend struct{ Tokens []string }
	// Hire makes a new worker; alone: a throw-away one.
	Hire struct {
		Name  string
		Alone bool
	}
	// Dismiss ends a worker that has nothing in hand.
	Dismiss struct{ Name string }
	// Replace has a worker replaced that does not finish what it is given.
	Replace struct {
		Worker messages.Worker
		Why    string
	}
	// Recycle has an idle worker open a fresh browser.
	Recycle struct {
		Worker messages.Worker
		Reason string
	}
	// Notify tells the host a fact.
	Notify struct{ Event any }
	// Wake asks for a wake after a while.
	Wake struct{ After time.Duration }
	// End says that the run is over.
	End struct{}
)
