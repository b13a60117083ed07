package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"unicode"

	"github.com/poactor/poactor/po"
)

// View gives do a context in which all readings see the ledger as it is at one
// moment, whatever is recorded meanwhile.
func (d *Disk) View(ctx context.Context, do func(ctx context.Context) error) error {
	tx, err := d.look.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return d.wrap(err)
	}
	defer tx.Rollback() // nothing was written
	return do(context.WithValue(ctx, viewKey{}, tx))
}

// viewKey is the key of a context's value: the transaction of a view.
type viewKey struct{}

// reader is what reads: a view, or any connection.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (d *Disk) reader(ctx context.Context) reader {
	if tx, ok := ctx.Value(viewKey{}).(*sql.Tx); ok {
		return tx
	}
	return d.look
}

// Outcomes yields the orders of the batch, in the order of the batch, with how
// they ended last: Status is empty where they have not yet. What is recorded
// while it runs is not seen. An error ends it.
func (d *Disk) Outcomes(ctx context.Context) iter.Seq2[po.Outcome, error] {
	return d.outcomes(ctx, `o.place IS NOT NULL ORDER BY o.place, f.place`)
}

// Unfinished yields the orders of the batch that have ended as FAILED or PARTIAL, in the
// order of the batch.
func (d *Disk) Unfinished(ctx context.Context) iter.Seq2[po.Outcome, error] {
	return d.outcomes(ctx, `o.place IS NOT NULL AND o.open = 0 AND o.status IN (?, ?) ORDER BY o.place, f.place`,
		string(po.Failed), string(po.Partial))
}

// Saved yields every order of which files are recorded, also those that are in
// the batch no more, with its files and the folder that they are in: first those
// of the batch, in its order.
func (d *Disk) Saved(ctx context.Context) iter.Seq2[po.Outcome, error] {
	return d.outcomes(ctx, `f.place IS NOT NULL ORDER BY o.place IS NULL, o.place, o.id, f.place`)
}

// Outcome returns how an order ended; false if it has no outcome.
func (d *Disk) Outcome(ctx context.Context, key po.Key) (po.Outcome, bool, error) {
	for o, err := range d.outcomes(ctx, `o.key = ? AND o.status IS NOT NULL ORDER BY f.place`, string(key)) {
		return o, err == nil, err
	}
	return po.Outcome{}, false, nil
}

const outcomeColumns = `o.id, o.key, o.number, o.written, o.invalid, o.status, o.cause, o.detail, o.supplier, o.found, o.folder, o.url, o.attempts, o.settled, o.pages, o.evidence, `

const fileColumns = `f.id, f.name, f.original, f.bytes, f.sha256, f.url, f.lane, f.empty, f.time`

// outcomes yields the orders that a condition picks, with their files. The
// condition ends with the order in which they come: files of one order together.
func (d *Disk) outcomes(ctx context.Context, where string, args ...any) iter.Seq2[po.Outcome, error] {
	return func(yield func(po.Outcome, error) bool) {
		rows, err := d.reader(ctx).QueryContext(ctx, `SELECT `+outcomeColumns+d.missing("o")+`, `+d.readBy("o")+`, `+fileColumns+
			` FROM orders o LEFT JOIN files f ON f.order_id = o.id WHERE `+where, args...)
		if err != nil {
			yield(po.Outcome{}, d.wrap(err))
			return
		}
		defer rows.Close()
		var last outcomeRow
		for rows.Next() {
			var r outcomeRow
			if err := r.scan(rows); err != nil {
				yield(po.Outcome{}, d.wrap(err))
				return
			}
			if last.id == r.id {
				last.Files = append(last.Files, r.Files...)
				continue
			}
			if last.id != 0 && !yield(last.Outcome, nil) {
				return
			}
			last = r
		}
		if err := rows.Err(); err != nil {
			yield(po.Outcome{}, d.wrap(err))
		} else if last.id != 0 {
			yield(last.Outcome, nil)
		}
	}
}

