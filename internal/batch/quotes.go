package batch

import (
	"regexp"
	"strings"
)

// quoteCheck finds quotes that have swallowed rows. An inch mark at the beginning of
// a cell opens one, the next inch mark in some row below closes it, and what is
// between, orders included, is one cell to every reader of CSV.
type quoteCheck struct {
	batch  *Batch
	delim  string
	strict bool   // the portal does not take any word for a number
	before string // the number of the row before
}

// multilineCell is a cell that spans lines.
type multilineCell struct{ index, line int }

func newQuoteCheck(b *Batch) *quoteCheck {
	_, _, err := b.parse("number")
	q := &quoteCheck{batch: b, strict: err != nil}
	if c, ok := b.source.(*csvFile); ok {
		q.delim = string(c.delim)
	}
	return q
}

// check looks at a row.
func (q *quoteCheck) check(r record) error {
	rec, ok := r.(*csvRecord)
	if !ok {
		return nil
	}
	number := trim(rec.text(q.batch.columns.number))
	for _, multiline := range rec.multiline {
		if q.swallows(rec, multiline.index, number) {
			return &Error{Line: multiline.line, Msg: "a quote opens here and swallows the rows below",
				Hint: `delete it, or write "" for a quote inside of a cell`, Err: ErrQuote}
		}
	}
	q.before = number
	return nil
}

// swallows reports whether there are rows in a cell. Nobody has tabs in a text of
// several lines; commas people do have, and what follows a line break is a row
// if it has as many cells as the header and a number like the other orders', or
// one of the portal's.
func (q *quoteCheck) swallows(rec *csvRecord, i int, number string) bool {
	text := rec.text(i)
	if !strings.Contains(text, q.delim) {
		return false
	}
	if q.delim == "\t" {
		return true
	}
	numbers := []string{number, q.before}
	rows := strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' })
	for k, row := range rows {
		cells := strings.Split(row, q.delim)
		from, width := 0, len(cells) // of the cells that are in this one
		if k == 0 {
			from, width = i, width+i
		}
		if k == len(rows)-1 {
			width += len(rec.cells) - i - 1
		}
		at := q.batch.columns.number - from
		if width != len(q.batch.names) && width != len(rec.cells) || at < 0 || at >= len(cells) {
			continue
		}
		found := trim(cells[at])
		if _, _, err := q.batch.parse(found); q.strict && err == nil {
			return true
		}
		for _, other := range numbers {
			if similar(found, other) {
				return true
			}
		}
		numbers = append(numbers, found)
	}
	return false
}

var digitRuns = regexp.MustCompile(`[0-9]+`)

// similar reports whether two texts may be numbers of the same kind.
func similar(a, b string) bool {
	d := len(a) - len(b)
	return strings.ContainsAny(a, "0123456789") && -1 <= d && d <= 1 &&
		strings.EqualFold(digitRuns.ReplaceAllString(a, "0"), digitRuns.ReplaceAllString(b, "0"))
}
