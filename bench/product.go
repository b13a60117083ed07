package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/poactor/poactor/internal/testportal"
)

// product runs poactor on the portal's batch, as a user would.
func (s settings) product(ctx context.Context, p *testportal.Portal, n int) (result, error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	batch := filepath.Join(dir, "batch.csv")
	if err := p.WriteBatch(batch); err != nil {
		return result{}, err
	}
	args := []string{"--base-url", p.URL(), "--workers", strconv.Itoa(n), "--json"}
	if s.noSandbox {
		args = append(args, "--no-sandbox")
	}
	if s.browser != "" {
		args = append(args, "--browser", s.browser)
	}
	cmd := exec.CommandContext(ctx, s.poactor, append(args, batch)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	used := watchUsage(cmd.Process.Pid)
	seen := watchEvents(bufio.NewScanner(out), used, 2*n)
	err = cmd.Wait()
	ended := time.Now()
	used.stop()
	if err != nil {
		return result{}, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return seen.result(used, n, begun, ended), nil
}

// seen is what the event stream told.
type seen struct {
	first     time.Time   // order begun
	ends      []time.Time // orders settled
	warm      int         // orders settled when warmCPU was read
	warmCPU   float64
	completed int
}

// watchEvents reads poactor's events until it ends, with the time of their
// coming. After warm orders it notes the browsers' CPU time so far.
func watchEvents(lines *bufio.Scanner, used *usage, warm int) *seen {
	s := &seen{}
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct{ Event, Status string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Event {
		case "order_started":
			if s.first.IsZero() {
				s.first = time.Now()
			}
		case "order_settled":
			s.ends = append(s.ends, time.Now())
			if e.Status == "COMPLETED" {
				s.completed++
			}
			if len(s.ends) == warm {
				s.warm, s.warmCPU = warm, used.browsers()
			}
		}
	}
	return s
}

func (s *seen) result(used *usage, workers int, begun, ended time.Time) result {
	r := result{
		orders: s.completed, wall: ended.Sub(begun), first: s.first.Sub(begun), steady: rate(s.ends),
		browserCPU: used.browsers(), ownCPU: used.own(), memory: used.peak() / float64(workers),
	}
	if n := len(s.ends); n > 0 {
		r.clean = ended.Sub(s.ends[n-1])
		if n > s.warm {
			r.warmCPU = (r.browserCPU - s.warmCPU) / float64(n-s.warm)
		}
	}
	return r
}
