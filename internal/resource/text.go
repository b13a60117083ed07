package resource

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

func memoryText(s State, x Sample) string {
	m := x.Usage.Memory
	return fmt.Sprintf("memory is at %s of %s %s: %s", percent(max(s.now, s.memory.value)), whose(m.Bound), size(m.TotalBytes),
		fewer(s.workers))
}

func cpuText(s State, x Sample) string {
	c := x.Usage.CPU
	text := fmt.Sprintf("the CPU has been at %s of %s %s for %s", percent(s.cpu.value), whose(c.Bound), cores(c.Cores),
		span(s.at.Sub(s.pressed)))
	if s.own.value > 0 {
		text += fmt.Sprintf(", %s of it ours", percent(s.own.value/s.cpu.value))
	}
	return text + ": " + fewer(s.workers)
}

func growthText(s State, x Sample) string {
	return fmt.Sprintf("memory is at %s and the CPU at %s: %s again", percent(s.memory.value), percent(s.cpu.value),
		workers(s.workers+1))
}

func lackText(s State, x Sample, lacks Reason) string {
	switch lacks {
	case ByMemory:
		m := x.Usage.Memory
		return fmt.Sprintf("memory is at %s of %s %s: no room for more than %s", percent(s.memory.value), whose(m.Bound),
			size(m.TotalBytes), workers(s.workers))
	case ByCPU:
		return fmt.Sprintf("the CPU is at %s: no room for more than %s", percent(s.cpu.value), workers(s.workers))
	}
	return fmt.Sprintf("%s: %s will do", x.Portal.Text(), workers(s.workers))
}

func fewer(than int) string { return fmt.Sprintf("%s instead of %d", workers(than-1), than) }

func workers(n int) string { return plural(n, "worker") }
func orders(n int) string  { return plural(n, "order") }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// whose names a bound's owner. A slice of systemd is called a container too:
// that is what people know.
func whose(b Bound) string {
	if b == Cgroup {
		return "the container's"
	}
	return "the machine's"
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*min(share, 1)) }

// size writes memory as it is sold: 1 GB is 2^30 bytes.
func size(bytes uint64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.0f MB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30))
}

// cores writes a number of cores, of which a quota may give a broken one.
func cores(n float64) string {
	text := strconv.FormatFloat(math.Round(10*n)/10, 'f', -1, 64)
	if text == "1" {
		return "1 core"
	}
	return text + " cores"
}

// span writes a time as people say it.
func span(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
