package batch

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/poactor/poactor/po"
)

// WriteResults writes the batch, row for row, with the status columns filled
// where outcome knows the order. What is not filled is copied byte for byte:
// whole rows without an outcome, empty rows, and rows that were COMPLETED
// already. A row too short for a column that is filled gets the empty cells in
// between. SUPPLIER keeps what the batch has where the outcome has none.
//
// outcome is asked for keys of malformed numbers too.
func (b *Batch) WriteResults(w io.Writer, outcome func(key po.Key) (po.Outcome, bool)) error {
	to := &sink{w: w}
	out := writer{Batch: b, w: bufio.NewWriterSize(to, 64<<10), outcome: outcome, columns: b.columns}
	out.place()
	err := b.head(out.w)
	if err == nil {
		err = b.records(out.record)
	}
	if err == nil {
		err = out.w.Flush()
	}
	if to.err != nil {
		return fmt.Errorf("write results: %w", to.err)
	}
	return b.wrap(err)
}

// sink remembers its error, to tell a full disk from an unreadable batch.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// head copies the byte order mark.
func (b *Batch) head(w io.Writer) error {
	f, err := b.file(0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, int64(b.bom))
	return err
}

// writer writes a batch back.
type writer struct {
	*Batch
	w       *bufio.Writer
	outcome func(po.Key) (po.Outcome, bool)
	columns columns // of the results
	filled  []int   // the status column at each place of a row; -1: not filled
	row     []byte
}

// place gives those status columns that the batch lacks a place behind
// everything that any row holds.
func (w *writer) place() {
	width := w.width
	for k, at := range w.columns.status {
		if at < 0 {
			w.columns.status[k] = width
			width++
		}
	}
	w.filled = slices.Repeat([]int{-1}, width)
	for k, at := range w.columns.status {
		w.filled[at] = k
	}
}

// record writes a record; i counts as Batch.records does.
func (w *writer) record(i int, rec *record) error {
	switch {
	case i == -1:
		return w.header(rec)
	case i < -1:
		return w.raw(rec)
	}
	row, ok := w.Batch.row(rec)
	if !ok || row.Order.Key == "" || row.Status == po.Completed {
		return w.raw(rec)
	}
	o, ok := w.outcome(row.Order.Key)
	if !ok {
		return w.raw(rec)
	}
	return w.fill(rec, w.values(o))
}

func (w *writer) raw(rec *record) error {
	_, err := w.w.Write(rec.raw)
	return err
}

// header appends the names of the missing columns.
func (w *writer) header(rec *record) error {
	var names values
	for k, at := range w.Batch.columns.status {
		if at < 0 {
			names[k] = &statusColumns[k]
		}
	}
	return w.fill(rec, names)
}

// fill writes a record with new cells; those that are nil stay as they are.
func (w *writer) fill(rec *record, cells values) error {
	last := len(rec.cells)
	for k, at := range w.columns.status {
		if cells[k] != nil {
			last = max(last, at+1)
		}
	}
	w.row = w.row[:0]
	for i := range last {
		if i > 0 {
			w.row = w.charset.encode(w.row, string(w.delim))
		}
		switch {
		case i < len(w.filled) && w.filled[i] >= 0 && cells[w.filled[i]] != nil:
			w.cell(rec, i, *cells[w.filled[i]])
		case i < len(rec.cells):
			w.row = append(w.row, rec.cell(i)...)
		}
	}
	w.row = append(w.row, rec.raw[rec.end:]...)
	_, err := w.w.Write(w.row)
	return err
}

// cell adds a cell of ours, quoted as its neighbours are.
func (w *writer) cell(rec *record, i int, text string) {
	if i < len(rec.cells) && w.text(rec, i) == text {
		w.row = append(w.row, rec.cell(i)...)
		return
	}
	if w.columns.quoted || w.isQuoted(rec, i) || strings.ContainsAny(text, separators) {
		text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	w.row = w.charset.encode(w.row, text)
}

// ResultsName is what the batch with its status columns is called.
func (b *Batch) ResultsName() string { return "results.csv" }
