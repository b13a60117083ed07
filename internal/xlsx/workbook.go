package xlsx

import (
	"errors"
	"io"
	"os"
)

// Workbook is what is known of a workbook before its rows are read. It does not
// hold its file: each pass is given it, open. Several passes may run at a time.
type Workbook struct {
	// Sheets are those with rows and columns, in their order.
	Sheets []Sheet
	// Macros tells a workbook with macros, which Excel opens only as .xlsm.
	Macros bool

	parts         parts
	formats       *numberFormats
	sharedStrings sharedStringsCache
}

// Sheet is a sheet with rows and columns.
type Sheet struct {
	Name   string
	Hidden bool

	part  string
	index int // among all sheets, charts included
}

// Open reads which sheets a workbook has and how its numbers are shown. Errors are
// of type *Error, or of the file.
func Open(f *os.File) (*Workbook, error) {
	a, err := openArchive(f)
	if err != nil {
		return nil, err
	}
	w := &Workbook{}
	if err := a.readParts(w); err != nil {
		return nil, err
	}
	w.formats, err = a.numberFormats(w.parts)
	return w, err
}

// Reader reads the sheets of a workbook. It is good for as long as its file is
// open.
type Reader struct {
	workbook      *Workbook
	archive       *archive
	sharedStrings *sharedStrings
}

// NewReader reads the shared strings of f, which is the workbook's file or a copy
// of it.
func (w *Workbook) NewReader(f *os.File) (*Reader, error) {
	a, err := openArchive(f)
	if err != nil {
		return nil, err
	}
	texts, err := w.sharedStrings.read(a, w.parts.sharedStrings)
	if err != nil {
		return nil, err
	}
	return &Reader{w, a, texts}, nil
}

// Rows calls each for every row of a sheet, until it returns an error, which Rows
// returns. What stands behind the rows is not looked at: Inspect does that.
func (r *Reader) Rows(sheet Sheet, each func(row *Row) error) error {
	return r.scan(sheet, each, nil)
}

// Inspect does the same, reads the sheet to its end, and finds what lies around
// the header cell in a row and a column.
func (r *Reader) Inspect(sheet Sheet, header, column int, each func(row *Row) error) (*Structure, error) {
	found := &Structure{sheet: sheet, header: header}
	var err error
	if found.table, err = r.archive.tableOf(sheet.part, header, column); err != nil {
		return nil, err
	}
	err = r.scan(sheet, each, func(s *sheetScanner) error {
		return s.rest(io.Discard, func(x *xmlScanner, t xmlToken) error {
			found.note(x, t, column)
			return nil
		})
	})
	return found, err
}

// scan calls each for every row of a sheet, and rest for what is behind them.
func (r *Reader) scan(sheet Sheet, each func(row *Row) error, rest func(s *sheetScanner) error) error {
	return r.archive.scan(sheet.part, maxPartBytes, func(x *xmlScanner) error {
		s := &sheetScanner{xmlScanner: x, name: sheet.Name, sharedStrings: r.sharedStrings, formats: r.workbook.formats}
		for {
			row, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = each(row)
			}
			if err != nil {
				return err
			}
		}
		if rest == nil {
			return nil
		}
		return rest(s)
	})
}
