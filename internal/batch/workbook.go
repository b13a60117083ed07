package batch

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
)

// workbook is a batch as XLSX or XLSM: one sheet of it has the orders.
type workbook struct {
	book      *xlsx.Workbook
	sheet     xlsx.Sheet
	header    int             // its row
	structure *xlsx.Structure // known once the sheet has been read through
	last      int             // the last row that may be an order; known then too
}

// sheetRow is a row of a sheet.
type sheetRow struct{ *xlsx.Row }

func (r sheetRow) number() int       { return r.Number() }
func (r sheetRow) afterGap() bool    { return r.AfterGap() }
func (r sheetRow) width() int        { return r.Width() }
func (r sheetRow) text(i int) string { return r.Text(i) }
func (r sheetRow) filled(i int) bool { return r.Filled(i) }
func (r sheetRow) quoted() bool      { return false }

// numberProblem says why what a cell shows cannot be an order's number.
func (r sheetRow) numberProblem(i int) string {
	v, ok := r.Value(i)
	if !ok {
		return ""
	}
	switch text := trim(r.Text(i)); {
	case v.NoResult:
		return problemNoResult
	case v.Formula && v.Plain == "0":
		return problemZeroResult
	case v.Kind == xlsx.Date:
		return "the cell is a date, " + shorten(text)
	case v.Kind == xlsx.Number:
		return checkNumber(v.Plain)
	case v.Kind == xlsx.Bool:
		return "the cell says " + text
	default:
		return checkShown(text)
	}
}

// preferredSheet is the sheet to take, in any case, where there is one.
const preferredSheet = "PO_Data"

func isPreferred(sheet string) bool { return strings.EqualFold(trim(sheet), preferredSheet) }

// openWorkbook finds the sheet of f and its header.
func openWorkbook(f *os.File) (source, layout, error) {
	book, err := xlsx.Open(f)
	if err != nil {
		return nil, layout{}, err
	}
	r, err := book.NewReader(f)
	if err != nil {
		return nil, layout{}, err
	}
	w := &workbook{book: book}
	l, err := w.findHeader(r)
	return w, l, err
}

// candidates are the sheets that may have the orders: the one with the name
// for it, else those that can be seen, of which the first with a header has them.
func (w *workbook) candidates() []xlsx.Sheet {
	var seen []xlsx.Sheet
	for _, s := range w.book.Sheets {
		if isPreferred(s.Name) {
			return []xlsx.Sheet{s}
		}
		if !s.Hidden {
			seen = append(seen, s)
		}
	}
	return seen
}

// findHeader takes the first sheet that has a header.
func (w *workbook) findHeader(r *xlsx.Reader) (layout, error) {
	var best, other *layout
	var at xlsx.Sheet // of best
	var lacking error
	for _, w.sheet = range w.candidates() {
		headerSearch, err := searchSheet(r, w.sheet)
		if err != nil {
			return layout{}, err
		}
		if other = headerSearch.result(); other != nil && (best == nil || headerSearch.found != nil) {
			best, at = other, w.sheet
		}
		if headerSearch.found != nil {
			break
		}
		if headerSearch.rows > 0 && lacking == nil {
			addedNames := noColumn(headerSearch.names)
			addedNames.Sheet = w.sheet.Name
			lacking = addedNames
		}
	}
	switch {
	case best != nil:
		w.sheet, w.header = at, best.header
		return *best, nil
	case lacking != nil:
		return layout{}, lacking
	}
	empty := &Error{Msg: "empty workbook", Hint: hintHeader, Err: ErrEmpty}
	if isPreferred(w.sheet.Name) {
		empty.Sheet, empty.Msg = w.sheet.Name, "empty sheet"
	}
	return layout{}, empty
}

// searchSheet looks for the header of a sheet.
func searchSheet(r *xlsx.Reader, sheet xlsx.Sheet) (headerSearch, error) {
	var header headerSearch
	err := r.Rows(sheet, func(row *xlsx.Row) error {
		if header.add(sheetRow{row}) {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return header, err
}

func (w *workbook) extension() string {
	if w.book.Macros {
		return ".xlsm" // which Excel does not open under another name
	}
	return ".xlsx"
}

func (w *workbook) unit() string { return "row" }

func (w *workbook) sheetName() string { return w.sheet.Name }

func (w *workbook) describe() string { return "sheet " + strconv.Quote(shorten(w.sheet.Name)) }

func (w *workbook) read(f *os.File, each func(rec record) error) error {
	r, err := w.book.NewReader(f)
	if err != nil {
		return err
	}
	return r.Rows(w.sheet, func(row *xlsx.Row) error { return each(sheetRow{row}) })
}

// inspect reads the sheet through, and finds what lies around its cells.
func (w *workbook) inspect(f *os.File, number int, each func(rec record) error) error {
	r, err := w.book.NewReader(f)
	if err != nil {
		return err
	}
	w.last = w.header
	w.structure, err = r.Inspect(w.sheet, w.header, number, func(row *xlsx.Row) error {
		if strings.ContainsAny(row.Text(number), "0123456789") {
			w.last = row.Number()
		}
		return each(sheetRow{row})
	})
	return err
}

func (w *workbook) freeColumn(from int) int {
	return w.structure.FreeColumn(from, numStatusColumns, w.last)
}

// notOrder says that a row is the table's total, which is no order.
func (w *workbook) notOrder(rec record) string {
	if w.structure.IsTotal(rec.number()) {
		return "the table's total"
	}
	return ""
}

func (w *workbook) rewrite(f *os.File, out io.Writer, to target, edit edit) error {
	columns := make([]xlsx.Column, len(to.at))
	for k, column := range to.at {
		columns[k] = xlsx.Column{Index: column, Number: isCount(k), Added: to.added[k]}
	}
	var cells statusCells // of the row at hand
	return w.book.Rewrite(f, out, xlsx.Edit{
		Structure: w.structure,
		Columns:   columns,
		Cells: func(row *xlsx.Row) []*string {
			var ok bool
			if cells, ok = edit(sheetRow{row}); !ok {
				return nil
			}
			return cells[:]
		},
	})
}
