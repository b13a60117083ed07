package po

import "time"

// Choice says which orders of a batch a run works on. The zero value means all that are
// not settled for good, see Status.Settled.
type Choice struct {
	// Limit is how many of the open orders are taken; 0: all.
	Limit int
	// Only picks among the orders that have an outcome: those are opened again,
	// and nothing else is worked on. Nil: every order that is not settled for
	// good.
	Only *Filter
}

// Filter picks orders by how they ended. An empty list picks all that did not
// end well; what the lists name is picked whatever it is.
type Filter struct {
	Statuses []Status
	Causes   []Cause
	Since    time.Time // settled then or later; zero: any
}
