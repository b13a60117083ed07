package po

import (
	"errors"
	"time"
)

// ErrFenced is the answer of a ledger to a write under a lease that is no
// longer the order's: it expired, was released, or another holder has it.
var ErrFenced = errors.New("lease is no longer held")

// Lease is the right to work on an order for a while. Every write about the
// order carries its token.
type Lease struct {
	Token    string
	Order    Order
	TTL      time.Duration // from the moment it was given or extended
	Attempt  int           // 1 for the first; counts only tries that were the order's own
	Worker   string        // who had the last try that failed; empty if none
	Deaths   int           // browsers that died with the order in hand, and readings of it that panicked
	Saved    Saved         // what earlier attempts left on disk
	Missing  []Missing     // what the last try that failed could not get; empty if it did not come so far
	Died     string        // what the last of these deaths said of itself
	Evidence string        // of the last try in which a browser died; empty if there is none
	Supplier string        // as an earlier attempt read it
	ReadBy   ReadBy        // how the list was read that the files are of, where it was settled before
}

// Claim answers a request for leases.
type Claim struct {
	Leases []Lease
	// Invalid are leases of orders whose number is none of the portal's: they
	// need no worker and come whatever was asked for, a bounded number at a time.
	Invalid []Lease
	// Wait is the time until the next order that is held back comes due; 0 if
	// none is held back.
	Wait time.Duration
	// Known are a few orders that earlier starts have settled as Completed: whoever
	// is signed in sees their attachments.
	Known []Order
	// Open counts the orders that are not settled, leased ones included.
	Open int
	// Auditing says that files of settled orders are still being looked for: orders may be
	// opened again, so that a run does not end while it is set, even with none open.
	Auditing bool
}
