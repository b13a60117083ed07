package batch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"strings"

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
	row := Row{Line: rec.number(), Status: b.status(rec), Order: po.Order{Written: trim(rec.text(b.columns.number))}}
	if row.Order.Written == "" && blank(rec) {
		return Row{}, false
	}
	row.Order.Levels = b.levels(rec)
	if row.Order.Written == "" {
		return row, true
	}
	var err error
	if row.Order.Key, row.Order.Number, err = b.parse(row.Order.Written); err != nil {
		row.Order.Key, row.Order.Number = malformedKey(row.Order.Written), ""
		row.Order.Written = shorten(row.Order.Written)
		// the cause's own word is shown beside it
		row.Order.Invalid = strings.TrimPrefix(err.Error(), string(po.InvalidNumber)+": ")
	}
	return row, true
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
