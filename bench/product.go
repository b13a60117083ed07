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
	"github.com/poactor/poactor/po"
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
	args, env, err := s.signIn(ctx, p, dir)
	if err != nil {
		return result{}, fmt.Errorf("sign in: %w", err)
	}
	args = append(args, "--workers", strconv.Itoa(n), "--json")
	if s.fast {
		args = append(args, "--fast")
	}
	cmd := exec.CommandContext(ctx, s.poactor, append(args, batch)...)
	cmd.Env = env
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
	used.sample(ctx) // the last: the process is not waited for yet
	err = cmd.Wait()
	ended := time.Now()
	used.stop()
	if err != nil {
		return result{}, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return seen.result(used, begun, ended), nil
}

// seen is what the event stream told.
type seen struct {
	first     time.Time   // order begun
	ends      []time.Time // orders settled
	warm      int         // orders settled when warmCPU was read
	warmCPU   float64
	completed int

	trusted    time.Time // the lane is; zero: it never was
	before     int       // orders settled until then
	trustedCPU float64   // of poactor and its browsers until then
	fast       int       // orders read without a browser
	off        string    // why the lane is off
}

// watchEvents reads poactor's events until it ends, with the time of their
// coming. After warm orders it notes the browsers' CPU time so far.
func watchEvents(lines *bufio.Scanner, used *usage, warm int) *seen {
	s := &seen{}
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct {
			Event, Status, Reason string
			Trusted               bool
			ReadBy                po.ReadBy `json:"read_by"`
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Event {
		case "order_started":
			if s.first.IsZero() {
				s.first = time.Now()
			}
		case "fast_lane":
			s.off = e.Reason
			if e.Trusted && s.trusted.IsZero() {
				used.sample(context.Background())
				s.trusted, s.before, s.trustedCPU = time.Now(), len(s.ends), used.own()+used.browsers()
				used.settle()
			}
		case "order_settled":
			s.ends = append(s.ends, time.Now())
			if e.Status == "COMPLETED" {
				s.completed++
			}
			if e.ReadBy == po.ReadByPage || e.ReadBy == po.ReadByCall {
				s.fast++
			}
			if len(s.ends) == warm {
				s.warm, s.warmCPU = warm, used.browsers()
			}
		}
	}
	return s
}

func (s *seen) result(used *usage, begun, ended time.Time) result {
	r := result{
		orders: s.completed, wall: ended.Sub(begun), first: s.first.Sub(begun), steady: rate(s.ends),
		browserCPU: used.browsers(), ownCPU: used.own(), memory: used.peak(),
	}
	n := len(s.ends)
	if n > 0 {
		r.clean = ended.Sub(s.ends[n-1])
		if n > s.warm {
			r.warmCPU = (r.browserCPU - s.warmCPU) / float64(n-s.warm)
		}
	}
	if orders := n - s.before; !s.trusted.IsZero() && orders > 0 {
		r.trusted = trusted{after: s.trusted.Sub(begun), orders: orders,
			rate:   float64(orders) / s.ends[n-1].Sub(s.trusted).Minutes(),
			cpu:    (r.browserCPU + r.ownCPU - s.trustedCPU) / float64(orders),
			memory: used.usual(), fast: s.fast, why: s.off}
	}
	return r
}
