package batch

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/poactor/poactor/po"
)

// BenchmarkBatch opens, plans, lists and writes. live-MB is what the batch and
// its plan hold, with everything else collected; rss-peak-MB, on Linux, is the
// most that the process had of the machine: run one row at a time to read it.
func BenchmarkBatch(b *testing.B) {
	for _, kind := range []struct {
		name  string
		rows  []int
		write func(w io.Writer, rows int) error
	}{
		{"csv", []int{10_000, 1_000_000}, bigCSV},
		{"xlsx", []int{10_000, 100_000, 1_000_000}, bigWorkbook},
	} {
		for _, rows := range kind.rows {
			b.Run(fmt.Sprint(kind.name, "/", rows), func(b *testing.B) {
				path := big(b, "big."+kind.name, func(w io.Writer) error { return kind.write(w, rows) })
				benchmark(b, path, rows)
			})
		}
	}
}

func benchmark(b *testing.B, path string, rows int) {
	b.Helper()
	took := map[string]time.Duration{}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	forgetPeak()
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
		if err := batch.WriteResults(io.Discard, believable); err != nil {
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
	b.ReportMetric(peak()/1e6, "rss-peak-MB")
}

func believable(key po.Key) (po.Outcome, bool) {
	return po.Outcome{Key: key, Status: po.Completed, Supplier: "Acme, Inc.", Found: 2, Attempts: 1,
		Files:  []po.File{{Name: "Invoice 1.pdf"}, {Name: "-terms.pdf"}},
		Folder: "Acme, Inc/PO_" + string(key) + "_COMPLETED", URL: "https://acme.example/order_headers/" + string(key),
		Time: time.Unix(1_700_000_000, 0)}, true
}

// forgetPeak lets Linux measure the peak of memory anew
// (https://www.kernel.org/doc/html/latest/filesystems/proc.html, clear_refs).
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peak is the most memory that the process had, in bytes; 0 where that is not
// told.
func peak() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	_, _ = fmt.Sscan(rest, &kilobytes)
	return kilobytes * 1024
}

// big makes a batch.
func big(b *testing.B, name string, write func(w io.Writer) error) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	return path
}

// bigCSV writes a batch of a believable width.
func bigCSV(w io.Writer, rows int) error {
	_, err := fmt.Fprint(w, "PO_NUMBER,Requester,Amount,Comment,<|>,Region\r\n")
	for i := range rows {
		if err == nil {
			_, err = fmt.Fprintf(w, "PO%d,\"Smith, John\",1234.50,some words on the order,,Region %d\r\n", 4_500_000_000+i, i%7)
		}
	}
	return err
}

// bigWorkbook writes the same as Excel would.
func bigWorkbook(w io.Writer, rows int) error {
	texts := []string{"PO_NUMBER", "Requester", "Amount", "Comment", "&lt;|&gt;", "Region", "Smith, John", "some words on the order"}
	for i := range 7 {
		texts = append(texts, fmt.Sprint("Region ", i))
	}
	shared := func(at string, i int) string { return `<c r="` + at + `" t="s"><v>` + fmt.Sprint(i) + `</v></c>` }
	header := ""
	for i := range 6 {
		header += shared(xlsx.ColumnName(i)+"1", i)
	}
	for i := range rows { // numbers of orders are texts that no other row has
		texts = append(texts, fmt.Sprint("PO", 4_500_000_000+i))
	}
	book := xlsxtest.New([2]string{"Orders", "ROWS"}).SharedStrings(`<si><t>` + strings.Join(texts, `</t></si><si><t>`) + `</t></si>`)
	z := zip.NewWriter(w)
	for _, name := range book.Names {
		part, err := z.Create(name)
		if err != nil {
			return err
		}
		before, after, sheet := strings.Cut(book.Parts[name], "ROWS")
		if _, err := io.WriteString(part, before); err != nil {
			return err
		}
		if !sheet {
			continue
		}
		to := bufio.NewWriter(part)
		fmt.Fprintf(to, `<row r="1" spans="1:6" x14ac:dyDescent="0.25">%s</row>`, header)
		for i := range rows {
			n := fmt.Sprint(i + 2)
			fmt.Fprintf(to, `<row r="%s" spans="1:6" x14ac:dyDescent="0.25">%s%s<c r="C%s"><v>1234.5</v></c>%s%s</row>`, n,
				shared("A"+n, 15+i), shared("B"+n, 6), n, shared("D"+n, 7), shared("F"+n, 8+i%7))
		}
		if _, err := to.WriteString(after); err != nil {
			return err
		}
		if err := to.Flush(); err != nil {
			return err
		}
	}
	return z.Close()
}
