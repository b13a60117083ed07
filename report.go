package poactor

import (
	"context"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/po"
)

// WriteReport writes report.html of an output directory anew from its record, as every
// run does now and then and at its end: after a kill, say. An error is a *po.Error: ErrHeld
// while a run goes on, and fs.ErrNotExist where there is no record of a run.
func WriteReport(ctx context.Context, out string) error {
	record, err := openExisting(out)
	if err != nil {
		return err
	}
	defer record.Close()
	tasks, err := record.Tasks(ctx)
	if err != nil {
		return err
	}
	if tasks {
		return &po.Error{Msg: out + " has a program's own tasks: the report is for purchase orders",
			Hint: "what came of them is in " + outdir.TaskResultsFile, Err: ErrConfig}
	}
	if err := report.New(out, record).Save(ctx, false); err != nil {
		return outdir.WriteError(err)
	}
	return nil
}
