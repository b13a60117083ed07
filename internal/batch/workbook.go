package batch

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
)

// workbook is a batch as XLSX or XLSM. As with CSV, what is read is only cut
// into cells, and what is not filled is written back byte for byte: all parts
// but the sheet without even being decompressed.
type workbook struct {
	parts
	sheet   string // its name
	part    string // its part
	index   int    // of the sheet among all
	formats *formats
	shared  *sharedTexts
	header  int    // the row with the header
	frame   *frame // known once the sheet has been read through
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
	w := &workbook{formats: &formats{}, shared: &sharedTexts{}}
	if w.parts, err = a.parts(); err != nil {
		return nil, layout{}, err
	}
	w.formats.from1904 = w.from1904
	if w.formats.styles, err = a.formats(w.styles); err != nil {
		return nil, layout{}, err
	}
	texts, err := w.shared.of(a, w.texts)
	if err != nil {
		return nil, layout{}, err
	}
	l, err := w.findHeader(a, texts)
	return w, l, err
}

// candidates are the sheets that may have the orders: the one with the name
// for it, else those that can be seen, of which the first with a header has them.
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

// findHeader takes the first sheet that has a header.
func (w *workbook) findHeader(a *archive, texts *texts) (layout, error) {
	var best, other *layout
	var at sheetPart // of best
	var lacking error
	for _, s := range w.candidates() {
		w.sheet, w.part = s.name, s.part
		look, err := w.search(a, texts)
		if err != nil {
			return layout{}, err
		}
		if other = look.result(); other != nil && (best == nil || look.found != nil) {
			best, at = other, s
		}
		if look.found != nil {
			break
		}
		if look.rows > 0 && lacking == nil {
			missing := noColumn(look.names)
			missing.Sheet = w.sheet
			lacking = missing
		}
	}
	switch {
	case best != nil:
		w.sheet, w.part, w.index, w.header = at.name, at.part, at.index, best.header
		return *best, nil
	case lacking != nil:
		return layout{}, lacking
	}
	empty := &Error{Msg: "empty workbook", Hint: hintHeader, Err: ErrEmpty}
	if isPreferred(w.sheet) {
		empty.Sheet, empty.Msg = w.sheet, "empty sheet"
	}
	return layout{}, empty
}

// search looks for the header of the sheet.
func (w *workbook) search(a *archive, texts *texts) (search, error) {
	var look search
	err := w.scan(a, texts, func(row *sheetRow) error {
		if look.take(row) {
			return errStop
		}
		return nil
	}, nil)
	if errors.Is(err, errStop) {
		err = nil
	}
	return look, err
}

func (w *workbook) extension() string {
	if w.macros {
		return ".xlsm" // which Excel does not open under another name
	}
	return ".xlsx"
}

func (w *workbook) unit() string { return "row" }

func (w *workbook) sheetName() string { return w.sheet }

func (w *workbook) describe() string { return "sheet " + strconv.Quote(shorten(w.sheet)) }

func (w *workbook) read(f *os.File, each func(rec record) error) error {
	a, err := openArchive(f)
	if err != nil {
		return err
	}
	texts, err := w.shared.of(a, w.texts)
	if err != nil {
		return err
	}
	return w.scan(a, texts, func(row *sheetRow) error { return each(row) }, func(s *sheetScanner) error { return s.rest(io.Discard, nil) })
}

// survey reads the sheet through, and finds what lies around its cells.
func (w *workbook) survey(f *os.File, number int, each func(rec record) error) error {
	a, err := openArchive(f)
	if err != nil {
		return err
	}
	texts, err := w.shared.of(a, w.texts)
	if err != nil {
		return err
	}
	found := &frame{last: w.header}
	if found.table, err = a.tableOf(w.part, w.header, number); err != nil {
		return err
	}
	w.frame = found
	return w.scan(a, texts, func(row *sheetRow) error {
		if strings.ContainsAny(row.text(number), "0123456789") {
			found.last = row.number()
		}
		return each(row)
	}, func(s *sheetScanner) error {
		return s.rest(io.Discard, func(x *xmlScanner, t xmlToken) error {
			found.note(x, t, w.header, number)
			return nil
		})
	})
}

func (w *workbook) clear(from int) int { return w.frame.clear(from) }

func (w *workbook) other(rec record) string { return w.frame.other(rec.number()) }

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
