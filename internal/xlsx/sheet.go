package xlsx

import (
	"errors"
	"io"
)

// maxSheetRows is how many rows a sheet can have
// (https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3).
const maxSheetRows = 1 << 20

// sheetScanner cuts a sheet into its rows and keeps every byte.
type sheetScanner struct {
	*xmlScanner   // its raw bytes begin behind the row before
	name          string
	sharedStrings *sharedStrings
	formats       *numberFormats
	row           Row
	at            int // number of the row that was read last
	dimension     span
	styles        []columnStyle
	hidden        []hiddenColumns
	begun         bool
	ended         bool // there are no more rows
}

// columnStyle is the style of cells that are not there.
type columnStyle struct{ from, to, style int }

// next reads a row; io.EOF behind the last. What stands before a row is in
// front of it in the raw bytes, for the first row everything from the
// beginning of the sheet.
func (s *sheetScanner) next() (*Row, error) {
	s.raw = s.raw[:0]
	if err := s.advance(); err != nil {
		return nil, s.locate(err)
	}
	return &s.row, nil
}

// locate says where an error is.
func (s *sheetScanner) locate(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	located := *e
	located.Sheet, located.Row = s.name, s.at
	return &located
}

func (s *sheetScanner) advance() error {
	if !s.begun {
		s.begun = true
		if err := s.begin(); err != nil {
			return err
		}
	}
	for !s.ended {
		t, err := s.xmlScanner.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlClose: // of sheetData
			s.ended = true
		case t.opens() && s.is(t, "row"):
			return s.readRow(t)
		case t.opens():
			if err := s.skipElement(t); err != nil {
				return err
			}
		}
	}
	return io.EOF
}

// begin reads what stands before the rows.
func (s *sheetScanner) begin() error {
	for {
		t, err := s.xmlScanner.next()
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
			return nil
		case err != nil:
			return err
		case t.level == 1 && !s.is(t, "worksheet"):
			return damaged("its sheet is no worksheet")
		case t.level == 2 && s.is(t, "sheetData"):
			s.ended = t.kind == xmlEmpty
			return nil
		case t.level == 2 && s.is(t, "dimension"):
			s.dimension, _ = s.attrSpan("ref")
		case t.level == 3 && t.opens() && s.is(t, "col"):
			if err := s.readColumns(t); err != nil {
				return err
			}
		}
	}
}

// readColumns reads what is said of columns, in a tag t.
func (s *sheetScanner) readColumns(t xmlToken) error {
	if len(s.styles) < MaxColumns {
		s.styles = append(s.styles, columnStyle{s.integer("min") - 1, s.integer("max") - 1, s.integer("style")})
	}
	before := len(s.hidden)
	s.noteHidden(t)
	err := s.skipElement(t)
	if len(s.hidden) > before {
		s.hidden[before].span.to = len(s.raw)
	}
	return err
}

// readRow reads a row, whose opening tag is t.
func (s *sheetScanner) readRow(t xmlToken) error {
	s.row = Row{sheet: s, span: t.span, spans: s.attribute(t, "spans"), cells: s.row.cells[:0], texts: s.row.texts[:0]}
	number := s.at + 1
	if _, ok := s.attrSpan("r"); ok {
		number = s.integer("r")
	}
	if number <= s.at || number > maxSheetRows {
		return damaged("a row behind this one is out of order")
	}
	s.row.gap = number > s.at+1
	s.at = number
	if on, _ := s.attr("customFormat"); on == "1" || on == "true" {
		s.row.style = s.integer("s")
	}
	if t.kind == xmlEmpty {
		return nil
	}
	for {
		t, err := s.xmlScanner.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlClose:
			s.row.end, s.row.to = t.from, t.to
			return nil
		case t.opens() && s.is(t, "c"):
			err = s.readCell(t)
		case t.opens():
			err = s.skipElement(t)
		}
		if err != nil {
			return err
		}
	}
}

// rest copies what stands behind the rows; look sees every token before that and
// may change its bytes.
func (s *sheetScanner) rest(w io.Writer, look func(x *xmlScanner, t xmlToken) error) error {
	s.at = 0
	for {
		if _, err := w.Write(s.raw); err != nil {
			return err
		}
		s.raw = s.raw[:0]
		t, err := s.xmlScanner.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && look != nil {
			err = look(s.xmlScanner, t)
		}
		if err != nil {
			return s.locate(err)
		}
	}
}

// styleOf is the style of a cell that is not there: its row's, else its
// column's.
func (s *sheetScanner) styleOf(row *Row, column int) int {
	if row.style > 0 {
		return row.style
	}
	for _, c := range s.styles {
		if c.from <= column && column <= c.to {
			return c.style
		}
	}
	return 0
}
