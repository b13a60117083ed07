package xlsx

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strconv"
)

// sheetWriter writes rows back.
type sheetWriter struct {
	w       io.Writer
	columns []Column
	order   []int    // of columns, from left to right
	names   []string // of columns, such as AB
	header  int      // the row with the header
	begun   bool
	orphans map[string]bool // groups of cells whose shared formula is gone
	row     []byte
}

func newSheetWriter(w io.Writer, columns []Column, header int) *sheetWriter {
	s := &sheetWriter{w: w, columns: columns, header: header, orphans: map[string]bool{}}
	for k, c := range columns {
		s.order = append(s.order, k)
		s.names = append(s.names, ColumnName(c.Index))
	}
	slices.SortFunc(s.order, func(a, b int) int { return cmp.Compare(columns[a].Index, columns[b].Index) })
	return s
}

// copyLead writes what stands before a row. Before the first it tells how far the
// sheet goes, which some programs believe, and shows columns with new cells that
// are hidden.
func (s *sheetWriter) copyLead(r *Row) error {
	lead := r.sheet.raw[:r.from]
	if s.begun {
		_, err := s.w.Write(lead)
		return err
	}
	s.begun = true
	s.row = s.row[:0]
	done := 0 // bytes of lead
	replace := func(at span, with []byte) {
		s.row = append(append(s.row, lead[done:at.from]...), with...)
		done = at.to
	}
	columns := make([]int, len(s.order)) // from left to right
	for i, k := range s.order {
		columns[i] = s.columns[k].Index
	}
	if at := r.sheet.dimension; at.to > 0 && len(columns) > 0 {
		replace(at, widened(lead[at.from:at.to], columns[len(columns)-1]))
	}
	for i := range r.sheet.hidden {
		h := &r.sheet.hidden[i]
		if shown := h.unhide(r.sheet.prefix, columns); shown != nil && h.from >= done {
			replace(h.span, shown)
		}
	}
	_, err := s.w.Write(append(s.row, lead[done:]...))
	return err
}

// widened gives a reference like A1:F10 with a column in it.
func widened(ref []byte, column int) []byte {
	first, last, found := bytes.Cut(ref, []byte(":"))
	if !found {
		last = first
	}
	letters := bytes.TrimRight(last, "0123456789")
	name := []byte(ColumnName(column))
	further := len(letters) > len(name) || len(letters) == len(name) && bytes.Compare(letters, name) >= 0
	if further || len(letters) == len(last) { // or there is no row
		return ref
	}
	return slices.Concat(first, []byte(":"), name, last[len(letters):])
}

// write writes a row with new cells, those that are nil as they are; without new
// cells, the row as it is.
func (s *sheetWriter) write(r *Row, cells []*string) error {
	untouched := cells == nil && len(s.orphans) == 0
	if untouched || r.end == 0 { // which has no cells, and no place for any
		_, err := s.w.Write(r.sheet.raw[r.from:r.to])
		return err
	}
	raw := r.sheet.raw
	// The columns that it spans, which it need not tell, are others now.
	s.row = append(s.row[:0], raw[r.from:r.spans.from]...)
	at := r.spans.to
	old := r.cells
	for _, k := range s.order {
		if cells == nil || cells[k] == nil {
			continue
		}
		column := s.columns[k].Index
		for len(old) > 0 && old[0].column < column {
			s.row = append(s.row, raw[at:old[0].from]...)
			s.keep(r, &old[0])
			at, old = old[0].to, old[1:]
		}
		if len(old) > 0 && old[0].column == column {
			s.row = append(s.row, raw[at:old[0].from]...)
			s.replace(r, &old[0], k, *cells[k])
			at, old = old[0].to, old[1:]
			continue
		}
		s.insert(r, k, *cells[k])
	}
	for i := range old {
		s.row = append(s.row, raw[at:old[i].from]...)
		s.keep(r, &old[i])
		at = old[i].to
	}
	s.row = append(s.row, raw[at:r.to]...)
	_, err := s.w.Write(s.row)
	return err
}

// keep adds a cell as it is, but that it tells its place if it was known by
// that of its neighbour, and that a formula it only shared becomes its value.
func (s *sheetWriter) keep(r *Row, c *sheetCell) {
	raw := r.sheet.raw
	s.row = append(s.row, raw[c.from:c.nameEnd]...)
	if c.implied {
		s.add(` r="`, ColumnName(c.column), strconv.Itoa(r.Number()), `"`)
	}
	at := c.nameEnd
	if s.orphans[c.formula.group] && !c.formula.master {
		s.row = append(s.row, raw[at:c.formula.from]...)
		at = c.formula.to
	}
	s.row = append(s.row, raw[at:c.to]...)
}

// replace adds a cell in the place and the style of another.
func (s *sheetWriter) replace(r *Row, c *sheetCell, k int, text string) {
	if c.formula.to == 0 && r.Text(c.column) == text {
		s.keep(r, c)
		return
	}
	if c.formula.master {
		s.orphans[c.formula.group] = true
	}
	s.cell(r, k, c.style, text)
}

// insert adds a cell where there is none.
func (s *sheetWriter) insert(r *Row, k int, text string) {
	if text == "" {
		return
	}
	style := r.sheet.styleOf(r, s.columns[k].Index)
	if r.Number() == s.header {
		style = r.cell(r.Width() - 1).style
	}
	s.cell(r, k, style, text)
}

// cell adds a new cell. Text is stored as text, never as a formula.
func (s *sheetWriter) cell(r *Row, k, style int, text string) {
	prefix := r.sheet.prefix
	s.add("<", prefix, `c r="`, s.names[k])
	s.row = append(strconv.AppendInt(s.row, int64(r.Number()), 10), '"')
	if style > 0 {
		s.add(` s="`)
		s.row = append(strconv.AppendInt(s.row, int64(style), 10), '"')
	}
	switch {
	case text == "":
		s.add("/>")
		return
	case s.columns[k].Number && isInteger(text):
		s.add("><", prefix, "v>", text, "</", prefix, "v></", prefix, "c>")
		return
	}
	s.add(` t="inlineStr"><`, prefix, "is><", prefix, `t xml:space="preserve">`)
	s.row = escape(s.row, text)
	s.add("</", prefix, "t></", prefix, "is></", prefix, "c>")
}

func (s *sheetWriter) add(parts ...string) {
	for _, p := range parts {
		s.row = append(s.row, p...)
	}
}
