// Package messages holds the verbs of the job: every message that crosses the
// boundary of an actor. Commands are imperative, facts are past, and all are
// plain values: no pointers, channels, funcs, errors or contexts. A host of an
// embedded run receives the facts as its events.
package messages

import (
	"time"

	"github.com/poactor/poactor/po"
)

// Worker names one incarnation of a worker. A restart makes a new incarnation,
// so that what a former one says late can be told apart.
type Worker struct {
	Name        string // stable over restarts: "worker-1"
	Incarnation uint64 // unique within the process, growing
}

// Binds names what keeps the pool from being larger.
type Binds string

// What can bind.
const (
	BindsUser     Binds = "user"     // as many workers as were wished for
	BindsMemory   Binds = "memory"   // of the machine or its container
	BindsCPU      Binds = "cpu"      // of the machine or its container
	BindsPortal   Binds = "portal"   // it is slow, or asks to slow down
	BindsBrowsers Binds = "browsers" // they do not stay alive
)

// --- Commands ---

// OpenBrowser asks a worker that has none to open its browser.
type OpenBrowser struct {
	After time.Duration // to wait first: a staggered start, or the pause after a crash
}

// ReadOrder asks an idle worker to read one order.
type ReadOrder struct {
	Worker Worker // the incarnation that is asked; another leaves it alone
	Lease  po.Lease
	// ByBrowser lists the attachments that the browser must save, since HTTP
	// could not; empty on the first reading.
	ByBrowser []string
}

// FetchFiles asks the file fetcher for the files of one order.
type FetchFiles struct {
	Token string // of the lease
	Job   po.FetchJob
}

// Resize says how much machine and portal can bear: the dispatcher keeps within
// it, and within what the user wishes.
type Resize struct {
	Workers int           // to have, 1 or more
	Reading int           // orders to read at once, 1 to Workers; 0: as many as there are workers
	Hold    time.Duration // for which no order is begun; 0: none
	Binds   Binds
	Reason  string // with numbers, for people
}

// Drain asks for no more orders to be taken. Those in hand are finished.
type Drain struct{ Reason string }

// Stop ends a run: what is in hand is put back. The cause becomes the run's.
type Stop struct {
	Cause  po.Cause
	Detail string
}

// --- Facts between actors, which are the events of a host as well ---

// WorkerReady says that a worker has a browser and no order: one credit.
type WorkerReady struct {
	Worker  Worker
	Profile string        // id of its browser profile, never used before
	Took    time.Duration // from the wish to open a browser, on the first credit of an incarnation; else 0
	Worn    string        // why the browser should be replaced; empty if it need not
}

// WorkerLost says that an incarnation of a worker has ended in an accident.
// What it had in hand goes back to the dispatcher.
type WorkerLost struct {
	Worker string // its name
	Cause  po.Cause
	Detail string
	Again  time.Duration // until the next incarnation opens its browser
	GaveUp bool          // there will be no next one
}

// WorkerRecycled says that a worker opens a fresh browser instead of one that is
// worn.
type WorkerRecycled struct {
	Worker string
	Reason string
}

// WorkerDismissed says that a worker ends since the pool is to be smaller, or
// since it has done the one thing that it was for.
type WorkerDismissed struct{ Worker string }

// PoolResized says that the pool is to have another size, and what binds. One
// worker is sequential mode: an order's files are fetched before the next order
// is read.
type PoolResized struct {
	From, To int
	Binds    Binds
	Reason   string
}

// PortalPaced says that the portal is asked for less, or for more again: how many
// orders are read at once, by all workers together, and for how long none is
// begun.
type PortalPaced struct {
	Reading int
	Hold    time.Duration
	Reason  string
}

// JobStuck says that a job of a worker did not end when its context did. Its
// place is given to another; it is waited for beside.
type JobStuck struct {
	Worker  string
	Written string // the order in hand; empty if it was another job
	For     time.Duration
}

// JobReturned says that a job that was stuck has ended after all. What it brought
// is not used.
type JobReturned struct {
	Worker  string
	Written string
	After   time.Duration // that it was called off
}

// OrderQuarantined says that browsers have died with an order in hand, so that
// it is run once more, alone in a throw-away browser.
type OrderQuarantined struct {
	Key     po.Key
	Written string
	Deaths  int
	Worker  string // that is for it alone
}

// OrderStarted says that a worker begins to read an order.
type OrderStarted struct {
	Worker  Worker
	Key     po.Key
	Written string // the number as the batch has it
	Attempt int
}

