package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
)

func (a *app) reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report [flags] DIR",
		Short: "Write report.html anew",
		Long: `Report writes report.html in the output directory of a run anew from its record, and
prints its path. Every run writes it now and then and at its end, so that this is only
needed where a run was killed. While a run goes on, its own report is the latest.`,
		Example: "  poactor report orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor report orders"),
		RunE: func(c *cobra.Command, args []string) error {
			dir := args[0]
			if err := checkRunDir(dir); err != nil {
				return err
			}
			err := poactor.WriteReport(c.Context(), dir)
			switch {
			case errors.Is(err, poactor.ErrHeld):
				return runActive(dir)
			case errors.Is(err, fs.ErrNotExist):
				return noRecord(dir)
			case err != nil:
				return err
			}
			fmt.Fprintln(a.stdout, progress.Line(filepath.Join(dir, outdir.ReportFile)))
			return nil
		},
	}
}
