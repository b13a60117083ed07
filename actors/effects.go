package actors

import (
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// The effects that a board calls for. They are values: nothing in them changes
// once the dispatcher has them.
type (
	// doClaim asks the ledger for n leases; for none, only to learn how many
	// orders are open.
	doClaim struct{ n int }
	// doRead records who has an order, and hands it to that worker. The
	// dispatcher adds the profile.
	doRead struct {
		worker    messages.Worker
		profile   string
		lease     po.Lease
		byBrowser []string
	}
	// doFetch records where an order's files will be, and hands it to the file
	// fetcher.
	doFetch struct {
		token string
		job   po.FetchJob
	}
	// doCancel breaks the fetch under a token off, or all if it is empty. Each
	// still answers.
	doCancel struct{ token string }
	// doSave records files that are whole on disk.
	doSave struct {
		token    string
		supplier string
		kept     po.Kept
	}
	// doSettle records an outcome and gives the folder its final name. The
	// dispatcher adds folder and time.
	doSettle struct {
		token   string
		order   po.Order
		outcome po.Outcome
		kept    po.Kept
		worker  string
		started time.Time
	}
	// doRetry puts an order back for another try that counts.
	doRetry struct {
		token   string
		order   po.Order
		attempt int
		worker  string
		failure po.Failure
		after   time.Duration
	}
	// doRelease puts an order back; the try does not count.
	doRelease struct {
		token   string
		order   po.Order
		failure po.Failure
	}
	// doReopen has settled orders opened again, whose outcomes are not believed.
	doReopen struct {
		keys []po.Key
		why  string
	}
	// doProbe has an idle worker read an order whose attachments were seen before,
	// to see whether its session lives.
	doProbe struct {
		worker messages.Worker
		order  po.Order
	}
	// doExtend keeps leases.
	doExtend struct{ tokens []string }
	// doHire makes a new worker; alone: a throw-away one.
	doHire struct {
		name  string
		alone bool
	}
	// doDismiss ends a worker that has nothing in hand.
	doDismiss struct{ name string }
	// doCondemn has a worker replaced that does not finish what it is given.
	doCondemn struct {
		worker messages.Worker
		why    string
	}
	// doRecycle has an idle worker open a fresh browser.
	doRecycle struct {
		worker messages.Worker
		reason string
	}
	// doTell tells the host a fact.
	doTell struct{ event any }
	// doWake asks for a wake after a while.
	doWake struct{ after time.Duration }
	// doEnd says that the run is over.
	doEnd struct{}
)
