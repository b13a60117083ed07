package batch

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// BenchmarkBatch opens, plans, lists and writes; live-MB is what the batch and
// its plan hold, with everything else collected.
func BenchmarkBatch(b *testing.B) {
	for _, rows := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			path := big(b, rows)
			outcome := func(key po.Key) (po.Outcome, bool) {
				return po.Outcome{Key: key, Status: po.Completed, Supplier: "Acme, Inc.", Found: 2, Attempts: 1,
					Files:  []po.File{{Name: "Invoice 1.pdf"}, {Name: "-terms.pdf"}},
					Folder: "Acme, Inc/PO_" + string(key) + "_COMPLETED", URL: "https://acme.example/order_headers/" + string(key),
					Time: time.Unix(1_700_000_000, 0)}, true
			}
			took := map[string]time.Duration{}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				at := time.Now()
				step := func(name string) { took[name] += time.Since(at); at = time.Now() }
				batch := mustOpen(b, path)
				step("open")
				plan, err := batch.Plan()
				if err != nil || plan.Orders != rows {
					b.Fatal(plan.Orders, err)
				}
				step("plan")
				n := 0
				for range plan.All() {
					n++
				}
				if n != rows {
					b.Fatal(n)
				}
				step("list")
				if err := batch.WriteResults(io.Discard, outcome); err != nil {
					b.Fatal(err)
				}
				step("write")
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(plan)
			}
			for name, d := range took {
				b.ReportMetric(d.Seconds()*1000/float64(b.N), name+"-ms")
			}
			b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6, "live-MB")
			b.ReportMetric(float64(after.HeapSys)/1e6, "heap-peak-MB")
		})
	}
}

// big writes a batch of a believable width.
func big(b *testing.B, rows int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "big.csv")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, "PO_NUMBER,Requester,Amount,Comment,<|>,Region\r\n")
	for i := range rows {
		fmt.Fprintf(w, "PO%d,\"Smith, John\",1234.50,some words on the order,,Region %d\r\n", 4_500_000_000+i, i%7)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}
