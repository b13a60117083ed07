package resource

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// root is where cgroups are looked for.
func root() fs.FS { return os.DirFS("/") }

// affinity tells which cores our process may run on.
func affinity() func(core int) bool {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return func(int) bool { return true } // more cores than the set holds
	}
	return set.IsSet
}