// outcomeRow is a row of outcomes: an order with one file, or none.
type outcomeRow struct {
	po.Outcome
	id int64
}

func (r *outcomeRow) scan(rows *sql.Rows) error {
	var order po.Order
	var found, attempts, settled, time, bytes, comparisons sql.NullInt64
	var empty sql.NullBool
	var pages textList
	var missing missingList
	var file po.File
	err := rows.Scan(&r.id, into(&order.Key), into(&order.Number), into(&order.RawNumber), into(&order.Invalid),
		into(&r.Status), into(&r.Cause), into(&r.Detail), into(&r.Supplier), &found, into(&r.Folder), into(&r.URL), &attempts, &settled, &pages, into(&r.Trace.Evidence), &missing, into(&r.ReadBy), &comparisons,
		into(&file.ID), into(&file.Name), into(&file.Original), &bytes, into(&file.SHA256), into(&file.URL), into(&file.Lane), &empty, &time)
	if err != nil {
		return err
	}
	order = stored(order, nil)
	r.Key, r.RawNumber = order.Key, order.RawNumber
	r.Found, r.Attempts, r.Time, r.Trace.Pages = int(found.Int64), int(attempts.Int64), fromNanos(settled), pages
	r.Missing, r.Comparisons = missing, int(comparisons.Int64)
	if bytes.Valid { // there is a file
		file.ID = po.RecordedID(file.ID)
		file.Bytes, file.Empty, file.Time = bytes.Int64, empty.Bool, fromNanos(time)
		r.Files = []po.File{file}
	}
	return nil
}

// filesOf lists an order's files, within a commit.
func (d *Disk) filesOf(id int64) ([]po.File, error) {
	var files []po.File
	err := d.rows(func(scan func(...any) error) error {
		var f po.File
		var time sql.NullInt64
		if err := scan(into(&f.ID), into(&f.Name), into(&f.Original), &f.Bytes, into(&f.SHA256), into(&f.URL), into(&f.Lane), &f.Empty, &time); err != nil {
			return err
		}
		f.ID, f.Time = po.RecordedID(f.ID), fromNanos(time)
		files = append(files, f)
		return nil
	}, `SELECT `+fileColumns+` FROM files f WHERE f.order_id = ? ORDER BY f.place`, id)
	return files, err
}

// ReadBy says how the pages of the batch's settled orders were read, of those of which that is
// on record.
func (d *Disk) ReadBy(ctx context.Context) (map[po.ReadBy]int, error) {
	counts := map[po.ReadBy]int{}
	if d.version < hasReadBy {
		return counts, nil
	}
	rows, err := d.reader(ctx).QueryContext(ctx,
		`SELECT read_by, count(*) FROM orders WHERE place IS NOT NULL AND open = 0 AND read_by IS NOT NULL GROUP BY read_by`)
	if err != nil {
		return nil, d.wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var way po.ReadBy
		var n int
		if err := rows.Scan(into(&way), &n); err != nil {
			return nil, d.wrap(err)
		}
		counts[way] = n
	}
	return counts, d.wrap(rows.Err())
}

// Counts says how the orders of the batch stand: by status those that are
// settled, and how many are open. An order that was opened again counts as open.
func (d *Disk) Counts(ctx context.Context) (counts map[po.Status]int, open int, err error) {
	counts = map[po.Status]int{}
	rows, err := d.reader(ctx).QueryContext(ctx, `SELECT open, status, count(*) FROM orders WHERE place IS NOT NULL GROUP BY open, status`)
	if err != nil {
		return nil, 0, d.wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var state, n int
		var status po.Status
		if err := rows.Scan(&state, into(&status), &n); err != nil {
			return nil, 0, d.wrap(err)
		}
		if state == 0 {
			counts[status] += n
		} else {
			open += n
		}
	}
	return counts, open, d.wrap(rows.Err())
}

