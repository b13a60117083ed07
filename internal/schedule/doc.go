// Package schedule decides which order goes to which worker, what a failure leads
// to, and how many workers there are. It is pure: it starts nothing, reads no clock
// and does no input or output. A Scheduler takes one fact at a time and returns the
// effects that follow from it; package actors carries them out.
//
// The Scheduler joins six small types: the queue of orders in hand, the roster of
// workers, the size of the pool, the portal's outage, the sessions whose answers are not
// confirmed yet, and the sign-in that is restored when the session is over.
package schedule
