package resource

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Measured is what one browser was seen to take. What is zero is not known.
type Measured struct {
	Bytes uint64        // its memory
	Order bool          // with an order's page open: else what is usual counts, where it is more
	CPU   time.Duration // processor time for reading a page
	Took  time.Duration // for reading it
	Tasks int           // processes and threads
}

// usualOrder is what an order's page takes on a portal at least, with its list.
const usualOrder = 900 * time.Millisecond

// Recommendation is a number of workers, and how it was found.
type Recommendation struct {
	Workers   int
	LimitedBy Reason // ByUser: no bound of the machine, but that of advice
	Text      string // the arithmetic, one line for people
}

// advisable is how many workers are advised where the machine would bear more: what the
// portal bears nobody knows before a run.
const advisable = 8

// Recommend says how many workers suit a machine, by one browser that was measured.
// freeTasks is how many processes and threads may still be started; 0: not known.
func Recommend(m Measured, u Usage, freeTasks int) Recommendation {
	r := Recommendation{Workers: advisable, LimitedBy: ByUser}
	var sums []string
	bound := func(n int, why Reason, sum string) {
		sums = append(sums, sum)
		if n = max(n, 1); n < r.Workers {
			r.Workers, r.LimitedBy = n, why
		}
	}
	each := "a browser"
	if m.Bytes == 0 || !m.Order && m.Bytes < workerBytes {
		m.Bytes, each = workerBytes, "a browser as is usual (--order NUMBER measures one)"
	}
	if total := u.Memory.TotalBytes; total > 0 {
		keep := uint64((1 - memoryThreshold) * float64(total))
		n := int((float64(u.FreeBytes) - float64(keep) - sharedBytes) / float64(m.Bytes))
		bound(n, ByMemory, fmt.Sprintf("memory %d: %s free, less %s that stay free and %s that all share, by %s %s",
			max(n, 0), size(u.FreeBytes), size(keep), size(sharedBytes), size(m.Bytes), each))
	}
	if u.Cores > 0 {
		n := max(1, int(math.Round(u.Cores*workersPerCore)))
		sum := fmt.Sprintf("CPU %d: %d a core", n, workersPerCore)
		if m.CPU > 0 && m.Took > 0 {
			if !m.Order { // a page for signing in says little of orders
				m.Took = max(m.Took, usualOrder)
			}
			busy := m.CPU.Seconds() / m.Took.Seconds()
			if by := int(cpuThreshold * u.Cores / busy); by < n {
				n = by
				sum = fmt.Sprintf("CPU %d: %s of %s, by %.2f cores that a browser keeps busy while it reads (%s of CPU in %s)",
					n, percent(cpuThreshold), cores(u.Cores), busy, seconds(m.CPU), seconds(m.Took))
			}
		}
		bound(n, ByCPU, sum)
	}
	if freeTasks > 0 && m.Tasks > 0 {
		n := freeTasks / m.Tasks
		if n < advisable { // else it is not worth a word
			sum := fmt.Sprintf("processes and threads %d: %d more are allowed, by %d a browser", n, freeTasks, m.Tasks)
			bound(n, ByTasks, sum)
		}
	}
	if r.LimitedBy == ByUser {
		sums = append(sums, fmt.Sprintf("more than %d only where the portal is known to bear them", advisable))
	}
	r.Text = strings.Join(sums, "; ")
	return r
}

// ByTasks is a Reason of Recommend alone: the limit of processes and threads.
const ByTasks Reason = "processes"

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
