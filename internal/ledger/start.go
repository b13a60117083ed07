package ledger

import (
	"context"
	"database/sql"
	"os"
	"time"

	"github.com/poactor/poactor/po"
)

// Begin records a start; its Program, Portal, BaseURL and Workers are taken.
// Whatever an earlier start had in hand is free again.
func (d *Disk) Begin(ctx context.Context, s po.Start) error {
	host, _ := os.Hostname() // only for people
	return d.write(ctx, func() error {
		last, err := d.number(`SELECT max(id) FROM starts`)
		if err != nil {
			return err
		}
		d.start, d.latest = int(max(last, 0))+1, time.Time{}
		return d.exec(`INSERT INTO starts(id, began, program, host, process, portal, base_url, workers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			d.start, d.clock().UnixNano(), text(s.Program), text(host), os.Getpid(), text(s.Portal), text(s.BaseURL), s.Workers)
	})
}

// End records the end of the start that Begin has begun.
func (d *Disk) End(ctx context.Context, cause po.Cause, detail string) error {
	return d.write(ctx, func() error {
		return d.exec(`UPDATE starts SET ended = ?, cause = ?, detail = ? WHERE id = ?`, d.clock().UnixNano(), text(cause), text(detail), d.start)
	})
}

// Number is the number of the start that Begin has begun.
func (d *Disk) Number() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.start
}

// Starts lists the starts, the first first.
func (d *Disk) Starts(ctx context.Context) ([]po.Start, error) {
	rows, err := d.look.QueryContext(ctx, `SELECT id, began, ended, program, host, process, portal, base_url, workers, cause, detail FROM starts ORDER BY id`)
	if err != nil {
		return nil, d.wrap(err)
	}
	defer rows.Close()
	var all []po.Start
	for rows.Next() {
		var s po.Start
		var began, ended, process, workers sql.NullInt64
		if err := rows.Scan(&s.Number, &began, &ended, into(&s.Program), into(&s.Host), &process, into(&s.Portal), into(&s.BaseURL), &workers, into(&s.Cause), into(&s.Detail)); err != nil {
			return nil, d.wrap(err)
		}
		s.Began, s.Ended, s.Process, s.Workers = fromNanos(began), fromNanos(ended), int(process.Int64), int(workers.Int64)
		all = append(all, s)
	}
	return all, d.wrap(rows.Err())
}
