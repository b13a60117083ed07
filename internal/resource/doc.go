// Package resource tells how much of the machine is in use, and answers two
// questions without touching anything: how many workers does the machine bear
// (Capacity: smoothed thresholds with hysteresis), and how many orders at once
// does the portal bear (Portal: AIMD on refusals and on latency).
//
// Probe reads: CPU and memory of the machine or of the cgroup that
// bounds us, and what our own processes use. The rest is pure: Capacity
// and Portal are values, Decide joins them, and Advise says what is wrong with a
// wish before a run. None of them reads a clock or starts anything, so that hours
// of load run through them in a test. docs/measurements.md says what each
// mechanism earns.
package resource
