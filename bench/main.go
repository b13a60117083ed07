// Command bench measures poactor against the floor, a plain HTTP client that
// knows the portal's calls, on the built-in portal: all in one run, since only
// ratios within a run mean anything on a noisy machine.
//
//	go run ./bench -poactor bin/poactor -runs 3
//	go run ./bench -poactor bin/poactor -runs 3 --fast
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poactor/poactor/internal/testportal"
)

// settings are the command's flags.
type settings struct {
	poactor   string
	runs      int
	orders    int
	workers   []int
	fast      bool
	noSandbox bool
	browser   string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	results := map[string][]result{}
	for i := range s.runs {
		for _, n := range s.workers { // interleaved, so that noise hits all alike
			for _, kind := range s.kinds() {
				fmt.Fprintf(out, "run %d of %d: %s %d\n", i+1, s.runs, kind, n)
				r, err := s.measure(ctx, kind, n)
				if err != nil {
					return fmt.Errorf("%s with %d: %w", kind, n, err)
				}
				results[name(kind, n)] = append(results[name(kind, n)], r)
			}
		}
	}
	if s.fast {
		reportFast(out, s, results)
		return nil
	}
	report(out, s, results)
	return nil
}

// name is what the results of a kind with n workers are kept under.
func name(kind string, n int) string { return kind + " " + strconv.Itoa(n) }

// kinds are what is measured.
func (s settings) kinds() []string {
	if s.fast {
		return []string{"floor", "page floor", byPage, byCall}
	}
	return []string{"floor", "poactor"}
}

// With -fast poactor is measured at two portals: one that has the lists in its
// pages, and one whose pages ask for them.
const byPage, byCall = "poactor by page", "poactor by call"

func parse(args []string) (settings, error) {
	var s settings
	var workers string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&s.poactor, "poactor", "bin/poactor", "the binary to measure")
	fs.IntVar(&s.runs, "runs", 3, "how often each is measured; medians are shown")
	fs.IntVar(&s.orders, "orders", 0, "orders in the batch (default 60, with -fast 240)")
	fs.StringVar(&workers, "workers", "", "sizes of the pool (default 1,2,4,8, with -fast 4)")
	fs.BoolVar(&s.fast, "fast", false, "measure poactor --fast, at a portal whose pages have the lists in them and at one whose pages ask for them")
	fs.BoolVar(&s.noSandbox, "no-sandbox", false, "passed to poactor")
	fs.StringVar(&s.browser, "browser", "", "passed to poactor")
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	if s.fast {
		s.orders, workers = cmp.Or(s.orders, 240), cmp.Or(workers, "4")
	}
	s.orders, workers = cmp.Or(s.orders, 60), cmp.Or(workers, "1,2,4,8")
	for w := range strings.SplitSeq(workers, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 1 {
			return s, fmt.Errorf("workers %q", w)
		}
		s.workers = append(s.workers, n)
	}
	return s, nil
}

// measure runs one thing once, on a portal of its own, so that no cache of a
// former run helps.
func (s settings) measure(ctx context.Context, kind string, n int) (result, error) {
	options := testportal.Options{Mix: testportal.Plain, Orders: s.orders, SignIn: true}
	if kind == "page floor" || kind == byPage {
		options.Lists = testportal.ListsInPage
	}
	p, err := testportal.Start(options)
	if err != nil {
		return result{}, err
	}
	defer p.Close()
	p.Truth() // makes all files now
	load := readLoad()
	var r result
	switch kind {
	case "floor":
		r, err = floor(ctx, p, n, listByCall)
	case "page floor":
		r, err = floor(ctx, p, n, listInPage)
	default:
		r, err = s.product(ctx, p, n)
	}
	r.busy = load.share()
	return r, err
}

// result is one measurement.
type result struct {
	orders     int
	wall       time.Duration // from the start to the end of the process
	first      time.Duration // until the first order was begun
	steady     float64       // orders a minute between the first settled and the last
	clean      time.Duration // from the last order settled to the end
	browserCPU float64       // seconds, of the browsers, whole run
	warmCPU    float64       // seconds an order, without start and first pages
	ownCPU     float64       // seconds, of poactor itself
	memory     float64       // MB of the browsers, at the peak
	trusted    trusted       // with -fast, since most orders need no browser
	busy       float64       // share of the machine's cores that was in use
}

// trusted is what was measured from the moment on at which the lane was trusted.
type trusted struct {
	after  time.Duration // the start of the process
	orders int           // settled since
	rate   float64       // orders a minute since, up to the last one
	cpu    float64       // seconds an order, of poactor and its browsers, up to the end of the process
	memory float64       // MB of the browsers, in the middle of the samples
	fast   int           // orders that were read without a browser
	why    string        // why the lane was turned off; empty: it was not
}

func (r result) perMinute() float64 { return float64(r.orders) / r.wall.Minutes() }

// median of one figure over the runs.
func median(list []result, figure func(result) float64) float64 {
	values := make([]float64, 0, len(list))
	for _, r := range list {
		values = append(values, figure(r))
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
