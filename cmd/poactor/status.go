package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
)

// standing is how a run stands, as `poactor status` shows it.
type standing struct {
	Dir     string               `json:"dir"`
	Orders  int                  `json:"orders"`
	Counts  map[po.Status]int    `json:"counts"`
	Open    int                  `json:"open"`
	Causes  map[po.Cause]int     `json:"causes"`
	Files   int                  `json:"files"`
	Bytes   int64                `json:"bytes"`
	Starts  []startOf            `json:"starts"`
	Running *poactor.LedgerOwner `json:"running,omitempty"`
}

// startOf is one start of poactor on the directory.
type startOf struct {
	Number  int        `json:"number"`
	Began   time.Time  `json:"began"`
	Ended   *time.Time `json:"ended,omitempty"`
	Program string     `json:"program,omitempty"`
	Portal  string     `json:"portal"`
	BaseURL string     `json:"base_url"`
	Workers int        `json:"workers"`
	Cause   po.Cause   `json:"cause,omitempty"`
	Detail  string     `json:"detail,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "status [flags] DIR",
		Short:   "Show how a run stands",
		Long:    "Status shows how the run of an output directory stands, also while it goes on.",
		Example: "  poactor status orders\n  poactor status --json orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor status orders"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := standingOf(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return progress.Indented(a.stdout, s)
			}
			a.showStanding(s)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

// openRecord opens the ledger of a run's output directory for reading.
func openRecord(dir string) (*poactor.Ledger, error) {
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
	s := standing{Dir: dir, Starts: []startOf{}}
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
		totals, err := ledger.Totals(ctx)
		if err != nil {
			return err
		}
		s.Causes, s.Files, s.Bytes = totals.Causes, totals.Files, totals.Bytes
		starts, err := ledger.Starts(ctx)
		for _, x := range starts {
			one := startOf{Number: x.Number, Began: x.Began, Program: x.Program, Portal: x.Portal, BaseURL: x.BaseURL,
				Workers: x.Workers, Cause: x.Cause, Detail: x.Detail}
			if !x.Ended.IsZero() {
				one.Ended = &x.Ended
			}
			s.Starts = append(s.Starts, one)
		}
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
	line("files", "%s, %s", progress.Count(s.Files, "file"), humanize.Bytes(uint64(s.Bytes)))
	for _, cause := range slices.Sorted(maps.Keys(s.Causes)) {
		line("cause", "%s: %s", cause, progress.Count(s.Causes[cause], "order"))
	}
	if n := len(s.Starts); n > 0 {
		last := s.Starts[n-1]
		line("starts", "%d; the last began %s, %s at %s, %s%s", n, clock(last.Began), last.Portal, last.BaseURL,
			progress.Count(last.Workers, "worker"), last.end(s.Running != nil))
	}
	if s.Running != nil {
		line("running", "process %d on %s, since %s", s.Running.Process, s.Running.Host, clock(s.Running.Since))
	}
}

// end says how a start ended.
func (s startOf) end(running bool) string {
	switch {
	case s.Ended == nil && running:
		return ", and goes on"
	case s.Ended == nil:
		return ", and was cut off"
	case s.Cause != "":
		return fmt.Sprintf(", and ended %s: %s: %s", clock(*s.Ended), s.Cause, s.Detail)
	}
	return ", and ended " + clock(*s.Ended)
}

// clock is a time as people read it.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
