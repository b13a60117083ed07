package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
)

// chaos is what `poactor chaos` is asked for.
type chaos struct {
	settings config.Settings // of the runs
	orders   int
	seed     uint64
	planFile string
}

func (a *app) chaosCommand() *cobra.Command {
	var c chaos
	cmd := &cobra.Command{
		Use:   "chaos [flags] [BATCH]",
		Short: "Inject faults on purpose, and check that nothing is lost",
		Long: `Chaos runs a batch while browsers are killed, stopped and crashed, profiles
damaged, the portal made to fail, the disk to be full, and poactor itself killed
with -9 and started again, all by a plan that is drawn from a seed. A last start
without faults ends the batch. Then it checks what must hold whatever happened:
nothing lost, nothing twice, nothing left behind. It ends with 0 only if all of
that holds, else it tells the story of the orders that it does not hold for.

The batch and its portal are the built-in ones. With a BATCH and the portal's
flags they are yours: faults of the portal itself are left out then, and so is
the comparison with what the portal has.`,
		Example: "  poactor chaos --seed 7\n  poactor chaos --orders 300 --workers 4 --out /tmp/chaos\n  poactor chaos --plan faults.yaml --portal acme.yaml orders.csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrongUse("poactor chaos --help", "one BATCH is wanted, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.fill(cmd.Flags(), "workers", "out"); err != nil {
				return err
			}
			return a.chaos(cmd.Context(), c, args)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.Uint64Var(&c.seed, "seed", 0, "what the faults, and the built-in portal, are drawn from (0: the time)")
	fs.StringVar(&c.planFile, "plan", "", "plan of faults, a YAML `file` (default: every fault there is)")
	fs.IntVar(&c.orders, "orders", 60, "orders of the built-in portal's batch")
	fs.IntVarP(&c.settings.Workers, "workers", "w", 4, "browsers to work with")
	fs.StringVarP(&c.settings.Out, "out", "o", "", "`directory`, new or empty (default: poactor-chaos, or the next free number)")
	c.settings.RegisterPortal(fs)
	c.settings.RegisterBrowser(fs)
	return cmd
}

// chaos starts poactor again and again until the batch is done, and judges.
func (a *app) chaos(ctx context.Context, c chaos, args []string) error {
	if c.orders < 1 {
		return wrongUse("poactor chaos --help lists the flags", "--orders must be 1 or more, not %d", c.orders)
	}
	if c.settings.Workers < 1 || c.settings.Workers > poactor.MaxWorkers {
		return wrongUse("poactor chaos --help lists the flags", "--workers must be 1 to %d, not %d", poactor.MaxWorkers, c.settings.Workers)
	}
	if err := c.checkBatch(args); err != nil {
		return err
	}
	plan, err := c.plan()
	if err != nil {
		return err
	}
	dir, err := freshDir(c.settings.Out, "poactor-chaos")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := &ordeal{settings: c.settings, plan: plan, dir: dir, say: func(format string, args ...any) { fmt.Fprintf(a.stdout, format+"\n", args...) }}
	defer o.close()
	if len(args) == 1 {
		o.batch = args[0]
	} else if err := o.buildPortal(ctx, c.orders); err != nil {
		return orInterrupted(ctx, err)
	}
	if err := o.prepare(); err != nil {
		return err
	}
	o.say("seed %d, plan %s: %s", plan.Seed, o.digest(), dir)
	if err := o.run(ctx); err != nil {
		return orInterrupted(ctx, err)
	}
	verdicts, err := o.judge(ctx)
	if err != nil || ctx.Err() != nil {
		return orInterrupted(ctx, err)
	}
	return a.showOrdeal(o, verdicts)
}

// orInterrupted is err, unless the user has ended it all.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &po.Error{Cause: po.Interrupted, Msg: "interrupted"}
	}
	return err
}

// checkBatch says what is wrong with a batch of the user's, and its portal, before
// anything is started.
func (c chaos) checkBatch(args []string) error {
	if len(args) == 0 {
		return nil
	}
	p, err := runPortal(c.settings)
	if err != nil {
		return err
	}
	parse, err := p.Parser()
	if err != nil {
		return err
	}
	if args[0] == "-" {
		return wrongUse("give a file: poactor is started again and again", "chaos takes no batch from standard input")
	}
	_, err = batch.Open(args[0], parse)
	return err
}

