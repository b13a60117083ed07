package batch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/po"
)

// Row is a row of the batch that is not empty.
type Row struct {
	Line int // where it begins, 1-based, see Batch.Unit
	// Order is what the row asks for. The key is empty if the row has no
	// number; where the number is malformed the key stands for what is
	// written, and Invalid says why.
	Order po.Order
	// Status is what the STATUS column has; empty if that is none of ours.
	Status po.Status
	// Other says what the row is if it is none of an order, though it has cells.
	Other string
}

// errStop ends a pass early.
var errStop = errors.New("stop")

// Rows yields the rows that are not empty. An error ends it.
func (b *Batch) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := b.each(func(_ int, row Row) error {
			if !yield(row, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Row{}, b.wrap(err))
		}
	}
}

// each calls f for every row that is not empty, with its number among all.
func (b *Batch) each(f func(i int, row Row) error) error {
	return b.records(func(i int, rec record) error {
		if i < 0 {
			return nil
		}
		row, ok := b.row(rec)
		if !ok {
			return nil
		}
		return f(i, row)
	})
}

// row reads a record; false if it is empty.
func (b *Batch) row(rec record) (Row, bool) {
	row := Row{Line: rec.number(), Status: b.status(rec), Order: po.Order{RawNumber: trim(rec.text(b.columns.number))}}
	problem := rec.numberProblem(b.columns.number)
	if row.Order.RawNumber == "" && problem == "" && blank(rec) {
		return Row{}, false
	}
	if row.Other = b.notOrder(rec); row.Other != "" {
		return Row{Line: row.Line, Other: row.Other}, true
	}
	row.Order.Levels = b.levels(rec)
	switch {
	case problem == problemNoResult || problem == problemZeroResult: // which show nothing that tells one from another
		row.Order.RawNumber = "formula in " + xlsx.ColumnName(b.columns.number) + strconv.Itoa(row.Line)
		row.Order.Key, row.Order.Invalid = malformedKey(row.Order.RawNumber), problem
	case row.Order.RawNumber == "":
	case problem != "":
		row.Order.Key, row.Order.Invalid = malformedKey(row.Order.RawNumber), problem
		row.Order.RawNumber = shorten(row.Order.RawNumber)
	default:
		b.parseNumber(&row.Order)
	}
	return row, true
}

// parseNumber makes an order of the number that is written.
func (b *Batch) parseNumber(o *po.Order) {
	var err error
	if o.Key, o.Number, err = b.parse(o.RawNumber); err != nil {
		o.Key, o.Number = malformedKey(o.RawNumber), ""
		o.RawNumber = shorten(o.RawNumber)
		// the cause's own word is shown beside it
		o.Invalid = strings.TrimPrefix(err.Error(), string(po.InvalidNumber)+": ")
	}
}

// malformedKey stands for a number that the portal does not know. It can not
// be the key of a good one: after % po.NewKey writes hexadecimal digits only.
func malformedKey(written string) po.Key {
	sum := sha256.Sum256([]byte(strings.ToUpper(written)))
	return po.Key(fmt.Sprintf("%%-%X", sum[:16]))
}

// status reads the STATUS column; empty if the cell is none of ours.
func (b *Batch) status(rec record) po.Status {
	s := po.Status(strings.ToUpper(trim(rec.text(b.columns.status[colStatus]))))
	if !s.Valid() {
		return ""
	}
	return s
}

// levels reads the cells right of the divider that name folders.
func (b *Batch) levels(rec record) []string {
	if b.columns.levels < 0 {
		return nil
	}
	var levels []string
	for i := b.columns.levels; i < rec.width(); i++ {
		if text := trim(rec.text(i)); text != "" && !b.columns.ours[i] {
			levels = append(levels, text)
		}
	}
	return levels
}
