package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/po"
)

// instant sessions answer at once that there is no such order: what is measured
// is everything else.
type instant struct{ first func() }

func (i instant) Open(context.Context) (actors.Session, error) {
	return &instantSession{i, make(chan struct{})}, nil
}

type instantSession struct {
	instant
	done chan struct{}
}

func (*instantSession) Profile() string         { return "instant" }
func (*instantSession) Memory() int64           { return 0 }
func (s *instantSession) Done() <-chan struct{} { return s.done }
func (s *instantSession) Prove(context.Context) (po.Proof, error) {
	return po.Proof{SignedIn: true}, nil
}
func (s *instantSession) Close() error {
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	return nil
}

func (*instantSession) Look(context.Context, po.Order, po.Failure) (po.Reading, error) {
	return po.Reading{Sign: po.SignAttachments}, nil
}

func (s *instantSession) Read(_ context.Context, o po.Order, _ []string) (po.Reading, error) {
	s.first()
	return po.Reading{Sign: po.SignNotFound, URL: "http://127.0.0.1/order_headers/" + o.Number}, nil
}

// BenchmarkScale is the whole command, from a batch of so many rows to its
// results, with sessions that answer at once: orders a second, of which every
// outcome is on the disk before it is told; the time to the first order, in a
// new output directory and in one where half is done; the most memory.
func BenchmarkScale(b *testing.B) {
	for _, rows := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			dir := b.TempDir()
			path := filepath.Join(dir, "orders.csv")
			writeRows(b, path, rows)
			for range b.N {
				os.RemoveAll(filepath.Join(dir, "orders"))
				half := scaleRun(b, path, rows/2)
				rest := scaleRun(b, path, 0)
				b.ReportMetric(half.first.Seconds(), "first_s")
				b.ReportMetric(rest.first.Seconds(), "resumed_first_s")
				b.ReportMetric(float64(rows)/(half.running+rest.running).Seconds(), "orders/s")
				b.ReportMetric(peakMB(), "peak_MB")
			}
		})
	}
}

// scaled is what one start took.
type scaled struct{ first, running time.Duration }

func scaleRun(b *testing.B, batch string, limit int) scaled {
	b.Helper()
	var firstAt time.Time
	begun := time.Now()
	var stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, env: func(string) (string, bool) { return "", false }}
	a.browsers = instant{sync.OnceFunc(func() { firstAt = time.Now() })}
	s := config.Defaults()
	s.BaseURL, s.Workers, s.Quiet = "http://127.0.0.1", poactor.MaxWorkers, true
	s.LogLevel = "error"
	if err := a.run(context.Background(), s, batch, po.Choice{Limit: limit}); err != nil {
		b.Fatal(err, stderr.String())
	}
	return scaled{first: firstAt.Sub(begun), running: time.Since(firstAt)}
}

func writeRows(b *testing.B, path string, rows int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "PO_NUMBER,BUYER,AMOUNT,NOTE")
	for i := range rows {
		fmt.Fprintf(w, "PO%d,buyer %d,%d.%02d,\"a note, quoted\"\n", 15_000_000+i*7919%9_999_991, i%97, i*31%100000, i%100)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	f.Close()
}

// peakMB is the most memory that this process had so far, as Linux tells it.
func peakMB() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kB float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kB); n == 1 {
			return kB / 1024
		}
	}
	return 0
}
