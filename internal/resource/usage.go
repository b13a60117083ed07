package resource

// Bound names what sets a limit.
type Bound string

// The two kinds of bounds.
const (
	Machine Bound = "machine" // all of the machine that our process may use
	Cgroup  Bound = "cgroup"  // a container, a pod, a slice: ours or a parent of it
)

// Usage is what is in use now, against the tightest of all bounds: the one of
// which the largest share is in use. What could not be read is zero.
type Usage struct {
	CPU    CPU
	Memory Memory
	// Cores is how many cores may be used at most: the fewest of all bounds. A
	// quota makes it broken.
	Cores float64
	// FreeBytes may still be taken: the least of all bounds.
	FreeBytes uint64
	// OwnCores is how many cores our process and all that it started have used
	// since the reading before; 0 on the first one.
	OwnCores float64
}

// CPU is processor time against one bound. Cores is 0 if nothing is known.
type CPU struct {
	Share float64 // of Cores, 0 to 1, since the reading before; 0 on the first one
	Used  float64 // cores
	Cores float64 // what the bound allows
	Bound Bound
}

// Memory is memory against one bound. TotalBytes is 0 if nothing is known.
type Memory struct {
	Share float64 // of TotalBytes, 0 to 1
	// UsedBytes leaves out what the system gives up without harm: on the
	// machine what counts as available, in a cgroup the inactive file cache.
	UsedBytes  uint64
	TotalBytes uint64 // what the bound allows
	Bound      Bound
}

// newCPU relates cores in use to a bound.
func newCPU(used, cores float64, bound Bound) CPU {
	return CPU{Share: share(used, cores), Used: used, Cores: cores, Bound: bound}
}

// newMemory relates bytes in use to a bound.
func newMemory(used, total uint64, bound Bound) Memory {
	return Memory{Share: share(float64(used), float64(total)), UsedBytes: used, TotalBytes: total, Bound: bound}
}

// free is what the bound leaves, in bytes.
func (m Memory) free() uint64 { return m.TotalBytes - min(m.UsedBytes, m.TotalBytes) }

// share is a part of a whole, 0 to 1; 0 of nothing.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(max(part/whole, 0), 1)
}

// addCPU takes another bound of the processors into account.
func (u *Usage) addCPU(c CPU) {
	if u.Cores == 0 || c.Cores < u.Cores {
		u.Cores = c.Cores
	}
	if u.CPU.Cores == 0 || c.Share > u.CPU.Share {
		u.CPU = c
	}
}

// addMemory takes another bound of the memory into account.
func (u *Usage) addMemory(m Memory) {
	if u.Memory.TotalBytes == 0 || m.free() < u.FreeBytes {
		u.FreeBytes = m.free()
	}
	if u.Memory.TotalBytes == 0 || m.Share > u.Memory.Share {
		u.Memory = m
	}
}
