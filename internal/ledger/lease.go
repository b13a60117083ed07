package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/poactor/poactor/po"
)

// lease is the right to work on an order. It lives in the process.
type lease struct {
	id      int64 // of the order
	key     po.Key
	try     int
	expires time.Time
	serial  int64 // of the attempt that was assigned last; 0: none yet
	worker  string
	files   int // that the attempt has added
	bytes   int64
}

// invalidAtOnce bounds the leases of invalid orders that one claim gives.
const invalidAtOnce = 100

// Claim leases up to n orders that are due: first those whose pause is over,
// then those that were not begun, each in the order of the batch, then those
// whose lease has expired. Until somebody else has the order, a late holder may
// go on.
func (d *Disk) Claim(ctx context.Context, n int, ttl time.Duration) (c po.Claim, err error) {
	err = d.write(ctx, func() error {
		now := time.Now()
		if c.Invalid, err = d.claimInvalid(now, ttl); err != nil {
			return err
		}
		for _, from := range []func(n int, now time.Time, ttl time.Duration) ([]po.Lease, error){d.claimHeld, d.claimFresh, d.claimExpired} {
			if len(c.Leases) == n {
				break
			}
			more, err := from(n-len(c.Leases), now, ttl)
			if err != nil {
				return err
			}
			c.Leases = append(c.Leases, more...)
		}
		if len(c.Leases) < n {
			if c.Wait, err = d.wait(now); err != nil {
				return err
			}
		}
		c.Open, c.Known, c.Auditing = d.open, d.known, d.auditing
		if d.auditing && (c.Wait == 0 || c.Wait > auditPause) {
			c.Wait = auditPause
		}
		return nil
	})
	return c, err
}

// leaseColumns are what a lease is made of. Each query names its index, which holds
// little more than what it looks for: an order leaves it when it is settled. Left to
// itself SQLite goes through all orders for some.
const leaseColumns = `id, key, number, written, levels, invalid, failures, deaths, worker, supplier, folder, read_by, task`

// claimHeld leases orders whose pause is over.
func (d *Disk) claimHeld(n int, now time.Time, ttl time.Duration) ([]po.Lease, error) {
	return d.claimRows(n, now, ttl, `SELECT `+leaseColumns+` FROM orders INDEXED BY orders_held
		WHERE open = 1 AND due > 0 AND place IS NOT NULL AND due <= ? AND place < ? ORDER BY place LIMIT ?`,
		now.UnixNano(), d.before, n+len(d.leases))
}

// claimFresh leases orders that need no pause: first those that have never ended,
// for what has failed once may well fail again.
func (d *Disk) claimFresh(n int, now time.Time, ttl time.Duration) ([]po.Lease, error) {
	return d.claimRows(n, now, ttl, `SELECT `+leaseColumns+` FROM orders INDEXED BY orders_fresh
		WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NULL AND place < ? ORDER BY status IS NOT NULL, place LIMIT ?`,
		d.before, n+len(d.leases))
}

// claimInvalid leases orders whose number is none.
func (d *Disk) claimInvalid(now time.Time, ttl time.Duration) ([]po.Lease, error) {
	return d.claimRows(invalidAtOnce, now, ttl, `SELECT `+leaseColumns+` FROM orders INDEXED BY orders_invalid
		WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NOT NULL AND place < ? ORDER BY place LIMIT ?`,
		d.before, invalidAtOnce+len(d.leases))
}

