package batch

import (
	"fmt"
	"strconv"

	"github.com/poactor/poactor/internal/xlsx"
)

// maxRivals is how many columns of order numbers are told apart.
const maxRivals = 8

// rivals compares columns whose names all are those of order numbers.
type rivals struct {
	batch   *Batch
	columns []int                             // the best name first
	filled  [maxRivals]bool                   // somewhere
	differ  [maxRivals][maxRivals]*difference // of two, the lower first
}

// difference is where two columns differ first.
type difference struct {
	line int
	a, b string
}

// chooseNumber takes one of the columns that may have the order numbers, where
// there are several.
func (b *Batch) chooseNumber() error {
	if len(b.columns.rivals) == 0 {
		return nil
	}
	all := append([]int{b.columns.number}, b.columns.rivals...)
	r := &rivals{batch: b, columns: all[:min(len(all), maxRivals)]}
	err := b.records(func(i int, rec record) error {
		if i >= 0 && b.other(rec) == "" {
			r.look(rec)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if b.columns.number, err = r.winner(); err != nil {
		return err
	}
	b.columns.ours[b.columns.number] = true
	return nil
}

// look compares the columns of a row.
func (r *rivals) look(rec record) {
	var shown, meant [maxRivals]string
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

// winner is the column to take. One that is empty in every row is out; the
// others must say the same.
func (r *rivals) winner() (int, error) {
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
				return 0, r.unclear(min(i, k), max(i, k), d)
			}
		}
	}
	return r.columns[left[0]], nil
}

// unclear is the error of two columns that differ.
func (r *rivals) unclear(i, k int, d *difference) error {
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
