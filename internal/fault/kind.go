// Package fault decides which faults a run is put to: a seeded plan, which is a
// pure function of the seed and of how often an operation was done. What makes a
// fault happen stands beside what it happens to.
package fault

import "slices"

// Kind is one fault.
type Kind string

// The faults of docs/spec.md §11.
const (
	WorkerPanic     Kind = "worker_panic"     // a reading panics
	BrowserKill     Kind = "browser_kill"     // the browser's processes are killed
	BrowserStop     Kind = "browser_stop"     // they are stopped: it hangs
	RendererCrash   Kind = "renderer_crash"   // the page's process crashes
	CDPCut          Kind = "cdp_cut"          // the connection to the browser ends
	CDPSlow         Kind = "cdp_slow"         // each command of a reading takes longer
	ProfileDamaged  Kind = "profile_damaged"  // a new profile cannot be used
	ProfileStuck    Kind = "profile_stuck"    // a profile cannot be removed at first
	ProfileSignOut  Kind = "profile_sign_out" // one browser has lost its session
	Portal500       Kind = "portal_500"       // one answer
	Portal503       Kind = "portal_503"       // one answer, with Retry-After
	Portal429       Kind = "portal_429"       // one answer, with Retry-After
	PortalHang      Kind = "portal_hang"      // one answer never comes
	PortalSlow      Kind = "portal_slow"      // one answer takes seconds more
	PortalTruncated Kind = "portal_truncated" // half a file
	PortalHTML      Kind = "portal_html"      // a page instead of a file
	PortalSignOut   Kind = "portal_sign_out"  // nobody is signed in any more
	DiskFull        Kind = "disk_full"        // a file cannot be written
	LedgerError     Kind = "ledger_error"     // the record cannot be written
	PoactorKill     Kind = "poactor_kill"     // poactor itself is killed
)

// Op is an operation that faults may affect.
type Op string

// The operations.
const (
	OpRead    Op = "read"    // a worker reads an order
	OpLease   Op = "lease"   // a browser gets a profile
	OpRelease Op = "release" // a profile is removed
	OpWrite   Op = "write"   // a file is begun
	OpCommit  Op = "commit"  // the ledger is written
	OpPage    Op = "page"    // the portal answers with a page or a list
	OpFile    Op = "file"    // the portal answers with a file
	OpSettle  Op = "settle"  // an order is settled
)

// opOf says which operation each fault affects.
var opOf = map[Kind]Op{
	WorkerPanic: OpRead, BrowserKill: OpRead, BrowserStop: OpRead, RendererCrash: OpRead,
	CDPCut: OpRead, CDPSlow: OpRead, ProfileSignOut: OpRead,
	ProfileDamaged: OpLease, ProfileStuck: OpRelease, DiskFull: OpWrite, LedgerError: OpCommit,
	Portal500: OpPage, Portal503: OpPage, Portal429: OpPage, PortalHang: OpPage, PortalSlow: OpPage, PortalSignOut: OpPage,
	PortalTruncated: OpFile, PortalHTML: OpFile, PoactorKill: OpSettle,
}

// Kinds lists all faults, in a fixed order.
func Kinds() []Kind {
	return []Kind{
		WorkerPanic, BrowserKill, BrowserStop, RendererCrash, CDPCut, CDPSlow,
		ProfileDamaged, ProfileStuck, ProfileSignOut,
		Portal500, Portal503, Portal429, PortalHang, PortalSlow, PortalTruncated, PortalHTML, PortalSignOut,
		DiskFull, LedgerError, PoactorKill,
	}
}

// Valid reports whether k is one of Kinds.
func (k Kind) Valid() bool { return slices.Contains(Kinds(), k) }

// Op is the operation that the fault affects.
func (k Kind) Op() Op { return opOf[k] }

// OfRun reports whether a run makes the fault happen: the portal's are the portal's, and a
// kill of poactor comes from outside.
func (k Kind) OfRun() bool {
	return k.Op() != OpPage && k.Op() != OpFile && k.Op() != OpSettle
}

// OfBrowser reports whether the fault is one of a browser or its profile.
func (k Kind) OfBrowser() bool {
	return k.Op() == OpRead || k.Op() == OpLease || k.Op() == OpRelease
}
