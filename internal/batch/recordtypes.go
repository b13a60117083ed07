package batch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// typeColumnNames are what the column of the type is called, as normalizeName
// gives it.
var typeColumnNames = set("type", "recordtype", "rectype", "rowtype", "linetype", "record", "recordkind", "kind",
	"level", "entity", "object", "section")

// Types that need no header to be told apart: with one of both in a list, the
// first are the orders.
var (
	orderTypes = set("header", "head", "hdr", "hd", "h", "order", "orderheader", "po", "poheader", "purchaseorder",
		"purchaseorderheader")
	partTypes = set("line", "lines", "lin", "ln", "l", "item", "i", "lineitem", "detail", "d", "orderline", "poline",
		"purchaseorderline", "allocation", "accountallocation", "distribution", "split", "schedule", "scheduleline",
		"charge", "tax", "comment", "note", "attachment", "trailer", "footer", "total")
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

// orderTypeSearch finds out whether there are records of several types, and what
// the first cell of an order's row says then. Flat exports mix them in one file,
// each with a header and a type in the first cell:
//
//	type,id,po-number,status
//	type,order-header-id,line-num,description
//	Header,1,4500000001,issued
//	Line,4500000001,1,Bolts
type orderTypeSearch struct {
	batch  *Batch
	first  string   // the header's first name; empty if there can be no types
	before int      // headers of other types before ours
	others int      // and behind it
	seen   []string // types, in their order
	named  bool     // the header begins with the type itself
}

func newOrderTypeSearch(b *Batch) *orderTypeSearch {
	t := &orderTypeSearch{batch: b}
	if b.columns.number > 0 && len(b.names) > 2 {
		t.first = trim(b.names[0])
	}
	return t
}

// check looks at a record; i counts as Batch.records does.
func (t *orderTypeSearch) check(i int, rec record) {
	if t.first == "" || i == -1 || blank(rec) {
		return
	}
	cell := trim(rec.text(0))
	switch isHeader := strings.EqualFold(cell, t.first); {
	case i < -1 && isHeader && typeColumnNames[normalizeName(t.first)]:
		t.before++
	case i < -1 || cell == "":
	case !isHeader:
		t.addType(cell)
	case t.batch.repeats(rec):
	case t.isOrder(rec):
		t.named = true
	case typeColumnNames[normalizeName(t.first)]:
		t.others++
	}
}

// isOrder reports whether a row has a number where the orders have theirs. A
// name may be one to a portal that takes anything: a number has a digit.
func (t *orderTypeSearch) isOrder(rec record) bool {
	text := trim(rec.text(t.batch.columns.number))
	_, _, err := t.batch.parse(text)
	return err == nil && strings.ContainsAny(text, "0123456789")
}

func (t *orderTypeSearch) addType(name string) {
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
// headers and records come in the same order, the one in our header's place; empty
// if there is one type.
func (t *orderTypeSearch) result() string {
	switch {
	case t.named:
		return t.first
	case t.before+t.others > 0 && t.before < len(t.seen):
		return t.seen[t.before]
	case !typeColumnNames[normalizeName(t.first)]:
		return ""
	}
	of := func(known map[string]bool) int {
		return slices.IndexFunc(t.seen, func(name string) bool { return known[normalizeName(name)] })
	}
	if order := of(orderTypes); order >= 0 && of(partTypes) >= 0 {
		return t.seen[order]
	}
	return ""
}

// notOrder says what a row is that is none of an order; empty if it may be one.
func (b *Batch) notOrder(rec record) string {
	switch what := b.source.notOrder(rec); {
	case what != "":
		return what
	case b.orderType != "" && !strings.EqualFold(trim(rec.text(0)), b.orderType):
		return fmt.Sprintf("a record of type %s, and orders are of type %s",
			strconv.Quote(shorten(trim(rec.text(0)))), strconv.Quote(shorten(b.orderType)))
	case b.isHeader(rec):
		return "the header again"
	}
	return ""
}
