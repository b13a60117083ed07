package resource

import "time"

// Reason names what sets the number of workers.
type Reason string

// The closed set of reasons.
const (
	ByUser   Reason = "user"   // as many as were asked for
	ByMemory Reason = "memory" // of the machine or the container
	ByCPU    Reason = "cpu"    // of the machine or the container
	ByPortal Reason = "portal" // it is slow, throttles or asked for a pause
)

// Policy decides how many workers there should be. Its zero value is SPEC §6:
// CPU 80 %, memory 90 %.
type Policy struct {
	// CPU is the share of the cores above which workers are taken away; default
	// 0.80.
	CPU float64
	// Memory is the share of the memory above which workers are taken away;
	// default 0.90.
	Memory float64
}

// Sample is what the policy is told, every second or two.
type Sample struct {
	Usage Usage
	// Wish is how many workers the user wants: the upper bound, at least 1.
	Wish int
	// Running is how many browsers there are, those that start or end included.
	Running int
	// WorkerBytes is what a browser takes, as measured with process.Trees; 0 counts as
	// 200 MB.
	WorkerBytes uint64
	// Portal tells how much the portal bears.
	Portal Portal
}

// Decision is how many workers there should be, and why not more.
type Decision struct {
	// Workers is how many browsers to keep, 1 to the wish. It changes by one at
	// a time, but when the wish itself falls.
	Workers int
	// Reading is how many orders may be read at once, 1 to Workers: what the
	// portal bears. The other browsers are kept and wait, since the portal soon
	// bears more, and an idle one costs it nothing.
	Reading int
	// NotBefore holds back all orders; zero if nothing does.
	NotBefore time.Time
	// Binds names what keeps Reading below the wish; ByUser if nothing does.
	Binds Reason
	// Text says it in words with numbers, for people.
	Text string
	// Changed is set where a number, the pause or what binds differs from the
	// decision before: worth an event. The first decision is.
	Changed bool
}

// How soon and how far. The memory of a mean is how long ago a sample counts
// 1/e.
const (
	// A start of 4 browsers keeps 2 cores at 100 % for 2 s, of 8 for 5 s: with a
	// memory of 10 s such a peak stays below 80 % where the machine was idle.
	cpuMemory    = 10 * time.Second
	memoryMemory = 3 * time.Second

	// CPU pressure does no harm that a minute would not heal: it must last, and
	// the mean must show what the last step brought.
	cpuLasts  = 20 * time.Second
	cpuSettle = 30 * time.Second

	// Memory pressure ends with the system killing a browser. A browser's memory
	// is free within 2 s of its end.
	memorySettle = 5 * time.Second
	memoryUrgent = 2 * time.Second
	// A rise that would fill the rest within this time is urgent: ending a
	// browser takes a second or two.
	memoryHorizon = 5 * time.Second

	// A worker that was taken away may finish its order first. Past this time it
	// is not waited for.
	leaving = 15 * time.Second

	// Calm comes this far below the threshold, with the worker to come counted
	// in.
	margin = 0.05

	// Calm must last so long before a worker comes back; twice as long after
	// each relapse.
	patienceLeast = time.Minute
	patienceMost  = 30 * time.Minute
	// A worker that came back has proved itself after so many patiences.
	proof = 4
)

func (p Policy) withDefaults() Policy {
	if p.CPU == 0 {
		p.CPU = 0.80
	}
	if p.Memory == 0 {
		p.Memory = 0.90
	}
	return p
}
