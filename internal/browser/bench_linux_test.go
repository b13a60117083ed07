package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/testportal"
)

// clockTicks is what the kernel counts CPU time in, everywhere that Go runs.
const clockTicks = 100

// cpuSeconds is the user and system time of a browser's processes, those that
// have ended included.
func cpuSeconds(b *testing.B, group int) float64 {
	b.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	var ticks int64
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		if string(f[2]) != strconv.Itoa(group) {
			continue
		}
		for _, field := range f[11:15] { // utime, stime and those of reaped children
			n, _ := strconv.ParseInt(string(field), 10, 64)
			ticks += n
		}
	}
	return float64(ticks) / clockTicks
}

// unsharedMB is the memory that only a browser's own processes use.
func unsharedMB(group int) (mb float64) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil || string(bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])[2]) != strconv.Itoa(group) {
			continue
		}
		rollup, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "smaps_rollup"))
		for line := range bytes.Lines(rollup) {
			if f := bytes.Fields(line); len(f) > 1 && bytes.HasPrefix(f[0], []byte("Private_")) {
				kb, _ := strconv.ParseFloat(string(f[1]), 64)
				mb += kb / 1024
			}
		}
	}
	return mb
}

// BenchmarkRead reads ordinary orders of the built-in portal at its default
// latencies with warm browsers. CPU time is that of the browsers alone.
func BenchmarkRead(b *testing.B) {
	site, p := builtinPortal(b, testportal.Options{Mix: testportal.Plain, Orders: 60})
	orders := site.Truth()
	for _, n := range []int{1, 4} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			sessions := make([]*Session, n)
			for i := range sessions {
				sessions[i] = openSession(b, p)
				sessions[i].config.Times = Times{}.orDefaults()
				for j := range 3 {
					if _, err := sessions[i].Read(b.Context(), order(string(orders[j].Key)), nil); err != nil {
						b.Fatal(err)
					}
				}
			}
			work := make(chan testportal.Order)
			used := func() (sum float64) {
				for _, s := range sessions {
					sum += cpuSeconds(b, s.proc.tree.group)
				}
				return sum
			}
			before, begun := used(), time.Now()
			b.ResetTimer()
			var wg sync.WaitGroup
			for _, s := range sessions {
				wg.Go(func() {
					for o := range work {
						if r, err := s.Read(b.Context(), order(string(o.Key)), nil); err != nil || len(r.Attachments) != o.Found {
							b.Errorf("%s: %d attachments, %v", o.Number, len(r.Attachments), err)
						}
					}
				})
			}
			for i := range b.N {
				work <- orders[i%len(orders)]
			}
			close(work)
			wg.Wait()
			b.ReportMetric((used()-before)/float64(b.N), "cpu-s/order")
			var mb float64
			for _, s := range sessions {
				mb += unsharedMB(s.proc.tree.group)
			}
			b.ReportMetric(mb/float64(n), "MB/session")
			b.ReportMetric(time.Since(begun).Seconds()/float64(b.N), "s/order")
		})
	}
}
