package batch

import (
	"errors"
	"io"
	"os"
	"strings"
)

// workbook is a batch as XLSX or XLSM. As with CSV, what is read is only cut
// into cells, and what is not filled is written back byte for byte: all parts
// but the sheet without even being decompressed.
type workbook struct {
	parts
	sheet   string // its name
	part    string // its part
	formats *formats
	header  int // the row with the header
}

// preferredSheet is the sheet to take, in any case, where there is one.
const preferredSheet = "PO_Data"

func isPreferred(sheet string) bool { return strings.EqualFold(trim(sheet), preferredSheet) }

// openWorkbook finds the sheet of f and its header.
func openWorkbook(f *os.File) (*workbook, layout, error) {
	a, err := openArchive(f)
	if err != nil {
		return nil, layout{}, err
	}
	w := &workbook{formats: &formats{}}
	if w.parts, err = a.parts(); err != nil {
		return nil, layout{}, err
	}
	w.formats.from1904 = w.from1904
	if w.formats.styles, err = a.formats(w.styles); err != nil {
		return nil, layout{}, err
	}
	texts, err := a.texts(w.texts)
	if err != nil {
		return nil, layout{}, err
	}
	for _, s := range w.candidates() {
		w.sheet, w.part = s.name, s.part
		l, err := w.findHeader(a, texts)
		if err != nil || w.header > 0 {
			return w, l, err
		}
	}
	empty := &Error{Msg: "empty workbook", Hint: hintHeader, Err: ErrEmpty}
	if isPreferred(w.sheet) {
		empty.Sheet, empty.Msg = w.sheet, "empty sheet"
	}
	return nil, layout{}, empty
}

// candidates are the sheets that may have the orders: the one with the name
// for it, else those that can be seen, of which the first with anything in it
// has them.
func (w *workbook) candidates() []sheetPart {
	var seen []sheetPart
	for _, s := range w.sheets {
		if isPreferred(s.name) {
			return []sheetPart{s}
		}
		if !s.hidden {
			seen = append(seen, s)
		}
	}
	return seen
}

// findHeader reads to the first row that is not blank.
func (w *workbook) findHeader(a *archive, texts *texts) (l layout, err error) {
	err = w.scan(a, texts, func(row *sheetRow) error {
		if !l.take(row) {
			return nil
		}
		w.header = row.number()
		if l.columns.number >= 0 {
			return errStop
		}
		missing := noColumn(l.names)
		missing.Sheet = w.sheet
		return missing
	}, nil)
	if errors.Is(err, errStop) {
		err = nil
	}
	return l, err
}

func (w *workbook) extension() string {
	if w.macros {
		return ".xlsm" // which Excel does not open under another name
	}
	return ".xlsx"
}

func (w *workbook) unit() string { return "row" }

func (w *workbook) read(f *os.File, each func(rec record) error) error {
	a, err := openArchive(f)
	if err != nil {
		return err
	}
	texts, err := a.texts(w.texts)
	if err != nil {
		return err
	}
	return w.scan(a, texts, func(row *sheetRow) error { return each(row) }, func(s *sheetScanner) error { return s.rest(io.Discard) })
}

// scan calls each for every row of the sheet, and rest for what is behind them.
func (w *workbook) scan(a *archive, texts *texts, each func(row *sheetRow) error, rest func(s *sheetScanner) error) error {
	return a.scan(w.part, maxPartBytes, func(x *xmlScanner) error {
		s := &sheetScanner{xmlScanner: x, name: w.sheet, texts: texts, formats: w.formats}
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