// faultsFlag is the hidden flag by which chaos gives a run its faults.
const faultsFlag = "faults"

// putTo puts the run to the faults of a file.
func (a *app) putTo(file string) (err error) {
	if file != "" {
		a.faults, err = readFaults(file)
	}
	return err
}

func readFaults(file string) (fault.Plan, error) {
	f, err := os.Open(file)
	if err != nil {
		return fault.Plan{}, wrongUse("", "%v", err)
	}
	defer f.Close()
	p, err := fault.Read(f)
	if err != nil {
		return p, wrongUse("", "%s: %v", file, err)
	}
	return p, nil
}

// plan is the plan of faults that is asked for.
func (c chaos) plan() (p fault.Plan, err error) {
	if p = fault.Standard(); c.planFile != "" {
		if p, err = readFaults(c.planFile); err != nil {
			return p, err
		}
	}
	switch {
	case c.seed != 0:
		p.Seed = c.seed
	case p.Seed == 0:
		p.Seed = uint64(time.Now().UnixNano())
	}
	return p, nil
}

// showOrdeal tells what happened and what holds.
func (a *app) showOrdeal(o *ordeal, verdicts []verdictOn) error {
	fmt.Fprintf(a.stdout, "\n%s in %s of poactor, %s:\n", progress.Count(o.faults(), "fault"),
		progress.Count(len(o.starts), "start"), progress.Short(time.Since(o.began)))
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, k := range fault.Kinds() {
		if n := o.injected[k]; n > 0 || o.plan.Strikes(k) {
			fmt.Fprintf(w, "  %s\t%d\n", k, n)
		}
	}
	_ = w.Flush()
	if r := o.recoveries(); len(r) > 0 {
		fmt.Fprintf(a.stdout, "from a browser's fault to the worker's next order: half within %s, 95 %% within %s, all within %s (%d)\n",
			progress.Short(r[len(r)/2]), progress.Short(r[len(r)*95/100]), progress.Short(r[len(r)-1]), len(r))
	}
	broken := 0
	for _, v := range verdicts {
		word := "holds"
		if len(v.Broken) > 0 {
			word = "BROKEN"
			broken++
		}
		fmt.Fprintf(a.stdout, "%-6s %s\n", word, v.Invariant)
		for _, line := range v.Broken[:min(len(v.Broken), maxListed)] {
			fmt.Fprintf(a.stdout, "       %s\n", progress.Line(line))
		}
	}
	fmt.Fprintf(a.stdout, "again: the same command with --seed %d\n", o.plan.Seed)
	if err := a.tellTroubled(o); err != nil {
		return err
	}
	if broken > 0 {
		return &po.Error{Cause: po.Internal, Msg: progress.Count(broken, "invariant") + " broken",
			Hint: "look into " + filepath.Join(o.dir, "chaos.log")}
	}
	return nil
}

// tellTroubled tells the story of each order that an invariant does not hold for.
func (a *app) tellTroubled(o *ordeal) error {
	if len(o.troubled) == 0 {
		return nil
	}
	ledger, err := openRecord(o.out)
	if err != nil {
		return err
	}
	defer ledger.Close()
	for _, key := range slices.Sorted(maps.Keys(o.troubled)) {
		story, err := ledger.History(context.Background(), key)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(a.stdout, "\norder %s: the record does not know it\n", key)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(a.stdout)
		showHistory(a.stdout, story)
	}
	return nil
}

// freshDir makes a new directory: the one asked for, which must be new or
// empty, else the first of name, name-2, … that is free.
func freshDir(asked, name string) (string, error) {
	if asked != "" {
		return asked, emptyDir(asked)
	}
	for n := 1; ; n++ {
		dir := name
		if n > 1 {
			dir += "-" + strconv.Itoa(n)
		}
		err := os.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", outdir.WriteError(err)
		}
		return dir, nil
	}
}
