package ledger

import (
	"context"
	"database/sql"
	"iter"

	"github.com/poactor/poactor/po"
)

// Attempts yields the attempts at all orders of the batch, in the order of the batch,
// those at one order in the order in which they were made. An error ends it.
func (d *Disk) Attempts(ctx context.Context) iter.Seq2[po.OrderAttempt, error] {
	return d.attempts(ctx, `o.place IS NOT NULL ORDER BY o.place, a.serial`)
}

func (d *Disk) attemptsOf(ctx context.Context, id int64) ([]po.Attempt, error) {
	var all []po.Attempt
	for a, err := range d.attempts(ctx, `o.id = ? ORDER BY a.serial`, id) {
		if err != nil {
			return nil, err
		}
		all = append(all, a.Attempt)
	}
	return all, nil
}

// attempts yields the attempts that a condition picks. It ends with their order.
func (d *Disk) attempts(ctx context.Context, where string, args ...any) iter.Seq2[po.OrderAttempt, error] {
	return func(yield func(po.OrderAttempt, error) bool) {
		rows, err := d.reader(ctx).QueryContext(ctx, `SELECT o.key, a.try, a.start, a.worker, a.profile, a.began, a.ended, a.ending,
			a.cause, a.detail, a.pages, a.evidence, a.files, a.bytes, `+d.missing("a")+`, `+d.reason()+`
			FROM attempts a JOIN orders o ON o.id = a.order_id WHERE `+where, args...)
		if err != nil {
			yield(po.OrderAttempt{}, d.wrap(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			a, err := scanAttempt(rows)
			if err != nil {
				yield(po.OrderAttempt{}, d.wrap(err))
				return
			}
			if !yield(a, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(po.OrderAttempt{}, d.wrap(err))
		}
	}
}

func scanAttempt(rows *sql.Rows) (po.OrderAttempt, error) {
	var a po.OrderAttempt
	var began, ended sql.NullInt64
	var pages textList
	var missing missingList
	err := rows.Scan(into(&a.Key), &a.Try, &a.Start, into(&a.Worker), into(&a.Profile), &began, &ended, into(&a.Ending),
		into(&a.Cause), into(&a.Detail), &pages, into(&a.Trace.Evidence), &a.Files, &a.Bytes, &missing, into(&a.Reason))
	a.Began, a.Ended, a.Trace.Pages, a.Missing = fromNanos(began), fromNanos(ended), pages, missing
	return a, err
}

// Open returns the orders of the batch that are still to be worked on, those included
// that were settled once.
func (d *Disk) Open(ctx context.Context) (map[po.Key]bool, error) {
	rows, err := d.reader(ctx).QueryContext(ctx, `SELECT key FROM orders WHERE place IS NOT NULL AND open <> 0`)
	if err != nil {
		return nil, d.wrap(err)
	}
	defer rows.Close()
	open := map[po.Key]bool{}
	for rows.Next() {
		var key po.Key
		if err := rows.Scan(into(&key)); err != nil {
			return nil, d.wrap(err)
		}
		open[key] = true
	}
	return open, d.wrap(rows.Err())
}
