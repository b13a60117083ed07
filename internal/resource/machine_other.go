//go:build !linux

package resource

import "io/fs"

// root is nil: the system has no cgroups.
func root() fs.FS { return nil }

// affinity is not asked for: few pin a browser to cores here.
func affinity() func(core int) bool { return func(int) bool { return true } }
