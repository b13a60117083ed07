package batch

import (
	"errors"
	"iter"

	"github.com/poactor/poactor/po"
)

// Why says what is bad about a row.
type Why string

// What a row can suffer from.
const (
	Blank     Why = "blank"     // it has cells and no number
	Malformed Why = "malformed" // its number is not one of the portal's
	Duplicate Why = "duplicate" // an earlier row has the same order
)

// Bad is a row that is worth telling before anything is done.
type Bad struct {
	Line    int    // 1-based
	Written string // the number, shortened
	Why     Why
	First   int   // the line of the first row with that order, for a duplicate
	Err     error // of a malformed number, from the portal
}

// Plan says what there is to do in a batch. It holds a byte for each row and
// the bad rows.
type Plan struct {
	Rows      int   // that are not empty
	Orders    int   // different ones to work on
	Completed int   // rows that say so already: left alone
	Blank     int   // rows
	Malformed int   // rows
	Duplicate int   // rows
	Bad       []Bad // in the order of the file

	batch *Batch
	kinds []kind // of every row, the empty ones included
}

// kind is what a plan does with a row.
type kind byte

const (
	kindNone      kind = iota // nothing
	kindOrder                 // the first row of an order
	kindMalformed             // the first row of a malformed number
)

// Plan reads the batch through and sorts its rows.
func (b *Batch) Plan() (*Plan, error) {
	p := &Plan{batch: b, kinds: make([]kind, b.rows)}
	seen := make(map[po.Key]int, b.rows)
	err := b.each(func(i int, row Row) error {
		p.kinds[i] = p.add(row, seen)
		return nil
	})
	if err != nil {
		return nil, b.wrap(err)
	}
	return p, nil
}

// add counts a row; seen has the lines of the keys before it.
func (p *Plan) add(row Row, seen map[po.Key]int) kind {
	p.Rows++
	if row.Status == po.Completed {
		p.Completed++
		return kindNone
	}
	bad := Bad{Line: row.Line, Written: shorten(row.Order.Written), Err: row.Err}
	first, again := seen[row.Order.Key]
	result := kindNone
	switch {
	case row.Order.Key == "":
		bad.Why = Blank
		p.Blank++
	case row.Err != nil:
		bad.Why = Malformed
		p.Malformed++
		result = kindMalformed
	case again:
		bad.Why, bad.First = Duplicate, first
		p.Duplicate++
	default:
		p.Orders++
		result = kindOrder
	}
	if result != kindOrder {
		p.Bad = append(p.Bad, bad)
	}
	if again || result == kindNone {
		return kindNone
	}
	seen[row.Order.Key] = row.Line
	return result
}

// All yields the orders to work on, each once, from the first row that has
// it and is not COMPLETED. An error ends it.
func (p *Plan) All() iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for row, err := range p.firsts(kindOrder) {
			if !yield(row.Order, err) {
				return
			}
		}
	}
}

// Invalid yields the first row of each malformed number. They are to be
// settled as po.Failed with po.InvalidNumber. An error ends it.
func (p *Plan) Invalid() iter.Seq2[Row, error] { return p.firsts(kindMalformed) }

// firsts yields the rows of a kind.
func (p *Plan) firsts(k kind) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := p.batch.each(func(i int, row Row) error {
			if p.kinds[i] == k && !yield(row, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Row{}, p.batch.wrap(err))
		}
	}
}
