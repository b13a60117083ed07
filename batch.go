package poactor

import (
	"errors"
	"io"
	"iter"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Batch is a list of orders in a file: CSV or TSV in any common encoding, or an
// Excel workbook (XLSX, XLSM). The file is read again for whatever is asked of it,
// and nothing of it but what is wrong is held in memory; it must not change
// meanwhile.
type Batch struct {
	list *batch.Batch
	plan *batch.Plan
}

// OpenBatch reads a list of orders through. It finds the header and the column of
// order numbers by itself; what an order number is, p says, which needs no base
// URL for that. An error wraps a *po.Error: the file cannot be read, or it is not clear
// which column has the numbers.
func OpenBatch(path string, p portal.Portal) (*Batch, error) {
	parse, err := p.Parser()
	if err != nil {
		return nil, &po.Error{Msg: err.Error(), Err: ErrConfig}
	}
	list, err := batch.Open(path, parse)
	if err != nil {
		return nil, err
	}
	plan, err := list.Plan()
	if err != nil {
		return nil, err
	}
	return &Batch{list, plan}, nil
}

// String says how the list was read: its encoding or sheet, where the header is,
// and which column has the order numbers.
func (b *Batch) String() string { return b.list.Describe() }

// Counts says what is in the list.
func (b *Batch) Counts() po.BatchCounts { return b.plan.BatchCounts }

// CheckUsable returns an error that wraps a *po.Error where no row has a number of the
// portal, so that there is nothing to run.
func (b *Batch) CheckUsable() error { return b.plan.CheckUsable() }

// Len is how many orders Orders yields.
func (b *Batch) Len() int { return b.plan.Orders + b.plan.Invalid }

// Orders yields what Run and Start take: the orders in the order of the list, each
// once. Rows that say COMPLETED in their STATUS column, as results of an earlier
// run do, are left out. A number that is none of the portal's makes an order that
// is Invalid, which a run settles as FAILED without asking the portal. An error
// wraps a *po.Error and ends it.
func (b *Batch) Orders() iter.Seq2[po.Order, error] { return b.plan.All() }

// Warnings tells, in words and with their places, of rows that need a look: without
// a number, with a malformed one, with an order that an earlier row has, or of
// something else than an order. Of a long list they are the first thousand.
func (b *Batch) Warnings() []string {
	list := make([]string, len(b.plan.BadRows))
	for i, bad := range b.plan.BadRows {
		list[i] = b.plan.Describe(bad)
	}
	return list
}

// ResultsName is a name for the file that WriteResults writes: results.csv,
// results.xlsx or results.xlsm, of the same kind as the list.
func (b *Batch) ResultsName() string { return b.list.ResultsName() }

// WriteResults writes the list, row for row, with the status columns filled where
// outcome knows the order; everything else is as it was, formulas and styles of a
// workbook included. Where the list's own encoding lacks a character of an outcome
// the results are UTF-8; outcome may be asked twice for an order because of that.
// An error of the list wraps a *po.Error, one of w comes back wrapped.
func (b *Batch) WriteResults(w io.Writer, outcome func(key po.Key) (po.Outcome, bool)) error {
	if !b.list.Unicode() {
		err := b.list.WriteResults(io.Discard, outcome)
		if errors.Is(err, batch.ErrCharset) {
			b.list.UseUTF8()
		} else if err != nil {
			return err
		}
	}
	return b.list.WriteResults(w, outcome)
}
