package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/progress"
)

// cleaned is what `poactor clean` found.
type cleaned struct {
	DryRun bool       `json:"dry_run"`
	Places []leftover `json:"places"`
}

// leftover is one place that was looked at.
type leftover struct {
	Path     string `json:"path"`
	Of       string `json:"of,omitempty"`
	Removed  bool   `json:"removed"` // or would be
	Profiles int    `json:"profiles"`
	Browsers int    `json:"browsers"`
	Bytes    int64  `json:"bytes"`
	Why      string `json:"why,omitempty"` // it was not removed
}

func (a *app) cleanCommand() *cobra.Command {
	var asJSON, dryRun bool
	c := &cobra.Command{
		Use:   "clean [flags] [DIR…]",
		Short: "Remove what killed runs have left",
		Long: `Clean removes what runs have left that were killed: their browser profiles in the
directory for temporary files, and the browsers that still run on these. In each
output directory DIR it removes half downloaded files too, and the work folders
(__WORK) of orders that are open: those are fetched anew.

It touches only what is provably poactor's own, and nothing of a run that goes
on. Results, the record and evidence stay. Every start of a run does the same for
the profiles by itself.`,
		Example: "  poactor clean\n  poactor clean --dry-run orders",
		RunE: func(c *cobra.Command, args []string) error {
			found, err := clean(c.Context(), args, dryRun)
			if found == nil {
				return err
			}
			if asJSON {
				progress.WriteLine(a.stdout, "cleaned", found)
			} else {
				a.showCleaned(*found)
			}
			return err
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what it would do")
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

// clean looks at the profiles of dead runs and at the output directories. One
// that a run holds keeps the others from nothing.
func clean(ctx context.Context, dirs []string, dryRun bool) (*cleaned, error) {
	for _, dir := range dirs {
		ledger, err := openAnyRecord(dir)
		if err != nil {
			return nil, err
		}
		_ = ledger.Close() // it was only looked at
	}
	found := &cleaned{DryRun: dryRun, Places: []leftover{}}
	list, failed := poactor.CleanProfiles(dryRun)
	found.add(list)
	for _, dir := range dirs {
		list, err := poactor.CleanOutput(ctx, dir, dryRun)
		found.add(list)
		if errors.Is(err, poactor.ErrHeld) {
			err = runActive(dir)
		}
		if failed == nil {
			failed = err
		}
	}
	return found, failed
}

func (c *cleaned) add(list []poactor.Leftover) {
	for _, l := range list {
		c.Places = append(c.Places, leftover{Path: l.Path, Of: l.Out, Removed: l.Kept == "",
			Profiles: l.Profiles, Browsers: l.Browsers, Bytes: l.Bytes, Why: l.Kept})
	}
}

func (a *app) showCleaned(c cleaned) {
	verb, removed, size := "removed", 0, int64(0)
	if c.DryRun {
		verb = "would remove"
	}
	for _, l := range c.Places {
		line := "left " + l.Path + ": " + l.Why
		if l.Removed {
			removed++
			size += l.Bytes
			line = verb + " " + l.Path + ": " + l.text()
		}
		fmt.Fprintln(a.stdout, progress.Line(line))
	}
	if removed == 0 {
		fmt.Fprintln(a.stdout, "nothing to remove")
		return
	}
	fmt.Fprintf(a.stdout, "%s %s, %s\n", verb, progress.Count(removed, "place"), humanize.Bytes(uint64(size)))
}

// text says what was in a place that is removed.
func (l leftover) text() string {
	line := humanize.Bytes(uint64(l.Bytes))
	if l.Profiles+l.Browsers > 0 {
		line = progress.Leftovers(l.Profiles, l.Browsers, 0) + ", " + line
	}
	if l.Profiles+l.Browsers > 0 && l.Of != "" {
		line += ", of " + l.Of
	}
	return line
}
