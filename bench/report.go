package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
)

// report prints the table: medians over the runs.
func report(out io.Writer, s settings, results map[string][]result) {
	fmt.Fprintf(out, "\n%d orders, medians of %d runs in one go, %d cores. CPU in seconds of the browsers' trees.\n\n", s.orders, s.runs, runtime.NumCPU())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tPOs/min\tsteady POs/min\tfloor POs/min\tof floor\tsteady of floor\tfirst order s\tclean-up s\tCPU/order\twarm CPU/order\town CPU/order\tMB/worker\tcores busy\t")
	for _, n := range s.workers {
		p, f := results[name("poactor", n)], results[name("floor", n)]
		rate := median(p, result.perMinute)
		floor := median(f, result.perMinute)
		steady := median(p, func(r result) float64 { return r.steady })
		floorSteady := median(f, func(r result) float64 { return r.steady })
		each := func(figure func(result) float64) float64 {
			return median(p, func(r result) float64 { return figure(r) / float64(max(1, r.orders)) })
		}
		fmt.Fprintf(w, "%d workers\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.3f\t%.3f\t%.3f\t%.0f\t%.2f\t\n",
			n, rate, steady, floor, rate/floor, steady/floorSteady,
			median(p, func(r result) float64 { return r.first.Seconds() }),
			median(p, func(r result) float64 { return r.clean.Seconds() }),
			each(func(r result) float64 { return r.browserCPU }),
			median(p, func(r result) float64 { return r.warmCPU }),
			each(func(r result) float64 { return r.ownCPU }),
			median(p, func(r result) float64 { return r.memory })/float64(n),
			median(p, func(r result) float64 { return r.busy * float64(runtime.NumCPU()) }))
	}
	w.Flush()
	speedUp(out, s, results)
	fmt.Fprint(out, `
floor: a plain HTTP client that knows the portal's calls (page, list, then all files of the order at once).
steady: between the first order settled and the last, without start and end. warm: after the first two orders of each worker.
MB/worker: memory that would be free without the browsers (code on disk left out), at its peak. cores busy: portal and bench included.
`)
}

// speedUp compares each pool with one worker.
func speedUp(out io.Writer, s settings, results map[string][]result) {
	one := results["poactor 1"]
	if one == nil {
		return
	}
	base := median(one, result.perMinute)
	for _, n := range s.workers[1:] {
		fmt.Fprintf(out, "%d workers: %.2f x one worker\n", n, median(results[name("poactor", n)], result.perMinute)/base)
	}
}

// reportFast prints what the fast lane has made of it, medians over the runs, and each run's ratios.
func reportFast(out io.Writer, s settings, results map[string][]result) {
	fmt.Fprintf(out, "\n%d orders, medians of %d runs in one go, %d cores.\n\n", s.orders, s.runs, runtime.NumCPU())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tPOs/min\tfloor\tof floor\tof page floor\ttrusted POs/min\tof floor\tof page floor\t"+
		"trusted after s\ttrusted CPU/order\tpeak MB\ttrusted MB\twithout browser\tfirst order s\tclean-up s\tcores busy\t")
	for _, n := range s.workers {
		for _, kind := range []string{byPage, byCall} {
			p, f, q := results[name(kind, n)], results[name("floor", n)], results[name("page floor", n)]
			rate, trustedRate := median(p, result.perMinute), median(p, func(r result) float64 { return r.trusted.rate })
			floor, pageFloor := median(f, result.perMinute), median(q, result.perMinute)
			fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f\t%.2f\t%.2f\t"+
				"%.1f\t%.3f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t\n",
				name(kind, n), rate, floor, rate/floor, rate/pageFloor, trustedRate, trustedRate/floor, trustedRate/pageFloor,
				median(p, func(r result) float64 { return r.trusted.after.Seconds() }),
				median(p, func(r result) float64 { return r.trusted.cpu }),
				median(p, func(r result) float64 { return r.memory }),
				median(p, func(r result) float64 { return r.trusted.memory }),
				median(p, func(r result) float64 { return float64(r.trusted.fast) }),
				median(p, func(r result) float64 { return r.first.Seconds() }),
				median(p, func(r result) float64 { return r.clean.Seconds() }),
				median(p, func(r result) float64 { return r.busy * float64(runtime.NumCPU()) }))
		}
	}
	w.Flush()
	for _, n := range s.workers {
		for _, kind := range []string{byPage, byCall} {
			for i, r := range results[name(kind, n)] {
				floor := results[name("floor", n)][i]
				fmt.Fprintf(out, "%s, run %d: %.2f of the floor, %.2f once trusted; %d completed, %d without a browser, "+
					"%.3f CPU s an order once trusted; %s\n",
					name(kind, n), i+1, r.perMinute()/floor.perMinute(), r.trusted.rate/floor.perMinute(), r.orders,
					r.trusted.fast, r.trusted.cpu,
					cmp.Or(r.trusted.why, "the lane stayed on"))
			}
		}
	}
	fmt.Fprint(out, `
floor: a plain HTTP client that knows the portal's calls (page, list, then all files of the order at once).
page floor: one that takes the list from the page, as the way page does, and so asks for it nowhere else.
trusted: from the moment on at which the lane is trusted; CPU of poactor and its browsers, to the end of the process.
`)
}
