package main

import (
	"errors"
	"fmt"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/progress"
)

// maxListed is how many bad rows are listed one by one.
const maxListed = 20

// listBad tells of the rows that need a look, before any browser opens.
func (a *app) listBad(b *poactor.Batch) {
	for i, warning := range b.Warnings() {
		if i == maxListed {
			a.warn("and %d more bad rows", b.Counts().Bad()-maxListed)
			return
		}
		a.warn("%s", warning)
	}
}

// describe says how the list was read, in one line.
func (j *job) describe(path string) string {
	rows := j.batch.Counts()
	line := shownPath(path) + ": " + j.batch.String() + ", " + progress.Count(rows.Rows, "row")
	if rows.Completed > 0 {
		line += fmt.Sprintf("; skipped, as they are COMPLETED already: %d", rows.Completed)
	}
	return line
}

// listLine is how the list was read, as a JSON line.
type listLine struct {
	progress.Stamp
	Batch       string `json:"batch"`
	Description string `json:"description"` // in words
	Rows        int    `json:"rows"`
	Completed   int    `json:"completed"` // rows that are skipped
}

// sayList tells how the list was read.
func (a *app) sayList(j *job, path string) {
	switch line := progress.Line("list: " + j.describe(path)); {
	case j.settings.Quiet:
	case j.settings.JSON:
		rows := j.batch.Counts()
		progress.WriteJSON(a.stdout, listLine{progress.Now("list_read"), shownPath(path), j.batch.String(),
			rows.Rows, rows.Completed})
	default:
		fmt.Fprintln(a.stdout, line)
	}
}

// shownPath is what a list is called in messages.
func shownPath(path string) string {
	if path == "-" {
		return stdinName
	}
	return path
}

// checkUsable says that nothing of a list can be worked on; nil if something
// can.
func (j *job) checkUsable(path string) error { return shownError(j.batch.CheckUsable(), path) }

// shownError is an error of a list that calls the list as the user does.
func shownError(err error, path string) error {
	if e, ok := errors.AsType[*batch.Error](err); ok && path == "-" {
		e.Path = stdinName
	}
	return err
}
