package resource

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

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

// cores writes a number of cores, of which a quota may give a fraction.
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
