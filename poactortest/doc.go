// Package poactortest is for the tests of programs that embed poactor: faults by name, which
// come at the same places each time; browsers that follow a script instead of starting
// processes; the built-in portal, served by the test itself; the invariants of a run as a
// function; and a check that nothing of a run is left.
package poactortest
