package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
)

// standing is how a run stands, as `poactor status` shows it.
type standing struct {
	Dir     string            `json:"dir"`
	Orders  int               `json:"orders"`
	Counts  map[po.Status]int `json:"counts"`
	Open    int               `json:"open"`
	Causes  map[po.Cause]int  `json:"causes"`
	ReadBy  map[po.ReadBy]int `json:"read_by,omitempty"` // settled orders by how their pages were read
	Files   int               `json:"files"`
	Bytes   int64             `json:"bytes"`
	Starts  []po.Start        `json:"starts"`
	Running *po.Owner         `json:"running,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "status [flags] DIR",
		Short:   "Show the state of a run",
		Long:    "Status shows the state of a run by its output directory, also while it is running.",
		Example: "  poactor status orders\n  poactor status --json orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor status orders"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := standingOf(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				progress.WriteLine(a.stdout, "status", s)
				return nil
			}
			a.showStanding(s)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

// openRecord opens the ledger of a run of orders for reading.
func openRecord(dir string) (*poactor.Ledger, error) {
	ledger, err := openAnyRecord(dir)
	if err != nil {
		return nil, err
	}
	tasks, err := ledger.Tasks(context.Background())
	if err == nil && tasks {
		err = wrongUse("what came of them is in "+filepath.Join(dir, outdir.TaskResultsFile)+"; the program that has run them runs them again",
			"%s has a program's own tasks, and this command is for purchase orders", dir)
	}
	if err != nil {
		_ = ledger.Close()
		return nil, err
	}
	return ledger, nil
}

// openAnyRecord opens the ledger of a run's output directory for reading.
func openAnyRecord(dir string) (*poactor.Ledger, error) {
	if err := checkRunDir(dir); err != nil {
		return nil, err
	}
	ledger, err := poactor.OpenLedgerReadOnly(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noRecord(dir)
	}
	return ledger, err
}

func noRecord(dir string) error {
	return wrongUse("give the output directory of a run", "%s has no record of a run", dir)
}

func standingOf(ctx context.Context, dir string) (standing, error) {
	s := standing{Dir: dir, Starts: []po.Start{}}
	ledger, err := openRecord(dir)
	if err != nil {
		return s, err
	}
	defer ledger.Close()
	if s.Running, err = poactor.LedgerHolder(dir); err != nil {
		return s, err
	}
	err = ledger.View(ctx, func(ctx context.Context) error {
		if s.Counts, s.Open, err = ledger.Counts(ctx); err != nil {
			return err
		}
		if s.ReadBy, err = ledger.ReadBy(ctx); err != nil {
			return err
		}
		if s.Files, s.Bytes, s.Causes, err = ledger.Totals(ctx); err != nil {
			return err
		}
		starts, err := ledger.Starts(ctx)
		s.Starts = append(s.Starts, starts...)
		return err
	})
	s.Orders = s.Open
	for _, n := range s.Counts {
		s.Orders += n
	}
	return s, err
}

func (a *app) showStanding(s standing) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.stdout, "%-8s %s\n", name, progress.Line(fmt.Sprintf(format, args...)))
	}
	line("orders", "%s", progress.Total(s.Counts, s.Open))
	if text := progress.ReadBy(s.ReadBy); text != "" {
		line("read", "%s", text)
	}
	line("files", "%s, %s", progress.Count(s.Files, "file"), humanize.Bytes(uint64(s.Bytes)))
	for _, cause := range slices.Sorted(maps.Keys(s.Causes)) {
		line("cause", "%s: %s", cause, progress.Count(s.Causes[cause], "order"))
	}
	if n := len(s.Starts); n > 0 {
		last := s.Starts[n-1]
		line("starts", "%d; the last began %s, %s at %s, %s%s", n, clock(last.Began), last.Portal, last.BaseURL,
			progress.Count(last.Workers, "worker"), endOf(last, s.Running != nil))
	}
	if s.Running != nil {
		line("running", "process %d on %s, since %s", s.Running.Process, s.Running.Host, clock(s.Running.Since))
	}
}

// endOf says how a start ended.
func endOf(s po.Start, running bool) string {
	switch {
	case s.Ended.IsZero() && running:
		return ", still running"
	case s.Ended.IsZero():
		return ", was killed"
	case s.Cause != "":
		return fmt.Sprintf(", ended %s: %s: %s", clock(s.Ended), s.Cause, s.Detail)
	}
	return ", ended " + clock(s.Ended)
}

// clock is a time as people read it.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