// claimExpired takes back what its holder let expire.
func (d *Disk) claimExpired(n int, now time.Time, ttl time.Duration) ([]po.Lease, error) {
	var list []po.Lease
	for token, l := range d.leases {
		if len(list) == n {
			break
		}
		if l.expires.After(now) {
			continue
		}
		d.drop(token)
		more, err := d.claimRows(1, now, ttl, `SELECT `+leaseColumns+` FROM orders WHERE id = ?`, l.id)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// claimRows leases up to n of the orders that a query gives and nobody holds.
func (d *Disk) claimRows(n int, now time.Time, ttl time.Duration, query string, args ...any) ([]po.Lease, error) {
	var list []po.Lease
	var ids []int64
	err := d.rows(func(scan func(...any) error) error {
		var l po.Lease
		var id int64
		var levels textList
		o := &l.Order
		if err := scan(&id, into(&o.Key), into(&o.Number), into(&o.RawNumber), &levels, into(&o.Invalid), &l.Attempt, &l.Deaths,
			into(&l.Worker), into(&l.Supplier), into(&l.Saved.Folder), into(&l.ReadBy), (*jsonText)(&o.Task)); err != nil {
			return err
		}
		if _, held := d.held[id]; held || len(list) == n {
			return nil
		}
		l.Order = stored(l.Order, levels)
		l.Attempt++ // failures so far
		l.Token, l.TTL = uuid.NewString(), ttl
		list, ids = append(list, l), append(ids, id)
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	for i := range list {
		l := &list[i]
		if l.Saved.Files, err = d.filesOf(ids[i]); err != nil {
			return nil, err
		}
		if l.Attempt > 1 {
			if l.Missing, err = d.missingOf(ids[i]); err != nil {
				return nil, err
			}
		}
		if l.Deaths > 0 {
			if l.Evidence, l.Died, err = d.deathOf(ids[i]); err != nil {
				return nil, err
			}
		}
		d.leases[l.Token] = &lease{id: ids[i], key: l.Order.Key, try: l.Attempt, expires: now.Add(ttl)}
		d.held[ids[i]] = l.Token
	}
	return list, nil
}

// missingOf lists the files that the last try which came so far could not get.
func (d *Disk) missingOf(id int64) ([]po.Missing, error) {
	var list missingList
	err := d.rows(func(scan func(...any) error) error { return scan(&list) },
		`SELECT missing FROM attempts WHERE order_id = ? AND missing IS NOT NULL ORDER BY serial DESC LIMIT 1`, id)
	return list, err
}

// deathOf is the evidence of an order's last try that was put back, and what it ended of.
func (d *Disk) deathOf(id int64) (evidence, detail string, err error) {
	err = d.rows(func(scan func(...any) error) error { return scan(into(&evidence), into(&detail)) },
		`SELECT evidence, detail FROM attempts WHERE order_id = ? AND ending = ? ORDER BY serial DESC LIMIT 1`, id, string(po.EndReleased))
	return evidence, detail, err
}

// wait is the time until the next order comes due, by its pause or by the end
// of a lease; 0 if none will.
func (d *Disk) wait(now time.Time) (time.Duration, error) {
	due, err := d.number(`SELECT min(due) FROM orders INDEXED BY orders_held WHERE open = 1 AND due > 0 AND place IS NOT NULL AND due > ?`, now.UnixNano())
	if err != nil {
		return 0, err
	}
	var next time.Time
	if due > 0 {
		next = time.Unix(0, due)
	}
	for _, l := range d.leases {
		if next.IsZero() || l.expires.Before(next) {
			next = l.expires
		}
	}
	if next.IsZero() {
		return 0, nil
	}
	return max(next.Sub(now), time.Millisecond), nil
}

// drop forgets a lease.
func (d *Disk) drop(token string) {
	if l, ok := d.leases[token]; ok {
		delete(d.held, l.id)
		delete(d.leases, token)
	}
}

// Extend gives a lease its whole time to live again.
func (d *Disk) Extend(ctx context.Context, token string, ttl time.Duration) error {
	return d.change(ctx, token, func(l *lease) error {
		l.expires = time.Now().Add(ttl)
		return nil
	})
}

// Assign records who works on the order from now on, before anybody does. An
// attempt that was assigned before under the lease is handed on.
func (d *Disk) Assign(ctx context.Context, token string, to po.Assignment) error {
	return d.change(ctx, token, func(l *lease) error {
		if err := d.endAttempt(l, po.EndHandedOn, po.Failure{}); err != nil {
			return err
		}
		last, err := d.number(`SELECT max(serial) FROM attempts WHERE order_id = ?`, l.id)
		if err != nil {
			return err
		}
		l.serial, l.worker, l.files, l.bytes = max(last, 0)+1, to.Worker, 0, 0
		return d.exec(`INSERT INTO attempts(order_id, serial, try, start, worker, profile, reason, began) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			l.id, l.serial, l.try, d.start, text(to.Worker), text(to.Profile), text(to.Reason), d.clock().UnixNano())
	})
}

// endAttempt records the end of the attempt that was assigned last, if any.
func (d *Disk) endAttempt(l *lease, how po.Ending, f po.Failure) error {
	if l.serial == 0 {
		return nil
	}
	return d.exec(`UPDATE attempts SET ended = ?, ending = ?, cause = ?, detail = ?, pages = ?, evidence = ?, missing = ?, files = ?, bytes = ?
		WHERE order_id = ? AND serial = ?`,
		d.clock().UnixNano(), string(how), text(f.Cause), text(f.Detail), textList(f.Trace.Pages), text(f.Trace.Evidence), missingList(f.Missing), l.files, l.bytes, l.id, l.serial)
}

// clock is the time of what is recorded of a start: each later than the one before, also
// where the system's clock is set back, as what followed what is told by it. mu must be held.
func (d *Disk) clock() time.Time {
	now := d.now().Round(0) // the wall clock alone, as it is recorded
	if !now.After(d.latest) {
		now = d.latest.Add(time.Nanosecond)
	}
	d.latest = now
	return now
}

// change runs do for the order that is leased under the token.
func (d *Disk) change(ctx context.Context, token string, do func(l *lease) error) error {
	return d.write(ctx, func() error {
		l, ok := d.leases[token]
		if !ok {
			return po.ErrFenced
		}
		return do(l)
	})
}
