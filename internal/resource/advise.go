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
	Workers int    // what suits, 1 or more
	Binds   Reason // ByUser: the batch is small
	Text    string // one line for people
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
func Advise(p Plan) []Advice {
	var all []Advice
	for _, a := range []Advice{batchAdvice(p), memoryAdvice(p), coreAdvice(p)} {
		if a.Workers > 0 && a.Workers < p.Workers {
			all = append(all, a)
		}
	}
	return all
}

func batchAdvice(p Plan) Advice {
	n := (p.Orders + ordersPerWorker - 1) / ordersPerWorker
	return Advice{n, ByUser, fmt.Sprintf("%s %s no %d workers: %d %s as well",
		orders(p.Orders), verb(p.Orders, "need"), p.Workers, n, verb(n, "do"))}
}

// memoryAdvice leaves a tenth of the memory alone, as Policy does.
func memoryAdvice(p Plan) Advice {
	total := p.Usage.Memory.TotalBytes
	if total == 0 {
		return Advice{}
	}
	free := float64(p.Usage.FreeBytes)
	n := max(1, int((free-0.1*float64(total)-sharedBytes)/workerBytes))
	wants := uint64(p.Workers)*workerBytes + sharedBytes
	return Advice{n, ByMemory, fmt.Sprintf("%s want about %s of memory and %s is free: there is room for %d",
		workers(p.Workers), size(wants), size(p.Usage.FreeBytes), n)}
}

func coreAdvice(p Plan) Advice {
	if p.Usage.Cores == 0 {
		return Advice{}
	}
	n := max(1, int(math.Round(p.Usage.Cores*workersPerCore)))
	there := "are"
	if cores(p.Usage.Cores) == "1 core" {
		there = "is"
	}
	return Advice{n, ByCPU, fmt.Sprintf("there %s %s: more than %s will hardly help",
		there, cores(p.Usage.Cores), workers(n))}
}

// verb is the form for so many.
func verb(n int, plural string) string {
	if n != 1 {
		return plural
	}
	return map[string]string{"need": "needs", "do": "does"}[plural]
}
