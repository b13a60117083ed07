// Package results writes what a run leaves for people and auditors beside the
// files: the manifest, the checksums, and any file that must be replaced whole
// or not at all.
package results
