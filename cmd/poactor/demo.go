package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// demo is what `poactor demo` is asked for.
type demo struct {
	settings config.Settings // of its run
	orders   int
	seed     uint64
}

func (a *app) demoCommand() *cobra.Command {
	var d demo
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try it: a built-in portal, a batch, real browsers, a result to look at",
		Long: `Demo starts a portal on this machine that behaves like Coupa, with orders of every
kind and with faults, so that some orders must fail, runs a batch of them with real browsers, and compares the
result with what the portal knows, file by file by SHA-256. It needs a browser
and no network, and ends with 0 only if everything is right. With --fast that portal writes its lists into its
pages, so that most orders need no browser.`,
		Example: "  poactor demo\n  poactor demo --orders 200 --workers 8 --out /tmp/demo",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.fill(c.Flags(), "workers", "out"); err != nil {
				return err
			}
			return a.demo(c.Context(), d)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.IntVarP(&d.settings.Workers, "workers", "w", 4, "browsers to work with")
	fs.IntVar(&d.orders, "orders", 60, "orders in the batch")
	fs.Uint64Var(&d.seed, "seed", 1, "what orders, files and faults are made from")
	fs.StringVarP(&d.settings.Out, "out", "o", "", "`directory`, new or empty (default: poactor-demo, or the next free number)")
	fs.BoolVar(&d.settings.Fast, "fast", false, "read orders without a browser where that is proven to tell the same")
	d.settings.RegisterMetrics(fs)
	fs.BoolVar(&d.settings.JSON, "json", false, "write events as JSON lines to standard output")
	c.Annotations = map[string]string{streamsEvents: "yes"}
	d.settings.RegisterBrowser(fs)
	return c
}

// demo runs the built-in portal's batch like any other and judges the result.
func (a *app) demo(ctx context.Context, d demo) error {
	if d.orders < 1 {
		return wrongUse("poactor demo --help lists the flags", "--orders must be 1 or more, not %d", d.orders)
	}
	dir, err := freshDir(d.settings.Out, "poactor-demo")
	if err != nil {
		return err
	}
	options := testportal.Options{Seed: d.seed, Orders: d.orders}
	if d.settings.Fast { // the lists of the other pages are filled by scripts
		options.Lists = testportal.ListsInPage
	}
	site, err := testportal.Start(options)
	if err != nil {
		return cannot("", "built-in portal: %v", err)
	}
	defer site.Close()
	orders := filepath.Join(dir, "orders.csv")
	if err := site.WriteBatch(orders); err != nil {
		return outdir.WriteError(err)
	}
	a.sayDemo(site.URL(), orders, d.settings.JSON)
	s := config.Defaults()
	s.Workers, s.Browser, s.NoSandbox = d.settings.Workers, d.settings.Browser, d.settings.NoSandbox
	s.JSON, s.Fast = d.settings.JSON, d.settings.Fast
	s.BaseURL, s.Profile, s.Metrics = site.URL(), config.NoProfile, d.settings.Metrics
	out := filepath.Join(dir, "orders")
	if err := a.run(ctx, s, orders, po.Choice{}); err != nil && !errors.Is(err, errUnfinished) {
		discard(dir, out)
		return notResumed(err)
	}
	return a.judge(site, out)
}

// demoStartedLine says where the portal of a demo is, as a JSON line.
type demoStartedLine struct {
	progress.Stamp
	URL   string `json:"url"`
	Batch string `json:"batch"`
}

// demoJudgedLine says that the result of a demo is right, as a JSON line.
type demoJudgedLine struct {
	progress.Stamp
	Orders  int   `json:"orders"`
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	Failed  int   `json:"failed"`  // orders that had to end so
	Partial int   `json:"partial"` // orders that had to end so
}

// sayDemo says what the demo is about to do.
func (a *app) sayDemo(url, orders string, asJSON bool) {
	if asJSON {
		progress.WriteJSON(a.stdout, demoStartedLine{progress.Now("demo_started"), url, orders})
		return
	}
	fmt.Fprintf(a.stdout, "the built-in portal is at %s, its batch is %s\n", url, orders)
	fmt.Fprintln(a.stdout, "some of its orders fail on purpose: a real portal has such faults too, and the result has to say so")
}

