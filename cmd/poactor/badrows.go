package main

import (
	"fmt"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/progress"
)

// maxListed is how many bad rows are listed one by one.
const maxListed = 20

// listBad tells of the rows that need a look, before any browser opens.
func (a *app) listBad(p *batch.Plan) {
	for i, bad := range p.Bad {
		if i == maxListed {
			a.warn("and %d more bad rows", p.BadRows()-maxListed)
			return
		}
		a.warn("%s", p.Describe(bad))
	}
}

// describe says how the list was read, in one line.
func (j *job) describe(path string) string {
	line := shownPath(path) + ": " + j.batch.Describe() + ", " + progress.Count(j.plan.Rows, "row")
	if j.plan.Completed > 0 {
		line += fmt.Sprintf("; skipped, as they are COMPLETED already: %d", j.plan.Completed)
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
		progress.WriteJSON(a.stdout, listLine{progress.Now("list_read"), shownPath(path), j.batch.Describe(), j.plan.Rows, j.plan.Completed})
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
func (j *job) checkUsable(path string) error {
	if j.plan.Usable() {
		return nil
	}
	hint := "put the order numbers into that column, below the header"
	for _, bad := range j.plan.Bad {
		if bad.Reason == batch.Malformed {
			hint = j.plan.Describe(bad)
			break
		}
	}
	return wrongUse(hint, "%s: no row has a usable order number: %s, %s", shownPath(path), j.batch.Describe(), progress.Count(j.plan.Rows, "row"))
}