// History returns all that is known of an order. The error is fs.ErrNotExist if
// the ledger does not know it.
func (d *Disk) History(ctx context.Context, key po.Key) (po.History, error) {
	var s po.History
	var id int64
	var levels textList
	var place sql.NullInt64
	var state int
	o := &s.Order
	err := d.reader(ctx).QueryRowContext(ctx, `SELECT id, key, number, written, levels, invalid, place, open, folder FROM orders WHERE key = ?`, string(key)).
		Scan(&id, into(&o.Key), into(&o.Number), into(&o.RawNumber), &levels, into(&o.Invalid), &place, &state, into(&s.Saved.Folder))
	if errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("order %s: %w", key, fs.ErrNotExist)
	}
	if err != nil {
		return s, d.wrap(err)
	}
	s.Order, s.Open, s.Place = stored(s.Order, levels), state != 0, -1
	if place.Valid {
		s.Place = int(place.Int64)
	}
	for outcome, err := range d.outcomes(ctx, `o.id = ? ORDER BY f.place`, id) {
		if err != nil {
			return s, err
		}
		s.Saved.Files = outcome.Files
		if outcome.Status != "" {
			s.Outcome = outcome
		}
	}
	s.Attempts, err = d.attemptsOf(ctx, id)
	return s, err
}

// Settled returns the orders that are not to be worked on again by themselves:
// those that are settled for good, in the batch or not.
func (d *Disk) Settled(ctx context.Context) (map[po.Key]bool, error) {
	rows, err := d.reader(ctx).QueryContext(ctx, `SELECT key FROM orders WHERE open = 0 AND (invalid IS NOT NULL OR status NOT IN (?, ?))`,
		string(po.Failed), string(po.Partial))
	if err != nil {
		return nil, d.wrap(err)
	}
	defer rows.Close()
	settled := map[po.Key]bool{}
	for rows.Next() {
		var key po.Key
		if err := rows.Scan(into(&key)); err != nil {
			return nil, d.wrap(err)
		}
		settled[key] = true
	}
	return settled, d.wrap(rows.Err())
}

// Find returns the key of the order that a person calls so: as the batch has it,
// by its key, or by the digits of it, as in PO 15262984. The error is
// fs.ErrNotExist if there is none.
func (d *Disk) Find(ctx context.Context, name string) (po.Key, error) {
	name = strings.TrimSpace(name)
	key, err := d.find(ctx, name)
	if digits := strings.TrimLeftFunc(name, func(r rune) bool { return !unicode.IsDigit(r) }); errors.Is(err, fs.ErrNotExist) && digits != "" {
		return d.find(ctx, digits)
	}
	return key, err
}

func (d *Disk) find(ctx context.Context, name string) (po.Key, error) {
	var key po.Key
	err := d.reader(ctx).QueryRowContext(ctx, `SELECT key FROM orders WHERE key = upper(?) OR upper(written) = upper(?) OR upper(number) = upper(?)
		ORDER BY key = upper(?) DESC LIMIT 1`, name, name, name, name).Scan(into(&key))
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("order %s: %w", name, fs.ErrNotExist)
	}
	return key, d.wrap(err)
}

// Totals are what all orders of the ledger have together.
type Totals struct {
	Files  int
	Bytes  int64
	Causes map[po.Cause]int // of the orders of the batch that are settled and did not end well
}

// Totals sums up.
func (d *Disk) Totals(ctx context.Context) (Totals, error) {
	t := Totals{Causes: map[po.Cause]int{}}
	if err := d.reader(ctx).QueryRowContext(ctx, `SELECT count(*), coalesce(sum(bytes), 0) FROM files`).Scan(&t.Files, &t.Bytes); err != nil {
		return t, d.wrap(err)
	}
	rows, err := d.reader(ctx).QueryContext(ctx, `SELECT cause, count(*) FROM orders
		WHERE place IS NOT NULL AND open = 0 AND status IN (?, ?) GROUP BY cause`, string(po.Failed), string(po.Partial))
	if err != nil {
		return t, d.wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var cause po.Cause
		var n int
		if err := rows.Scan(into(&cause), &n); err != nil {
			return t, d.wrap(err)
		}
		t.Causes[cause] = n
	}
	return t, d.wrap(rows.Err())
}
