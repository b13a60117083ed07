//go:build !linux

package resource

// probeAndPrint is for cgroups.
func probeAndPrint() {}
