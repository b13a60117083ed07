package batch

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

// statusCells are the texts of the status columns; nil leaves a cell as it is.
type statusCells [numStatusColumns]*string

// statusCellsOf gives the cells of an outcome.
func statusCellsOf(o po.Outcome) statusCells {
	names := make([]string, len(o.Files))
	for i, f := range o.Files {
		names[i] = f.Name
	}
	var v statusCells
	set := func(k int, text string) { v[k] = &text }
	free := func(k int, text string) { set(k, truncate(escapeFormulas(oneLine(text)))) }
	set(colStatus, string(o.Status))
	set(colFound, strconv.Itoa(o.Found))
	set(colDownloaded, strconv.Itoa(len(o.Files)))
	free(colNames, strings.Join(names, "; "))
	set(colTime, timeText(o.Time))
	free(colDetail, errorMessage(o))
	free(colFolder, o.Folder)
	free(colURL, o.URL)
	set(colCause, string(o.Cause))
	set(colAttempts, strconv.Itoa(o.Attempts))
	if o.Supplier != "" {
		free(colSupplier, o.Supplier)
	}
	return v
}

// errorMessage is what went wrong with an order in words: each file that is
// missing with its name, cause and address.
func errorMessage(o po.Outcome) string {
	if len(o.Missing) == 0 {
		return o.Detail
	}
	said := false // the order's detail, as that of a file
	files := make([]string, len(o.Missing))
	for i, m := range o.Missing {
		said = said || m.Cause == o.Cause && m.Detail == o.Detail
		why := string(m.Cause)
		if m.Detail != "" {
			why += ": " + m.Detail
		}
		if m.Answer != "" {
			why += "; the portal said: " + m.Answer
		}
		if m.URL != "" {
			why += ", " + m.URL
		}
		files[i] = m.Name + " (" + why + ")"
	}
	noun := "files"
	if o.Found == 1 {
		noun = "file"
	}
	text := fmt.Sprintf("%d of %d %s missing: %s", len(o.Missing), o.Found, noun, strings.Join(files, "; "))
	if o.Detail != "" && !said {
		text = o.Detail + "; " + text
	}
	return text
}

// timeText is RFC 3339 with seconds, in UTC.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// ReadOutcomes yields what earlier results, a file of WriteResults, show, for every row that
// has a status of ours: everything but the files. An order has an outcome for
// each row that names it. An error ends it; fs.ErrNotExist says that there are
// no results.
func ReadOutcomes(path string, parse Parse) iter.Seq2[po.Outcome, error] {
	return func(yield func(po.Outcome, error) bool) {
		b, err := Open(path, parse)
		if err != nil {
			yield(po.Outcome{}, err)
			return
		}
		err = b.records(func(i int, rec record) error {
			if i < 0 {
				return nil
			}
			if o := b.outcome(rec); o.Key != "" && o.Status != "" && !yield(o, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(po.Outcome{}, b.wrap(err))
		}
	}
}

// outcome reads the status columns of a row.
func (b *Batch) outcome(rec record) po.Outcome {
	row, _ := b.row(rec)
	text := func(k int) string { return trim(rec.text(b.columns.status[k])) }
	number := func(k int) int {
		n, err := strconv.Atoi(text(k))
		if err != nil || n < 0 {
			return 0 // somebody's edit; it is for people only
		}
		return n
	}
	o := po.Outcome{
		Key:      row.Order.Key,
		Status:   row.Status,
		Detail:   unescapeFormulas(text(colDetail)),
		Supplier: unescapeFormulas(text(colSupplier)),
		Found:    number(colFound),
		Folder:   unescapeFormulas(text(colFolder)),
		URL:      unescapeFormulas(text(colURL)),
		Attempts: number(colAttempts),
	}
	if c := po.Cause(text(colCause)); c.Valid() {
		o.Cause = c
	}
	if t, err := time.Parse(time.RFC3339, text(colTime)); err == nil {
		o.Time = t
	}
	return o
}
