package batch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
)

// isHeader reports whether a row says, where the orders have their number, how
// such a column is called.
func (b *Batch) isHeader(rec record) bool {
	text := rec.text(b.columns.number)
	return len(text) <= maxShown && slices.Contains(numberColumnNames, normalizeName(text))
}

// secondHeader finds the header of another table below the orders, which has its
// numbers in another column: they would be missed, and something else be taken
// for them.
type secondHeader struct {
	batch *Batch
	found *Error
}

// check looks at a row below the orders' header.
func (h *secondHeader) check(rec record) {
	b := h.batch
	if h.found != nil || b.isHeader(rec) {
		return
	}
	if number := trim(rec.text(b.columns.number)); strings.ContainsAny(number, "0123456789") {
		return
	}
	names, filled := texts(rec)
	fit := numberColumns(names)
	if filled < 2 || len(fit) == 0 || hasWeakName(names[fit[0]]) || slices.ContainsFunc(names, isData) {
		return
	}
	h.found = &Error{
		Sheet: b.source.sheetName(),
		Line:  rec.number(),
		Msg: fmt.Sprintf("another header, with the order numbers in column %s and not in column %s, as in %s %d",
			xlsx.ColumnName(fit[0]), xlsx.ColumnName(b.columns.number), b.Unit(), b.header),
		Hint: "make a list of its own of what is below it",
		Err:  ErrTwoColumns,
	}
}

// repeats reports whether a row is the header again, as in exports that have
// been put together.
func (b *Batch) repeats(rec record) bool {
	if !strings.EqualFold(trim(rec.text(b.columns.number)), trim(b.names[b.columns.number])) {
		return false
	}
	for i, name := range b.names {
		if text := trim(rec.text(i)); text != "" && !strings.EqualFold(text, trim(name)) {
			return false
		}
	}
	return true
}