// discard takes back the directory of a demo that has not begun, so that the
// next try finds the name free.
func discard(dir, out string) {
	if _, err := os.Stat(outdir.ResultsPath(out)); errors.Is(err, fs.ErrNotExist) {
		_ = os.RemoveAll(dir) // it was new or empty
	}
}

// notResumed is the error of a demo's run: that cannot be resumed, as its portal ends with it.
func notResumed(err error) error {
	if e, ok := errors.AsType[*po.Error](err); ok {
		hint := strings.ReplaceAll(e.Hint, po.HintResume, "begin another demo")
		return &po.Error{Cause: e.Cause, Msg: e.Msg, Hint: hint, Err: err}
	}
	return err
}

// judge compares a result with the truth. It reads the result as a user finds
// it: rows and manifest from their files, and every document from the disk.
// Orders that must fail are right where they did, so the run's own exit code
// does not count.
func (a *app) judge(site *testportal.Portal, out string) error {
	outcomes, err := readBack(out)
	if err != nil {
		return err
	}
	wrong := site.Verify(out, outcomes)
	for i, line := range wrong {
		if i == maxListed {
			a.warn("and %d more", len(wrong)-maxListed)
			break
		}
		a.warn("%s", line)
	}
	if len(wrong) > 0 {
		return &po.Error{Cause: po.Internal, Msg: "the result is not what the portal has: " + progress.Count(len(wrong), "difference"),
			Hint: "look into " + outdir.StatePath(out, outdir.LogFile)}
	}
	files, size := 0, int64(0)
	meant := map[po.Status]int{}
	for _, o := range outcomes {
		if !o.Status.Settled() {
			meant[o.Status]++
		}
		for _, f := range o.Files {
			files, size = files+1, size+f.Bytes
		}
	}
	if a.json {
		progress.WriteJSON(a.stdout, demoJudgedLine{progress.Now("demo_judged"), len(outcomes), files, size,
			meant[po.Failed], meant[po.Partial]})
		return nil
	}
	fmt.Fprintf(a.stdout, "right:   %s as the portal has them; %s, %.1f MB, read back and compared by SHA-256\n",
		progress.Count(len(outcomes), "order"), progress.Count(files, "file"), float64(size)/1e6)
	if n := meant[po.Failed] + meant[po.Partial]; n > 0 {
		fmt.Fprintf(a.stdout, "meant:   %s that did not end well: the built-in portal lets these fail, %d FAILED and %d PARTIAL\n",
			progress.Count(n, "order"), meant[po.Failed], meant[po.Partial])
		fmt.Fprintln(a.stdout, "         that portal ends with the demo: a retry, as above, is for a real one")
		return a.explainOne(out, outcomes)
	}
	return nil
}

// explainOne shows the story of an order that was meant to fail: of one with files missing,
// if there is one, which has the most to tell.
func (a *app) explainOne(out string, outcomes []po.Outcome) error {
	number := ""
	for _, o := range outcomes {
		if o.Status == po.Partial || o.Status == po.Failed && number == "" {
			number = string(o.Key)
		}
	}
	fmt.Fprint(a.stdout, "\nThe story of one of these:\n\n")
	if line, ok := commandLine("poactor", "explain", out, number); ok {
		fmt.Fprintf(a.stdout, "$ %s\n", line)
	}
	return a.explain(context.Background(), out, number, false)
}

// readBack reads how the orders ended from the results and manifest.csv, as an
// auditor would.
func readBack(out string) ([]po.Outcome, error) {
	coupa, _ := portal.Builtin("coupa")
	parse, err := coupa.Parser()
	if err != nil {
		return nil, err
	}
	files, err := results.ReadManifest(filepath.Join(out, outdir.ManifestFile))
	if err != nil {
		return nil, err
	}
	seen := map[po.Key]bool{}
	var outcomes []po.Outcome
	for o, err := range batch.ReadOutcomes(outdir.ResultsPath(out), parse) {
		if err != nil {
			return nil, err
		}
		if seen[o.Key] { // another row of the order
			continue
		}
		seen[o.Key] = true
		o.Files = files[o.Key].Files
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

func emptyDir(dir string) error {
	if err := checkOut(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return outdir.WriteError(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return outdir.WriteError(err)
	}
	if len(entries) > 0 {
		return wrongUse("give a new one with --out, or none", "directory %s is not empty: it has %s",
			dir, strings.TrimSpace(entries[0].Name()))
	}
	return nil
}
