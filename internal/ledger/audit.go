package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/poactor/poactor/po"
)

// auditPause is how soon a claim that gave nothing is asked again while the
// audit goes on, which may open orders.
const auditPause = 100 * time.Millisecond

// ToAudit yields the orders that say something of the disk, with their folder
// and files: the open ones, of which a killed start may have left files, or those
// that earlier starts have settled. An error ends it.
func (d *Disk) ToAudit(ctx context.Context, open bool) iter.Seq2[po.Outcome, error] {
	if open {
		return d.outcomes(ctx, `o.open <> 0 AND o.folder IS NOT NULL ORDER BY o.id, f.place`)
	}
	return d.outcomes(ctx, `o.open = 0 AND o.folder IS NOT NULL AND o.settled_by IS NOT ? ORDER BY o.id, f.place`, d.Number())
}

// Audit says that an audit goes on, or is over: until it is, the run has not
// come to its end.
func (d *Disk) Audit(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.auditing = on
}

// Correct makes the record of an order true of the disk: where its files are,
// and which there are. With open, an order of the batch is opened again, which
// it reports; the outcome stays until there is another. Nothing is done to an
// order in hand (po.ErrFenced).
func (d *Disk) Correct(ctx context.Context, key po.Key, saved po.Saved, open bool) (opened bool, err error) {
	err = d.write(ctx, func() error {
		id, err := d.number(`SELECT id FROM orders WHERE key = ?`, string(key))
		if err != nil {
			return err
		}
		if _, held := d.held[id]; held || id < 0 {
			return po.ErrFenced
		}
		if err := d.exec(`UPDATE orders SET folder = ? WHERE id = ?`, text(saved.Folder), id); err != nil {
			return err
		}
		if err := d.putFiles(id, saved.Files); err != nil {
			return err
		}
		d.changes.Add(1)
		if !open {
			return nil
		}
		n, err := d.execCount(reopen+`open = 0 AND place < ? AND id = ?`, d.before, id)
		d.open += n
		opened = n > 0
		return err
	})
	return opened, err
}
