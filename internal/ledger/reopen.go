package ledger

import (
	"context"
	"errors"

	"github.com/poactor/poactor/po"
)

// maxKnown is how many orders Claim names that had attachments.
const maxKnown = 16

// clearOutcome opens an order again whose outcome does not count: it is as if nobody
// had asked for it. A folder that has nothing in it is forgotten too; its caller
// removes it.
const clearOutcome = `UPDATE orders SET open = 1, due = 0, failures = 0, deaths = 0, worker = NULL, status = NULL, cause = NULL, detail = NULL,
	found = NULL, url = NULL, attempts = NULL, settled = NULL, pages = NULL, evidence = NULL, result = NULL,
	folder = CASE WHEN EXISTS (SELECT 1 FROM files WHERE order_id = orders.id) THEN folder END
	WHERE place IS NOT NULL AND open = 0 AND `

// markReopened notes in the attempts of orders without an outcome that theirs does not count.
const markReopened = `UPDATE attempts SET ending = ? WHERE ending = ?
	AND serial = (SELECT max(serial) FROM attempts a WHERE a.order_id = attempts.order_id)
	AND order_id IN (SELECT id FROM orders WHERE place IS NOT NULL AND open = 1 AND status IS NULL) `

// Reopen puts settled orders back whose outcomes are not to be believed, and
// returns those outcomes. An order that is not settled, or in the batch no more, is
// left as it is.
func (d *Disk) Reopen(ctx context.Context, keys []po.Key) ([]po.Outcome, error) {
	var were []po.Outcome
	err := d.write(ctx, func() error {
		for _, key := range keys {
			var was po.Outcome
			if err := d.rows(func(scan func(...any) error) error {
				var o po.Order
				was.Key = key
				if err := scan(into(&was.Status), into(&was.Cause), into(&was.Folder), into(&was.ReadBy), into(&o.Number), into(&o.RawNumber)); err != nil {
					return err
				}
				o.Key = key
				was.RawNumber = stored(o, nil).RawNumber
				return nil
			}, `SELECT status, cause, folder, read_by, number, written FROM orders WHERE key = ? AND place IS NOT NULL AND open = 0`, string(key)); err != nil {
				return err
			}
			n, err := d.execCount(clearOutcome+`place < ? AND key = ?`, d.before, string(key))
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			were = append(were, was)
			if err := d.exec(markReopened+`AND order_id = (SELECT id FROM orders WHERE key = ?)`, string(po.EndReopened), string(po.EndSettled), string(key)); err != nil {
				return err
			}
		}
		d.open += len(were)
		d.changes.Add(uint64(len(were)))
		return nil
	})
	return were, err
}

// reopenUnproved puts back what starts that did not come to their end, or could not put back
// what they had to, have settled as not found or as without attachments after the
// last order of the same browser that had some: nobody can say whether the session
// lived. Where no order has ever had any, nothing can tell, and nothing is put back.
func (d *Disk) reopenUnproved() error {
	const cutOff = `SELECT id FROM starts WHERE id < ?1 AND (ended IS NULL OR cause IN ('signed_out', 'disk_full', 'internal'))
		AND id >= (SELECT coalesce(max(id), 0) FROM starts WHERE id < ?1 AND ended IS NOT NULL)`
	current := int64(d.start)
	n, err := d.number(`SELECT count(*) FROM (`+cutOff+`)`, current)
	if err != nil || n == 0 {
		return err
	}
	_, err = d.execCount(`WITH
		cut AS MATERIALIZED (`+cutOff+`),
		proof AS MATERIALIZED (
			SELECT a.start, a.profile, max(a.began) AS began FROM attempts a JOIN orders o ON o.id = a.order_id
			WHERE a.start IN (SELECT id FROM cut) AND a.ending = 'settled' AND (a.files > 0 OR o.status = ?2)
			GROUP BY a.start, a.profile),
		last AS MATERIALIZED (
			SELECT order_id, max(serial) AS serial FROM attempts GROUP BY order_id)
		`+clearOutcome+`status IN (?3, ?4) AND EXISTS (SELECT 1 FROM orders WHERE status = ?2) AND id IN (
			SELECT a.order_id FROM attempts a JOIN last l ON l.order_id = a.order_id AND l.serial = a.serial
			LEFT JOIN proof p ON p.start = a.start AND p.profile IS a.profile
			WHERE a.start IN (SELECT id FROM cut) AND a.ending = 'settled' AND (p.began IS NULL OR p.began < a.began))`,
		current, string(po.Completed), string(po.NotFound), string(po.NoAttachments))
	if err != nil {
		return err
	}
	return d.exec(markReopened, string(po.EndReopened), string(po.EndSettled))
}

// reopenUncompared puts back what starts that did not come to their end have completed without a
// browser since the last comparison that agreed: no other has followed, which would have
// confirmed it.
func (d *Disk) reopenUncompared() error {
	return errors.Join(d.reopenUncomparedOf(po.ReadByPage, po.ReadByBoth), d.reopenUncomparedOf(po.ReadByCall, po.ReadByBothCall))
}

// reopenUncomparedOf does so for one way; agreed is what orders are read by that were compared.
func (d *Disk) reopenUncomparedOf(way, agreed po.ReadBy) error {
	n, err := d.execCount(`WITH
		cut AS MATERIALIZED (SELECT id FROM starts WHERE id < ?1 AND (ended IS NULL OR cause IS NOT NULL)),
		agreed AS MATERIALIZED (
			SELECT a.start, max(a.began) AS began FROM attempts a JOIN orders o ON o.id = a.order_id
			WHERE a.start IN (SELECT id FROM cut) AND o.read_by = ?2 AND a.worker = ?3
			GROUP BY a.start)
		`+clearOutcome+`read_by = ?4 AND id IN (
			SELECT a.order_id FROM attempts a LEFT JOIN agreed g ON g.start = a.start
			WHERE a.start IN (SELECT id FROM cut) AND a.worker = ?3 AND a.ending = ?5 AND (g.began IS NULL OR g.began < a.ended))`,
		int64(d.start), string(agreed), po.PageReader, string(way), string(po.EndSettled))
	if err != nil || n == 0 {
		return err
	}
	return d.exec(markReopened, string(po.EndReopened), string(po.EndSettled))
}

// withAttachments returns the orders of the batch that were last seen with attachments.
func (d *Disk) withAttachments() ([]po.Order, error) {
	var list []po.Order
	err := d.rows(func(scan func(...any) error) error {
		var o po.Order
		var levels textList
		if err := scan(into(&o.Key), into(&o.Number), into(&o.RawNumber), &levels); err != nil {
			return err
		}
		list = append(list, stored(o, levels))
		return nil
	}, `SELECT key, number, written, levels FROM orders WHERE status = ? AND open = 0 AND place IS NOT NULL AND task IS NULL ORDER BY settled DESC LIMIT ?`,
		string(po.Completed), maxKnown)
	return list, err
}
