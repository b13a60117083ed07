package xlsx

import (
	"errors"
	"sync"
	"time"

	"github.com/xuri/excelize/v2"
)

// dateFormatter shows dates as Excel does. excelize knows what all those codes mean,
// and the names of months in all those languages; it is given a code and a
// number, and nothing else of a workbook.
type dateFormatter struct {
	mu     sync.Mutex
	file   *excelize.File // a workbook with one cell
	styles map[string]int // by the code of the format
}

// maxScratchFormats is how many formats Excel lets a workbook have; a hostile one has
// more, of which each costs a search through the others.
const maxScratchFormats = 250

const scratchSheet, scratchCell = "Sheet1", "A1"

// show gives the text of a day; in ISO 8601 if the code means nothing.
func (d *dateFormatter) show(code string, day float64, from1904 bool) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := d.render(code, day, from1904)
	if err == nil && text != "" {
		return text
	}
	first := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	if from1904 {
		first = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return first.AddDate(0, 0, int(day)).Format(time.DateOnly)
}

// render lets excelize show a day. It may panic on a hostile code.
func (d *dateFormatter) render(code string, day float64, from1904 bool) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			d.file, err = nil, errors.New("panic")
		}
	}()
	if d.file == nil || len(d.styles) > maxScratchFormats {
		d.file, d.styles = excelize.NewFile(), map[string]int{}
		if err := d.file.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}); err != nil {
			return "", err
		}
	}
	style, ok := d.styles[code]
	if !ok {
		if style, err = d.file.NewStyle(&excelize.Style{CustomNumFmt: &code}); err != nil {
			return "", err
		}
		d.styles[code] = style
	}
	if err := d.file.SetCellFloat(scratchSheet, scratchCell, day, -1, 64); err != nil {
		return "", err
	}
	if err := d.file.SetCellStyle(scratchSheet, scratchCell, scratchCell, style); err != nil {
		return "", err
	}
	return d.file.GetCellValue(scratchSheet, scratchCell)
}
