package batch

import (
	"fmt"
	"strconv"

	"github.com/poactor/poactor/internal/xlsx"
)

// maxCompared is how many columns of order numbers are told apart.
const maxCompared = 8

// columnComparison compares columns whose names all are those of order numbers.
type columnComparison struct {
	batch   *Batch
	columns []int                                 // the best name first
	filled  [maxCompared]bool                     // somewhere
	differ  [maxCompared][maxCompared]*difference // of two, the lower first
}

// difference is where two columns differ first.
type difference struct {
	line int
	a, b string
}

// chooseNumberColumn takes one of the columns that may have the order numbers, where
// there are several.
func (b *Batch) chooseNumberColumn() error {
	if len(b.columns.alternatives) == 0 {
		return nil
	}
	all := append([]int{b.columns.number}, b.columns.alternatives...)
	r := &columnComparison{batch: b, columns: all[:min(len(all), maxCompared)]}
	err := b.records(func(i int, rec record) error {
		if i >= 0 && b.notOrder(rec) == "" {
			r.check(rec)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if b.columns.number, err = r.choose(); err != nil {
		return err
	}
	b.columns.ours[b.columns.number] = true
	return nil
}

// check compares the columns of a row.
func (r *columnComparison) check(rec record) {
	var shown, meant [maxCompared]string
	for i, column := range r.columns {
		shown[i] = trim(rec.text(column))
		meant[i] = shown[i]
		if key, _, err := r.batch.parse(shown[i]); err == nil {
			meant[i] = string(key)
		}
		r.filled[i] = r.filled[i] || shown[i] != ""
	}
	for i := range r.columns {
		for k := range i {
			if meant[i] != meant[k] && r.differ[k][i] == nil {
				r.differ[k][i] = &difference{rec.number(), shown[k], shown[i]}
			}
		}
	}
}

// choose is the column to take. One that is empty in every row is out; the
// others must say the same.
func (r *columnComparison) choose() (int, error) {
	var left []int
	for i := range r.columns {
		if r.filled[i] {
			left = append(left, i)
		}
	}
	if len(left) == 0 {
		return r.columns[0], nil
	}
	for _, i := range left {
		for _, k := range left {
			if d := r.differ[min(i, k)][max(i, k)]; d != nil {
				return 0, r.differError(min(i, k), max(i, k), d)
			}
		}
	}
	return r.columns[left[0]], nil
}

// differError is the error of two columns that differ.
func (r *columnComparison) differError(i, k int, d *difference) error {
	b, first, second := r.batch, r.columns[i], r.columns[k]
	if first > second {
		first, second = second, first
		d = &difference{d.line, d.b, d.a}
	}
	return &Error{
		Sheet: b.source.sheetName(),
		Line:  d.line,
		Msg: fmt.Sprintf("two columns may have the order numbers, and differ: %s has %s, %s has %s",
			b.columnTitle(first), strconv.Quote(shorten(d.a)), b.columnTitle(second), strconv.Quote(shorten(d.b))),
		Hint: "name the right one PO_NUMBER",
		Err:  ErrTwoColumns,
	}
}

// columnTitle is what a column is called in a message: B "PO Number".
func (b *Batch) columnTitle(column int) string {
	return fmt.Sprintf("column %s %q", xlsx.ColumnName(column), shorten(trim(b.names[column])))
}
