package resource

import (
	"strings"
	"testing"
	"time"
)

func TestRecommend(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	usage := func(free, total uint64, cores float64) Usage {
		return Usage{Cores: cores, FreeBytes: free, Memory: Memory{TotalBytes: total, UsedBytes: total - free}}
	}
	order := Measured{Bytes: 250 << 20, Order: true, CPU: 200 * time.Millisecond, Took: time.Second, Tasks: 50}
	for name, row := range map[string]struct {
		measured Measured
		usage    Usage
		tasks    int
		want     int
		by       Reason
		text     string
	}{
		"a large machine":     {order, usage(60*gb, 64*gb, 16), 0, 8, ByUser, "more than 8 only"},
		"two cores":           {order, usage(60*gb, 64*gb, 2), 0, 8, ByUser, "CPU 8: 4 a core"},
		"pages cost much CPU": {Measured{Bytes: 1, Order: true, CPU: time.Second, Took: time.Second}, usage(60*gb, 64*gb, 4), 0, 3, ByCPU, "1.00 cores"},
		"a small container":   {order, usage(900<<20, gb, 8), 0, 2, ByMemory, "memory 2: 900 MB free, less 102 MB"},
		"hardly any memory":   {order, usage(100<<20, gb, 8), 0, 1, ByMemory, "memory 0"},
		"few processes":       {order, usage(60*gb, 64*gb, 8), 130, 2, ByTasks, "130 more are allowed"},
		"no order was read":   {Measured{Bytes: 1 << 20, CPU: 60 * time.Millisecond, Took: 50 * time.Millisecond}, usage(2*gb, 4*gb, 2), 0, 6, ByMemory, "--order NUMBER"},
		"nothing is known":    {Measured{}, Usage{}, 0, 8, ByUser, ""},
	} {
		got := Recommend(row.measured, row.usage, row.tasks)
		if got.Workers != row.want || got.LimitedBy != row.by || !strings.Contains(got.Text, row.text) {
			t.Errorf("%s: %+v, want %d by %s with %q", name, got, row.want, row.by, row.text)
		}
	}
}
