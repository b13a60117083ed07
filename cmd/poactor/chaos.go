package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/chaos"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
)

// chaosFlags are what `poactor chaos` is asked for.
type chaosFlags struct {
	settings config.Settings // of the runs
	orders   int
	seed     uint64
	planFile string
}

func (a *app) chaosCommand() *cobra.Command {
	var c chaosFlags
	cmd := &cobra.Command{
		Use:   "chaos [flags] [BATCH]",
		Short: "Inject faults on purpose, and check that nothing is lost",
		Long: `Chaos runs a batch while browsers are killed, stopped and crashed, profiles
damaged, the portal made to fail, the disk to be full, and poactor itself killed
with -9 and started again, all by a plan that is drawn from a seed. A last start
without faults ends the batch. Then it checks what must hold whatever happened:
nothing lost, nothing twice, nothing left behind. It ends with 0 only if all of
that holds, else it tells the history of the orders that it does not hold for.

The batch and its portal are the built-in ones. With a BATCH and the portal's
flags they are yours: faults of the portal itself are left out then, and so is
the comparison with what the portal has.`,
		Example: "  poactor chaos --seed 7\n  poactor chaos --orders 300 --workers 4 --out /tmp/chaos\n" +
			"  poactor chaos --plan faults.yaml --portal acme.yaml orders.csv",
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
	fs.BoolVar(&c.settings.Fast, "fast", false, "read orders without a browser where that is proven to tell the same")
	fs.BoolVar(&c.settings.JSON, "json", false, "write what happens as JSON lines to standard output")
	cmd.Annotations = map[string]string{streamsEvents: "yes"}
	return cmd
}

// chaos runs the batch and says what holds.
func (a *app) chaos(ctx context.Context, c chaosFlags, args []string) error {
	if c.orders < 1 {
		return wrongUse("poactor chaos --help lists the flags", "--orders must be 1 or more, not %d", c.orders)
	}
	if c.settings.Workers < 1 || c.settings.Workers > poactor.MaxWorkers {
		return wrongUse("poactor chaos --help lists the flags",
			"--workers must be 1 to %d, not %d", poactor.MaxWorkers, c.settings.Workers)
	}
	a.json = c.settings.JSON
	cfg, err := c.config(args)
	if err != nil {
		return err
	}
	if cfg.Dir, err = freshDir(c.settings.Out, "poactor-chaos"); err != nil {
		return err
	}
	cfg.OnStart = func(s chaos.Start) {
		if a.json {
			progress.WriteJSON(a.stdout, chaosStartLine{progress.Now("chaos_start"), s.Number, s.Faults, s.Settled, s.Ended})
			return
		}
		words := ""
		if !s.Faults {
			words = ", without faults"
		}
		fmt.Fprintf(a.stdout, "start %d%s: %s, %s\n", s.Number, words, progress.Count(s.Settled, "order"), s.Ended)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if a.json {
		progress.WriteJSON(a.stdout,
			chaosBegunLine{progress.Now("chaos_begun"), cfg.Plan.Seed, cfg.Plan.Digest(), cfg.Dir})
	} else {
		fmt.Fprintf(a.stdout, "seed %d, plan %s: %s\n", cfg.Plan.Seed, cfg.Plan.Digest(), cfg.Dir)
	}
	report, err := chaos.Run(ctx, cfg)
	if ctx.Err() != nil {
		return &po.Error{Cause: po.Interrupted, Msg: "interrupted"}
	}
	if err != nil {
		return err
	}
	if a.json {
		a.tellChaos(report)
	} else {
		a.showChaos(report, cfg.Plan)
	}
	if broken := report.Broken(); broken > 0 {
		return &po.Error{Cause: po.Internal, Msg: progress.Count(broken, "invariant") + " broken",
			Hint: "look into " + report.Log}
	}
	return nil
}

// config is what to run; its directory is missing. A batch of the user's, and its
// portal, are checked before anything is started.
func (c chaosFlags) config(args []string) (cfg chaos.Config, err error) {
	cfg = chaos.Config{
		ExitCodes: chaos.ExitCodes{
			Done: exitDone, Unfinished: exitUnfinished, SignIn: exitSignIn, Environment: exitEnvironment,
		},
		Workers: c.settings.Workers, Fast: c.settings.Fast, Browser: c.settings.Browser, NoSandbox: c.settings.NoSandbox, Orders: c.orders,
	}
	if cfg.Program, err = os.Executable(); err != nil {
		return cfg, err
	}
	if len(args) > 0 {
		p, err := runPortal(c.settings)
		if err != nil {
			return cfg, err
		}
		if cfg.Parse, err = p.Parser(); err != nil {
			return cfg, err
		}
		if cfg.Batch = args[0]; cfg.Batch == "-" {
			return cfg, wrongUse("give a file: poactor is started again and again",
				"chaos takes no batch from standard input")
		}
		if _, err := batch.Open(cfg.Batch, cfg.Parse); err != nil {
			return cfg, err
		}
		cfg.Portal, cfg.BaseURL, cfg.Profile = c.settings.Portal, c.settings.BaseURL, c.settings.Profile
	}
	cfg.Plan, err = c.plan()
	return cfg, err
}

// faultsFlag is the hidden flag by which chaos gives a run its faults.
const faultsFlag = "faults"

// readFaults reads a plan of faults.
func readFaults(file string) (fault.Plan, error) {
	p, err := fault.ReadFile(file)
	if err != nil {
		return p, wrongUse("", "%v", err)
	}
	return p, nil
}

// plan is the plan of faults that is asked for.
func (c chaosFlags) plan() (p fault.Plan, err error) {
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

// showChaos tells what happened and what holds.
func (a *app) showChaos(r chaos.Report, plan fault.Plan) {
	fmt.Fprintf(a.stdout, "\n%s in %s of poactor, %s:\n",
		progress.Count(r.Faults(), "fault"), progress.Count(r.Starts, "start"), progress.Short(r.Took))
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, k := range fault.Kinds() {
		if n := r.Injected[k]; n > 0 || plan.Has(k) {
			fmt.Fprintf(w, "  %s\t%d\n", k, n)
		}
	}
	_ = w.Flush()
	if n := len(r.Recoveries); n > 0 {
		within := func(i int) string { return progress.Short(r.Recoveries[i]) }
		fmt.Fprintf(a.stdout,
			"from a browser's fault to the worker's next order: half within %s, 95 %% within %s, all within %s (%d)\n",
			within(n/2), within(n*95/100), within(n-1), n)
	}
	for _, i := range r.Invariants {
		word := "holds"
		if len(i.Broken) > 0 {
			word = "BROKEN"
		}
		fmt.Fprintf(a.stdout, "%-6s %s\n", word, i.Invariant)
		for _, line := range i.Broken[:min(len(i.Broken), maxListed)] {
			fmt.Fprintf(a.stdout, "       %s\n", progress.Line(line))
		}
	}
	fmt.Fprintf(a.stdout, "again: the same command with --seed %d\n", plan.Seed)
	for _, key := range r.Unknown {
		fmt.Fprintf(a.stdout, "\norder %s: the record does not know it\n", key)
	}
	for _, history := range r.Histories {
		fmt.Fprintln(a.stdout)
		showHistory(a.stdout, history)
	}
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
