package poactor

import (
	"context"
	"net/url"

	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/po"
)

// UpdateSums brings what a killed run has left behind its record up to date, without
// going on with it: folders of settled orders get their final names, and manifest.csv and
// SHA256SUMS have all files of the record. The results are written by the next start. Where
// a file is damaged, Verify tells so afterwards as before: the lists are of the record.
// An error is a *po.Error: ErrHeld while a run goes on.
func UpdateSums(ctx context.Context, out string) error {
	record, err := openExisting(out)
	if err != nil {
		return err
	}
	defer record.Close()
	if err := finishFolders(ctx, out, record); err != nil {
		return userError(err)
	}
	var held error
	files := results.New(out, record, nil, func(_, text string) { held = cannotWrite(text) })
	if tasks, err := record.Tasks(ctx); err != nil {
		return err
	} else if tasks {
		files = results.NewTasks(out, record, func(_, text string) { held = cannotWrite(text) })
	}
	if err := files.SaveFileLists(ctx); err != nil {
		return userError(err)
	}
	return held
}

// cannotWrite is the error of a list that another program holds.
func cannotWrite(text string) error {
	return &po.Error{Msg: text, Hint: "close it there, and do the same again", Err: results.ErrNotWritten}
}

// finishFolders gives the folders of settled orders their final names.
func finishFolders(ctx context.Context, out string, record *ledger.Disk) error {
	check, err := download.NewChecker(out)
	if err != nil {
		return outdir.WriteError(err)
	}
	defer check.Close()
	layout, err := layoutOf(ctx, record)
	if err != nil {
		return err
	}
	archive, err := download.Open(download.Config{Out: out, Allowed: func(*url.URL) bool { return false }, Layout: layout})
	if err != nil {
		return err
	}
	defer archive.Close()
	for o, err := range record.Saved(ctx) {
		if err != nil {
			return err
		}
		if o.Status == "" || len(o.Files) == 0 || check.File(o.Folder, o.Files[0]) == "" {
			continue
		}
		if now := elsewhere(check, o.Folder, o.Files[0]); now != "" {
			if err := archive.Finish(ctx, po.Saved{Folder: now, Files: o.Files}, o.Folder); err != nil {
				return err
			}
		}
	}
	return nil
}
