package batch

import (
	"sync"
	"time"

	"github.com/xuri/excelize/v2"
)

// dates shows dates as Excel does. excelize knows what all those codes mean,
// and the names of months in all those languages; it is given a code and a
// number, and nothing else of a workbook.
type dates struct {
	mu     sync.Mutex
	file   *excelize.File // a workbook with one cell
	styles map[string]int // by the code of the format
}

// maxFormats is how many formats Excel lets a workbook have; a hostile one has
// more, of which each costs a search through the others.
const maxFormats = 250

const scratch, scratchCell = "Sheet1", "A1"

// show gives the text of a day; in ISO 8601 if the code means nothing.
func (d *dates) show(code string, day float64, from1904 bool) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := d.ask(code, day, from1904)
	if err == nil && text != "" {
		return text
	}
	first := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	if from1904 {
		first = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return first.AddDate(0, 0, int(day)).Format(time.DateOnly)
}

// ask lets excelize show a day. It may panic on a hostile code.
func (d *dates) ask(code string, day float64, from1904 bool) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			d.file, err = nil, errPanic
		}
	}()
	if d.file == nil || len(d.styles) > maxFormats {
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
	if err := d.file.SetCellFloat(scratch, scratchCell, day, -1, 64); err != nil {
		return "", err
	}
	if err := d.file.SetCellStyle(scratch, scratchCell, scratchCell, style); err != nil {
		return "", err
	}
	return d.file.GetCellValue(scratch, scratchCell)
}
