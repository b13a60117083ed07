package batch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
)

// types tells rows that are no orders though they have cells. Flat exports mix
// records of several types in one file, each with a header and a type in the
// first cell:
//
//	type,id,po-number,status
//	type,order-header-id,line-num,description
//	Header,1,4500000001,issued
//	Line,4500000001,1,Bolts
type types struct {
	name string // in the first cell of each order's row; empty if there is one type
}

// typeNames are what the column of the type is called, as letters gives it.
var typeNames = set("type", "recordtype", "rectype", "rowtype", "linetype", "record", "recordkind", "kind", "level", "entity", "object", "section")

// Types that need no header to be told apart: with one of both in a list, the
// first are the orders.
var (
	orderTypes = set("header", "head", "hdr", "hd", "h", "order", "orderheader", "po", "poheader", "purchaseorder", "purchaseorderheader")
	partTypes  = set("line", "lines", "lin", "ln", "l", "item", "i", "lineitem", "detail", "d", "orderline", "poline", "purchaseorderline",
		"allocation", "accountallocation", "distribution", "split", "schedule", "scheduleline", "charge", "tax", "comment", "note",
		"attachment", "trailer", "footer", "total")
)

func set(names ...string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// maxTypes is how many types of records are told apart.
const maxTypes = 16

// typeSearch finds out whether there are records of several types.
type typeSearch struct {
	batch  *Batch
	first  string   // the header's first name; empty if there can be no types
	before int      // headers of other types before ours
	others int      // and behind it
	seen   []string // types, in their order
	named  bool     // the header begins with the type itself
}

func newTypeSearch(b *Batch) *typeSearch {
	t := &typeSearch{batch: b}
	if b.columns.number > 0 && len(b.names) > 2 {
		t.first = trim(b.names[0])
	}
	return t
}

// look looks at a record; i counts as Batch.records does.
func (t *typeSearch) look(i int, rec record) {
	if t.first == "" || i == -1 || blank(rec) {
		return
	}
	cell := trim(rec.text(0))
	switch isHeader := strings.EqualFold(cell, t.first); {
	case i < -1 && isHeader && typeNames[letters(t.first)]:
		t.before++
	case i < -1 || cell == "":
	case !isHeader:
		t.see(cell)
	case t.batch.repeats(rec):
	case t.isOrder(rec):
		t.named = true
	case typeNames[letters(t.first)]:
		t.others++
	}
}

// isOrder reports whether a row has a number where the orders have theirs. A
// name may be one to a portal that takes anything: a number has a digit.
func (t *typeSearch) isOrder(rec record) bool {
	text := trim(rec.text(t.batch.columns.number))
	_, _, err := t.batch.parse(text)
	return err == nil && strings.ContainsAny(text, "0123456789")
}

func (t *typeSearch) see(name string) {
	for _, known := range t.seen {
		if strings.EqualFold(known, name) {
			return
		}
	}
	if len(t.seen) < maxTypes {
		t.seen = append(t.seen, name)
	}
}

// result tells the type of the orders: that of the header's own name, else, as
// headers and records come in the same order, the one in our header's place.
func (t *typeSearch) result() types {
	switch {
	case t.named:
		return types{t.first}
	case t.before+t.others > 0 && t.before < len(t.seen):
		return types{t.seen[t.before]}
	case !typeNames[letters(t.first)]:
		return types{}
	}
	of := func(known map[string]bool) int {
		return slices.IndexFunc(t.seen, func(name string) bool { return known[letters(name)] })
	}
	if order := of(orderTypes); order >= 0 && of(partTypes) >= 0 {
		return types{t.seen[order]}
	}
	return types{}
}

// isHeader reports whether a row says, where the orders have their number, how
// such a column is called.
func (b *Batch) isHeader(rec record) bool {
	text := rec.text(b.columns.number)
	return len(text) <= maxShown && slices.Contains(numberNames, letters(text))
}

// secondHeader finds the header of another table below the orders, which has its
// numbers in another column: they would be missed, and something else be taken
// for them.
type secondHeader struct {
	batch *Batch
	found *Error
}

func (h *secondHeader) look(rec record) {
	b := h.batch
	if h.found != nil || b.isHeader(rec) {
		return
	}
	if number := trim(rec.text(b.columns.number)); strings.ContainsAny(number, "0123456789") {
		return
	}
	var names []string
	filled := 0
	for i := range rec.width() {
		names = append(names, rec.text(i))
		if trim(names[i]) != "" {
			filled++
		}
	}
	fit := numberColumns(names)
	if filled < 2 || len(fit) == 0 || slices.Index(numberNames, letters(names[fit[0]])) > 1 || slices.ContainsFunc(names, isData) {
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

// other says what a row is that is none of an order; empty if it may be one.
func (b *Batch) other(rec record) string {
	switch what := b.source.other(rec); {
	case what != "":
		return what
	case b.types.name != "" && !strings.EqualFold(trim(rec.text(0)), b.types.name):
		return fmt.Sprintf("a record of type %s, and orders are of type %s", strconv.Quote(shorten(trim(rec.text(0)))), strconv.Quote(shorten(b.types.name)))
	case b.isHeader(rec):
		return "the header again"
	}
	return ""
}
