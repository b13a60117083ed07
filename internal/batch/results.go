package batch

import (
	"fmt"
	"io"

	"github.com/poactor/poactor/po"
)

// WriteResults writes the batch, row for row, with the status columns filled
// where outcome knows the order. What is not filled stays as it is, in CSV
// byte for byte: whole rows without an outcome, empty rows, rows that were
// COMPLETED already, and those of another table below. SUPPLIER keeps what the
// batch has where the outcome has none.
//
// outcome is asked for keys of malformed numbers too.
//
// An error that is ErrCharset says that the encoding of the batch lacks a
// character of an outcome: UseUTF8, and write again.
func (b *Batch) WriteResults(w io.Writer, outcome func(key po.Key) (po.Outcome, bool)) error {
	to := &errorWriter{w: w}
	err := b.rewrite(to, outcome)
	if to.err != nil {
		return fmt.Errorf("write results: %w", to.err)
	}
	return b.wrap(err)
}

// UseUTF8 makes WriteResults write UTF-8 with a byte order mark from now on. It
// is for a text file in an encoding that does not have every character.
func (b *Batch) UseUTF8() { b.utf8.Store(true) }

// Unicode reports whether the batch's encoding has every character, so that
// WriteResults cannot fail with ErrCharset.
func (b *Batch) Unicode() bool {
	c, ok := b.source.(*csvFile)
	return !ok || c.charset != charsetWindows1252 || b.utf8.Load()
}

// ResultsName is the name of the file that WriteResults is for: results.csv,
// or results.xlsx or .xlsm for a workbook.
func (b *Batch) ResultsName() string { return "results" + b.source.extension() }

// errorWriter remembers its error, to tell a full disk from an unreadable batch.
type errorWriter struct {
	w   io.Writer
	err error
}

func (s *errorWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if s.err == nil {
		s.err = err
	}
	return n, err
}

func (b *Batch) rewrite(w io.Writer, outcome func(po.Key) (po.Outcome, bool)) error {
	f, err := b.file()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.unchanged(f); err != nil {
		return err
	}
	from := b.source
	if c, ok := from.(*csvFile); ok && b.utf8.Load() {
		inUTF8 := *c
		inUTF8.utf8 = true
		from = &inUTF8
	}
	i := -1 - b.preamble
	afterGap := false // there was an empty row
	err = from.rewrite(f, w, b.target(), func(rec record) (statusCells, bool) {
		afterGap = afterGap || i >= 0 && (rec.afterGap() || blank(rec))
		cells, ok := b.edit(i, rec, outcome)
		i++
		if ok && afterGap && b.inOtherTable(rec) {
			return statusCells{}, false
		}
		return cells, ok
	})
	if err != nil {
		return err
	}
	return b.unchanged(f)
}

// positions gives those status columns that the batch lacks a place behind
// everything that any row holds.
func (b *Batch) positions() positions {
	at, width := b.columns.status, b.width
	for k := range at {
		if at[k] < 0 {
			at[k] = width
			width++
		}
	}
	return at
}

// edit gives the cells of a record; i counts as Batch.records does.
func (b *Batch) edit(i int, rec record, outcome func(po.Key) (po.Outcome, bool)) (statusCells, bool) {
	switch {
	case i == -1:
		return b.addedNames(), true
	case i < -1:
		return statusCells{}, false
	}
	row, ok := b.row(rec)
	if !ok || row.Order.Key == "" || row.Status == po.Completed {
		return statusCells{}, false
	}
	o, ok := outcome(row.Order.Key)
	if !ok {
		return statusCells{}, false
	}
	return statusCellsOf(o), true
}

// inOtherTable reports whether a row behind an empty one is of another table: where
// the number would be it has some text, and in the place of our columns something
// that is not ours.
func (b *Batch) inOtherTable(rec record) bool {
	row, ok := b.row(rec)
	if !ok || row.Order.Invalid == "" || row.Status != "" {
		return false
	}
	for k, at := range b.columns.status {
		if k != colSupplier && at >= 0 && at < rec.width() && rec.filled(at) {
			return true
		}
	}
	return false
}

// target is where the status columns go.
func (b *Batch) target() target {
	to := target{at: b.positions()}
	for k, at := range b.columns.status {
		if at < 0 {
			to.added[k] = b.columns.names[k]
		}
	}
	return to
}

// addedNames are the header's cells for the status columns that the batch lacks.
func (b *Batch) addedNames() statusCells {
	var names statusCells
	for k, at := range b.columns.status {
		if at < 0 {
			names[k] = &b.columns.names[k]
		}
	}
	return names
}
