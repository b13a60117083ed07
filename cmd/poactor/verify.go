package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/po"
)

// verdict is what `poactor verify` found.
type verdict struct {
	Dir         string       `json:"dir"`
	Files       int          `json:"files"`
	Bytes       int64        `json:"bytes"`
	Differences []difference `json:"differences"`
}

// difference is one thing that is not as it was recorded.
type difference struct {
	Order string `json:"order,omitempty"`
	Path  string `json:"path"`
	What  string `json:"what"`
}

func (a *app) verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify [flags] DIR",
		Short: "Hash every file again and compare",
		Long: `Verify reads every file of an output directory, and compares its size and SHA-256
with the record and with SHA256SUMS. It ends with 3 and the names if anything
differs. What is in no record, like your own notes, is no difference.`,
		Example: "  poactor verify orders\n  poactor verify --json orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor verify orders"),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := verifyAll(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = progress.Indented(a.stdout, v)
			} else {
				a.showVerdict(v)
			}
			if len(v.Differences) > 0 {
				a.code = exitUnfinished
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

func verifyAll(ctx context.Context, dir string) (verdict, error) {
	v := verdict{Dir: dir, Differences: []difference{}}
	ledger, err := openRecord(dir)
	if err != nil {
		return v, err
	}
	defer ledger.Close()
	if owner, err := poactor.HolderOf(dir); err != nil || owner != nil {
		return v, cmp.Or(err, error(&failure{exitHeld, "a run goes on in " + dir, "wait until it has ended"}))
	}
	sums, err := report.ReadSums(dir, sumsFile)
	if err != nil {
		return v, outFailure(err)
	}
	check, err := download.NewChecker(dir)
	if err != nil {
		return v, outFailure(err)
	}
	defer check.Close()
	for o, err := range ledger.Kept(ctx) {
		if err != nil {
			return v, err
		}
		for _, f := range o.Files {
			v.Files, v.Bytes = v.Files+1, v.Bytes+f.Bytes
			v.file(check, sums, o, f)
		}
	}
	for path := range sums {
		v.Differences = append(v.Differences, difference{Path: path, What: "is in " + sumsFile + " and not in the record"})
	}
	return v, nil
}

// file compares one file, and takes it out of the sums.
func (v *verdict) file(check *download.Checker, sums map[string]string, o po.Outcome, f po.File) {
	path := o.Folder + "/" + f.Name
	add := func(what string) {
		v.Differences = append(v.Differences, difference{Order: o.Written, Path: path, What: what})
	}
	if what := check.File(o.Folder, f); what != "" {
		add(what)
	}
	switch sum, ok := sums[path]; {
	case !ok:
		add("is not in " + sumsFile)
	case sum != f.SHA256:
		add("has another hash in " + sumsFile)
	}
	delete(sums, path)
}

func (a *app) showVerdict(v verdict) {
	for _, d := range v.Differences {
		fmt.Fprintln(a.stdout, progress.Line(d.Path+": "+d.What))
	}
	if len(v.Differences) == 0 {
		fmt.Fprintf(a.stdout, "%s, %s: all as recorded\n", progress.Count(v.Files, "file"), humanize.Bytes(uint64(v.Bytes)))
		return
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", progress.Count(v.Files, "file"), progress.Count(len(v.Differences), "difference"))
}
