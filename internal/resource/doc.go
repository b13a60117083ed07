// Package resource tells how much of the machine is in use and decides, without
// touching anything, how many browsers it can bear and how many orders its
// portal can.
//
// Probe reads: CPU and memory of the machine or of the cgroup that bounds us, and
// what our own processes use. The rest is pure. Policy says how many workers there should be now and what binds, Portal how many
// orders the portal gets at once, and Advise what is wrong with a wish before a
// run. None of them reads a clock or starts anything, so that hours of load run
// through them in a test.
package resource
