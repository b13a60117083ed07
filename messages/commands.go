// Package messages holds every message that crosses the boundary of an actor.
// Commands are named in the imperative, events in the past tense, and all are
// plain values: no pointers, channels, funcs, errors or contexts. A host of an
// embedded run receives the events; their JSON is in docs/events.md.
package messages

import (
	"time"

	"github.com/poactor/poactor/po"
)

// Worker names one incarnation of a worker. A restart makes a new incarnation,
// so that what a former one says late can be told apart.
type Worker struct {
	Name        string `json:"worker,omitempty"` // stable over restarts: "worker-1"
	Incarnation uint64 `json:"-"`                // unique within the process, growing
}

// LimitedBy names what keeps the pool from being larger.
type LimitedBy string

// What can limit it.
const (
	LimitedByUser     LimitedBy = "user"     // as many workers as were wished for
	LimitedByMemory   LimitedBy = "memory"   // of the machine or its container
	LimitedByCPU      LimitedBy = "cpu"      // of the machine or its container
	LimitedByPortal   LimitedBy = "portal"   // it is slow, or asks to slow down
	LimitedByBrowsers LimitedBy = "browsers" // they do not stay alive
)

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
	// Look says what the order is about to end with, where no more than evidence of its
	// page is wanted; else it has no cause.
	Look po.Failure
}

// ProveSession asks an idle worker to open the page that shows who is signed in.
type ProveSession struct {
	Worker Worker // the incarnation that is asked; another leaves it alone
}

// ReadPage asks the page reader for the page of one order, without a browser.
type ReadPage struct {
	Token       string // of the lease
	Order       po.Order
	Credentials po.Credentials
	Without     []po.ReadBy // ways in which it is not to be read
}

// FetchFiles asks the file fetcher for the files of one order.
type FetchFiles struct {
	Token string // of the lease
	Job   po.FetchJob
}

// Resize says how much machine and portal can bear: the dispatcher keeps within
// it, and within what the user wishes.
type Resize struct {
	Workers   int           // to have, 1 or more
	Reading   int           // orders to read at once, 1 to Workers; 0: as many as there are workers
	Hold      time.Duration // for which no order is begun; 0: none
	LimitedBy LimitedBy
	Reason    string // with numbers, for people
}

// Pause asks for no order to be begun until Resume. Those in hand are finished.
type Pause struct{}

// Resume ends a pause.
type Resume struct{}

// SetWorkers says that the user wishes for another number of workers, 1 or more. Machine
// and portal may still allow fewer.
type SetWorkers struct{ Workers int }

// Drain asks for no more orders to be taken. Those in hand are finished.
type Drain struct{ Reason string }

// Stop ends a run: what is in hand is put back. The cause becomes the run's.
type Stop struct {
	Cause  po.Cause
	Detail string
}

// What has orders, addresses or credentials is not logged where its receiver has gone.

// IgnoreDeadLetterLogging implements an interface of Proto.Actor.
func (ReadOrder) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging implements an interface of Proto.Actor.
func (ReadPage) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging implements an interface of Proto.Actor.
func (FetchFiles) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging implements an interface of Proto.Actor.
func (OrderRead) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging implements an interface of Proto.Actor.
func (PageRead) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging implements an interface of Proto.Actor.
func (FilesFetched) IgnoreDeadLetterLogging() {}
