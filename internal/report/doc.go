// Package report writes and reads what a run leaves for people and auditors beside
// the files: the manifest and the checksums. It also tells whether another program
// has such a file open.
package report
