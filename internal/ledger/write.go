package ledger

import (
	"context"
	"time"

	"github.com/poactor/poactor/po"
)

// Save records the files that are whole on disk and where they are.
func (d *Disk) Save(ctx context.Context, token, supplier string, saved po.Saved) error {
	return d.change(ctx, token, func(l *lease) error {
		if err := d.exec(`UPDATE orders SET supplier = ?, folder = ? WHERE id = ?`, text(supplier), text(saved.Folder), l.id); err != nil {
			return err
		}
		had, err := d.filesOf(l.id)
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, f := range had {
			known[f.SHA256+f.Name] = true
		}
		for _, f := range saved.Files {
			if !known[f.SHA256+f.Name] {
				l.files++
				l.bytes += f.Bytes
			}
		}
		return d.putFiles(l.id, saved.Files)
	})
}

// putFiles makes files those of an order.
func (d *Disk) putFiles(id int64, files []po.File) error {
	if err := d.exec(`DELETE FROM files WHERE order_id = ?`, id); err != nil {
		return err
	}
	for i, f := range files {
		if err := d.exec(`INSERT INTO files(order_id, place, id, name, original, bytes, sha256, url, lane, empty, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, i, f.ID, f.Name, text(f.Original), f.Bytes, f.SHA256, text(f.URL), text(f.Lane), f.Empty, toNanos(f.Time)); err != nil {
			return err
		}
	}
	return nil
}

// Settle records the outcome and ends the lease. Repeated with the same token
// it does nothing.
func (d *Disk) Settle(ctx context.Context, token string, o po.Outcome) error {
	return d.write(ctx, func() error {
		if d.ended.has(token) {
			return nil
		}
		l, ok := d.leases[token]
		if !ok {
			return po.ErrFenced
		}
		return d.settle(token, l, o)
	})
}

func (d *Disk) settle(token string, l *lease, o po.Outcome) error {
	if err := d.endAttempt(l, po.EndSettled, po.Failure{Cause: o.Cause, Detail: o.Detail, Missing: o.Missing, Trace: o.Trace}); err != nil {
		return err
	}
	err := d.exec(`UPDATE orders SET open = 0, due = 0, deaths = 0, status = ?, cause = ?, detail = ?, supplier = coalesce(?, supplier), found = ?,
		folder = ?, url = ?, attempts = ?, settled = ?, settled_by = ?, pages = ?, evidence = ?, missing = ?, read_by = ?, comparisons = ?, result = ? WHERE id = ?`,
		string(o.Status), text(o.Cause), text(o.Detail), text(o.Supplier), o.Found,
		text(o.Folder), text(o.URL), o.Attempts, toNanos(o.Time), d.start, textList(o.Trace.Pages), text(o.Trace.Evidence), missingList(o.Missing), text(o.ReadBy), o.Comparisons, jsonText(o.Result), l.id)
	if err != nil {
		return err
	}
	d.drop(token)
	d.ended.add(token)
	d.open--
	d.changes.Add(1)
	return nil
}

// Retry puts the order back for another try, not before the time given; the try
// counts.
func (d *Disk) Retry(ctx context.Context, token string, f po.Failure, after time.Duration) error {
	return d.change(ctx, token, func(l *lease) error {
		if err := d.endAttempt(l, po.EndRetried, f); err != nil {
			return err
		}
		d.drop(token)
		return d.exec(`UPDATE orders SET failures = failures + 1, worker = ?, due = ? WHERE id = ?`,
			text(l.worker), time.Now().Add(after).UnixNano(), l.id)
	})
}

// Release puts the order back at once; the try does not count. A browser that
// died with it in hand does.
func (d *Disk) Release(ctx context.Context, token string, f po.Failure) error {
	return d.change(ctx, token, func(l *lease) error {
		if err := d.endAttempt(l, po.EndReleased, f); err != nil {
			return err
		}
		d.drop(token)
		if !f.Cause.Deadly() {
			return nil
		}
		return d.exec(`UPDATE orders SET deaths = deaths + 1 WHERE id = ?`, l.id)
	})
}

// recent remembers the last of many tokens.
type recent struct {
	set  map[string]bool
	ring [1024]string
	next int
}

func (r *recent) add(token string) {
	if r.set == nil {
		r.set = map[string]bool{}
	}
	delete(r.set, r.ring[r.next])
	r.ring[r.next], r.set[token] = token, true
	r.next = (r.next + 1) % len(r.ring)
}

func (r *recent) has(token string) bool { return r.set[token] }
