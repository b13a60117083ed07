package batch

import (
	"errors"
	"fmt"
	"iter"

	"github.com/poactor/poactor/po"
)

// Reason says what is bad about a row.
type Reason string

// What a row can suffer from.
const (
	Blank     Reason = "blank"     // it has cells and no number
	Malformed Reason = "malformed" // its number is not one of the portal's
	Duplicate Reason = "duplicate" // an earlier row has the same order
	Other     Reason = "other"     // it is the header again, a total, or a record of another type
)

// Bad is a row that is worth telling before anything is done.
type Bad struct {
	Line    int    // 1-based, see Batch.Unit
	Written string // the number, shortened
	Reason  Reason
	First   int    // the line of the first row with that order, for a duplicate
	Detail  string // what is wrong with a malformed number, or what else the row is
}

// maxBad is how many bad rows are kept for telling: in a million rows all may
// be bad.
const maxBad = 1000

// Plan says what there is to do in a batch. It holds a byte for each row and
// the bad rows.
type Plan struct {
	po.BatchCounts
	BadRows []Bad // the first of them, in the order of the file

	batch  *Batch
	usable bool   // some row has a number of the portal
	firsts []bool // of every row, the empty ones included: it is the first of its order
}

// CheckUsable says that nothing of the list can be worked on, with an *Error that is
// ErrNoNumber; nil if any row has a number of the portal, be it COMPLETED already.
func (p *Plan) CheckUsable() error {
	if p.usable {
		return nil
	}
	hint := "put the order numbers into that column, below the header"
	for _, bad := range p.BadRows {
		if bad.Reason == Malformed {
			hint = p.Describe(bad)
			break
		}
	}
	rows := "rows"
	if p.Rows == 1 {
		rows = "row"
	}
	return p.batch.wrap(&Error{Hint: hint, Err: ErrNoNumber,
		Msg: fmt.Sprintf("no row has a usable order number: %s, %d %s", p.batch.Describe(), p.Rows, rows)})
}

// Plan reads the batch through and sorts its rows.
func (b *Batch) Plan() (*Plan, error) {
	p := &Plan{batch: b, firsts: make([]bool, b.rows)}
	seen := make(map[po.Key]int, b.rows)
	err := b.each(func(i int, row Row) error {
		p.firsts[i] = p.add(row, seen)
		return nil
	})
	if err != nil {
		return nil, b.wrap(err)
	}
	return p, nil
}

// add counts a row and reports whether it is the first of its order; seen has
// the lines of the keys before it.
func (p *Plan) add(row Row, seen map[po.Key]int) bool {
	p.Rows++
	p.usable = p.usable || row.Order.Key != "" && row.Order.Invalid == ""
	if row.Other != "" {
		p.Other++
		p.bad(Bad{Line: row.Line, Reason: Other, Detail: row.Other})
		return false
	}
	if row.Status == po.Completed {
		p.Completed++
		return false
	}
	if row.Order.Key == "" {
		p.Blank++
		p.bad(Bad{Line: row.Line, Reason: Blank})
		return false
	}
	first, again := seen[row.Order.Key]
	if !again {
		seen[row.Order.Key] = row.Line
	}
	written := shorten(row.Order.RawNumber)
	switch {
	case row.Order.Invalid != "":
		p.Malformed++
		p.bad(Bad{Line: row.Line, Written: written, Reason: Malformed, Detail: row.Order.Invalid})
		if !again {
			p.Invalid++
		}
	case again:
		p.Duplicate++
		p.bad(Bad{Line: row.Line, Written: written, Reason: Duplicate, First: first})
	default:
		p.Orders++
	}
	return !again
}

// Describe says in words where a bad row is and what is wrong with it.
func (p *Plan) Describe(b Bad) string {
	unit, what := p.batch.Unit(), b.Detail
	switch b.Reason {
	case Blank:
		what = "no order number"
	case Duplicate:
		what = fmt.Sprintf("%s is in %s %d already; the order is done once", b.Written, unit, b.First)
	}
	return fmt.Sprintf("%s %d: %s", unit, b.Line, what)
}

func (p *Plan) bad(b Bad) {
	if len(p.BadRows) < maxBad {
		p.BadRows = append(p.BadRows, b)
	}
}

// All yields the orders of the batch in its order, each once, from the first
// row that has it and is not COMPLETED; those with a malformed number, which
// are Invalid, included. An error ends it.
func (p *Plan) All() iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		err := p.batch.each(func(i int, row Row) error {
			if p.firsts[i] && !yield(row.Order, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(po.Order{}, p.batch.wrap(err))
		}
	}
}
