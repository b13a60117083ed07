package resource

import (
	"fmt"
	"math"
)

// Plan is what a run is about to do.
type Plan struct {
	Orders  int // still to be read; 0 if not known
	Workers int
	Usage   Usage // before it begins
}

// Advice says that a wish does not suit the batch or the machine.
type Advice struct {
	Workers   int    // what suits, 1 or more
	LimitedBy Reason // ByUser: the batch is small
	Text      string // one line for people
}

const (
	// A browser has 175 to 210 MB of its own, whether it is one of 1 or of 8
	// (process.Trees, on the demo's orders).
	workerBytes = 200 << 20
	// The code that all browsers share, and poactor itself.
	sharedBytes = 250 << 20
	// 2, 4, 6 and 8 workers on 2 cores read 147, 288, 409 and 506 orders a
	// minute, the last with 1.6 cores busy, the portal's share included. More
	// than that many a core was not measured and nears the threshold of 80 %.
	workersPerCore = 4
	// A browser starts in 0.7 s and reads an order in 0.9: one that gets less
	// than two is hardly there before the others have finished.
	ordersPerWorker = 2
)

// Advise says before a run what speaks against its number of workers: the batch,
// the memory, the cores, in this order. It is empty if nothing does. What could
// not be read speaks against nothing.
func Advise(p Plan) (all []Advice) {
	add := func(suits int, why Reason, text string) {
		if suits < p.Workers {
			all = append(all, Advice{suits, why, text})
		}
	}
	if p.Orders > 0 {
		n := (p.Orders + ordersPerWorker - 1) / ordersPerWorker
		add(n, ByUser, fmt.Sprintf("%s %s no %d workers: %d %s as well", orders(p.Orders),
			verb(p.Orders, "needs", "need"), p.Workers, n, verb(n, "does", "do")))
	}
	if total := p.Usage.Memory.TotalBytes; total > 0 {
		free := float64(p.Usage.FreeBytes) - (1-memoryThreshold)*float64(total)
		n := max(1, int((free-sharedBytes)/workerBytes))
		add(n, ByMemory, fmt.Sprintf("%s want about %s of memory and %s is free: there is room for %d", workers(p.Workers),
			size(uint64(p.Workers)*workerBytes+sharedBytes), size(p.Usage.FreeBytes), n))
	}
	if c := p.Usage.Cores; c > 0 {
		n := max(1, int(math.Round(c*workersPerCore)))
		is := "are"
		if cores(c) == "1 core" {
			is = "is"
		}
		add(n, ByCPU, fmt.Sprintf("there %s %s: more than %s will hardly help", is, cores(c), workers(n)))
	}
	return all
}

// verb is the form for so many.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
