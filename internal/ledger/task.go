package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"

	"github.com/poactor/poactor/po"
)

// Task is a task of a program's own as the ledger has it.
type Task struct {
	Order   po.Order
	Outcome po.Outcome // Status is empty where it is open
}

// tasksAtOnce is how many keys of tasks are read at once.
const tasksAtOnce = 64

// EarlierTasks yields the tasks of the batch that earlier starts have settled. An error
// ends it.
func (d *Disk) EarlierTasks(ctx context.Context) iter.Seq2[Task, error] {
	return d.tasked(ctx, true)
}

// TaskOutcomes yields the tasks of the batch that are settled, in its order, with what their
// work has returned. An error ends it.
func (d *Disk) TaskOutcomes(ctx context.Context) iter.Seq2[po.Outcome, error] {
	return func(yield func(po.Outcome, error) bool) {
		for t, err := range d.tasked(ctx, false) {
			if !yield(t.Outcome, err) {
				return
			}
		}
	}
}

// tasked yields tasks that are settled. No reading goes on while one is looked at, however
// long that takes.
func (d *Disk) tasked(ctx context.Context, settledBefore bool) iter.Seq2[Task, error] {
	return func(yield func(Task, error) bool) {
		for place := int64(-1); ; {
			keys, last, err := d.taskKeys(ctx, place, settledBefore)
			if err != nil {
				yield(Task{}, err)
				return
			}
			for _, key := range keys {
				t, err := d.Task(ctx, key)
				if err == nil && t.Outcome.Status == "" {
					continue // it was opened again meanwhile
				}
				if !yield(t, err) || err != nil {
					return
				}
			}
			if len(keys) < tasksAtOnce {
				return
			}
			place = last
		}
	}
}

// taskKeys lists the next tasks behind a place.
func (d *Disk) taskKeys(ctx context.Context, place int64, settledBefore bool) (keys []po.Key, last int64, err error) {
	query, args := `SELECT key, place FROM orders WHERE place > ? AND task IS NOT NULL AND open = 0`, []any{place}
	if settledBefore {
		query, args = query+` AND settled_by IS NOT ?`, append(args, d.Number())
	}
	rows, err := d.reader(ctx).QueryContext(ctx, query+` ORDER BY place LIMIT ?`, append(args, tasksAtOnce)...)
	if err != nil {
		return nil, 0, d.wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key po.Key
		if err := rows.Scan(into(&key), &last); err != nil {
			return nil, 0, d.wrap(err)
		}
		keys = append(keys, key)
	}
	return keys, last, d.wrap(rows.Err())
}

// Task returns a task with what its work has returned.
func (d *Disk) Task(ctx context.Context, key po.Key) (Task, error) {
	var t Task
	var result jsonText
	var open int
	o := &t.Order
	row := d.reader(ctx).QueryRowContext(ctx,
		`SELECT key, number, written, task, result, open FROM orders WHERE key = ?`, string(key))
	err := row.Scan(into(&o.Key), into(&o.Number), into(&o.RawNumber), (*jsonText)(&o.Task), &result, &open)
	if errors.Is(err, sql.ErrNoRows) {
		return t, &po.Error{Cause: po.Internal, Msg: "the ledger has no task " + string(key)}
	}
	if err != nil {
		return t, d.wrap(err)
	}
	t.Order = stored(t.Order, nil)
	if open != 0 {
		t.Outcome.Key = key
		return t, nil
	}
	outcome, _, err := d.Outcome(ctx, key)
	t.Outcome, t.Outcome.Result = outcome, json.RawMessage(result)
	return t, err
}
