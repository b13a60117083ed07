package browser

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/testportal"
)

// treesOf are the processes of sessions' browsers.
func treesOf(b *testing.B, sessions []*Session) (all process.Tree) {
	b.Helper()
	var pids []int
	for _, s := range sessions {
		pids = append(pids, s.Process())
	}
	trees, err := process.Trees(b.Context(), pids...)
	if err != nil {
		b.Fatal(err)
	}
	for _, tree := range trees {
		all = append(all, tree...)
	}
	return all
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
			before, begun := treesOf(b, sessions).CPU(), time.Now()
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
			after := treesOf(b, sessions)
			b.ReportMetric((after.CPU()-before).Seconds()/float64(b.N), "cpu-s/order")
			b.ReportMetric(float64(after.Memory())/(1<<20)/float64(n), "MB/session")
			b.ReportMetric(time.Since(begun).Seconds()/float64(b.N), "s/order")
		})
	}
}
