package testportal

import "github.com/poactor/poactor/internal/fault"

// planned are the faults of a plan that the portal makes happen.
var planned = map[fault.Kind]Fault{
	fault.Portal500: Error500, fault.Portal503: Error503, fault.Portal429: Throttle,
	fault.PortalHang: Hang, fault.PortalSlow: Slow, fault.PortalTruncated: Truncate,
	fault.PortalHTML: HTML, fault.PortalSignOut: SignOut,
}

// Makes reports whether the portal can make a fault of a plan happen.
func Makes(k fault.Kind) bool { return planned[k] != "" }

// NextFault says which fault of a plan the next request of a kind meets, for Options.Inject.
func NextFault(plan *fault.Injector, kind RequestKind) (Fault, fault.Kind) {
	op := fault.OpPage
	if kind == RequestFile {
		op = fault.OpFile
	}
	x, ok := plan.Next(op)
	if !ok {
		return NoFault, ""
	}
	return planned[x.Kind], x.Kind
}
