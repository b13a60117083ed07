// Package results writes what a run leaves for people and auditors beside the files
// of the orders: the list with its status columns, the manifest and the checksums,
// brought up to date while the run goes on. It reads the last two for those who check.
package results