// OrderRead is a worker's answer to ReadOrder. Cause is empty if the page was
// read.
type OrderRead struct {
	Worker  Worker
	Token   string
	Key     po.Key
	Written string // the number as the batch has it
	Reading po.Reading
	Failure po.ReadFailure // its Cause is empty if the page was read
	Took    time.Duration
}

// FilesFetched is the file fetcher's answer to FetchFiles.
type FilesFetched struct {
	Token   string
	Key     po.Key
	Written string // the number as the batch has it
	Result  po.FetchResult
	Failure po.Cause // of the fetch as a whole, like DiskFull; else empty
	Detail  string
	Took    time.Duration
}

// OrderRetried says that a try failed and that another will be made.
type OrderRetried struct {
	Key     po.Key
	Written string // the number as the batch has it
	Attempt int    // the one that failed
	Worker  string
	Failure po.Failure
	After   time.Duration
}

// OrderReleased says that an order was put back without a fault of its own.
type OrderReleased struct {
	Key     po.Key
	Written string // the number as the batch has it
	Failure po.Failure
}

// OrderSettled says how an order ended. It comes after the ledger has it and
// the order's folder has its final name.
type OrderSettled struct {
	Outcome po.Outcome
	Worker  string
	Took    time.Duration // since the order was first leased in this try
}

// OrdersReopened says that outcomes of this start no longer count, and that their
// orders are open again: a lost session, or a portal in trouble, may have faked them.
type OrdersReopened struct {
	Outcomes []po.Outcome // key, number, status, cause and folder of each
	Reason   string
}

// SessionProbed says that an order whose attachments were seen before was read once
// more, to see whether the session lives and the portal answers.
type SessionProbed struct {
	Worker  string
	Key     po.Key
	Written string   // the number as the batch has it
	Sign    po.Sign  // of the page; attachments: all is well
	Cause   po.Cause // why it was not read; empty if it was
	Detail  string
	Took    time.Duration
}

// BatchMerged says what the batch changed in the ledger, before the run starts.
type BatchMerged struct {
	Start   int // of poactor on this output directory; 1 for the first
	New     int // orders that were never in it
	Back    int // orders that are in the batch again
	Gone    int // orders that are in the batch no more; what was done stays
	Settled int // orders that earlier starts have settled for good
	Again   int // orders that earlier starts have ended as Failed or Partial, open again
	Open    int // orders to work on in this start, the former included
	Later   int // open orders that are left for another start
}

// Advised says before a run what speaks against its number of workers: the batch
// or the machine. The run goes on all the same.
type Advised struct {
	Workers int    // that suit
	Binds   Binds  // BindsUser: the batch is small
	Text    string // with numbers, for people
}

// FaultInjected says that a fault was made to happen, in a run that is put to
// faults on purpose.
type FaultInjected struct {
	Fault   string // its kind
	At      int    // how many operations of those it strikes there were before
	Profile string // of the browser that it struck; empty if it struck none
}

// OutputAudited says what came of holding the ledger against the output
// directory: what an earlier start, or people, have left of it.
type OutputAudited struct {
	Orders   int // looked at
	Kept     int // files that are as they were recorded
	Missing  int // files that are gone or damaged
	Opened   int // orders that were done, and are opened again for them
	Finished int // folders that got their final name, or were cleared away
	Strange  int // work folders of orders that this ledger does not know: left alone

	Paths []string // of the missing files, within the output directory: the first thousand
}

// LeftoversRemoved says what runs that were killed had left and this start has
// removed, whatever their output directory was.
type LeftoversRemoved struct {
	Profiles  int
	Processes int   // browsers that were alive; each counts once, with all it had started
	Bytes     int64 // of the profiles, and of files that were half downloaded
}

// ResultsWarning says that a file of the results is not as, or where, people look for
// it: another program holds it, so that what is new is in a file beside it; somebody
// has edited it, so that it has another name now; it is of an earlier list; or it is
// UTF-8, as the list's own encoding lacks a character.
type ResultsWarning struct {
	File string // its name in the output directory
	Text string // in words, for people
}

// RunCleaned is the last event: every browser is closed, and what the run had
// for itself is gone but for what Left names, paths and processes.
type RunCleaned struct{ Left []string }

// RunStarted is the first event of the actors.
type RunStarted struct {
	Portal     string
	Workers    int
	Sequential bool
}

// RunEnded is the last event of a run.
type RunEnded struct {
	Counts map[po.Status]int // orders settled in this start
	Open   int               // orders not settled of those that this start was for
	Later  int               // open orders that a limit has left for another start
	Cause  po.Cause          // why it ended early; empty if every order was settled
	Detail string
}
