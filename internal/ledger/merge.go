package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/poactor/poactor/po"
)

// Merged says what a batch changed in the ledger.
type Merged struct {
	New      int // orders that were never in it
	Returned int // orders that are in the batch again
	Removed  int // orders that are in the batch no more; what was done stays
	Settled  int // orders of the batch that earlier starts have settled for good
	Reopened int // orders that earlier starts have ended as Failed or Partial, open again
	Open     int // orders to work on in this start, the former included
	Deferred int // open orders that are left for another start
	Invalid  int // of those open, the ones whose number is none of the portal's
}

// never is a place that no batch reaches.
const never = math.MaxInt64

// Merge makes orders the batch of the ledger, in their order: those that it
// does not know are added, those that are not among them stay with what is
// known of them and are not worked on. Then it opens what choice says. A key
// that comes twice is an error. It is called once, before the first Claim.
func (d *Disk) Merge(ctx context.Context, orders iter.Seq2[po.Order, error], choice po.Choice) (Merged, error) {
	var m Merged
	err := d.Commit(ctx, func(context.Context) error {
		if err := d.replaceBatch(orders, &m); err != nil {
			return err
		}
		if err := d.reopenUnproved(); err != nil {
			return err
		}
		if err := d.reopenUncompared(); err != nil {
			return err
		}
		if err := d.choose(choice, &m); err != nil {
			return err
		}
		var err error
		d.known, err = d.withAttachments()
		return err
	})
	return m, err
}

// replaceBatch compares the orders with those that the ledger has, place by place, and
// writes from the first that differs: most starts have the batch of the last.
func (d *Disk) replaceBatch(orders iter.Seq2[po.Order, error], m *Merged) error {
	next, stop := readAhead(orders)
	defer stop()
	first, same, err := d.sameAs(next)
	if err != nil {
		return err
	}
	// was marks those that were in the batch and may be in it still.
	was, err := d.execCount(`UPDATE orders SET place = ? WHERE place >= ?`, previouslyPlaced, same)
	if err != nil {
		return err
	}
	all, err := d.number(`SELECT count(*) FROM orders`)
	if err != nil {
		return err
	}
	put := orderWriter{d: d, place: same}
	for o, err, ok := first.order, first.err, first.ok; ok; o, err, ok = next() {
		if err == nil {
			err = put.add(o)
		}
		if err != nil {
			return err
		}
	}
	if err := put.flush(); err != nil {
		return err
	}
	now, err := d.number(`SELECT count(*) FROM orders`)
	if err != nil {
		return err
	}
	if m.Removed, err = d.execCount(`UPDATE orders SET place = NULL WHERE place = ?`, previouslyPlaced); err != nil {
		return err
	}
	m.New = int(now - all)
	m.Returned = put.place - same - m.New - (was - m.Removed)
	return nil
}

// previouslyPlaced is the place of an order of the last batch until it is known
// whether it is in this one.
const previouslyPlaced = -2

// nextOrder is what a pull of the orders gave.
type nextOrder struct {
	order po.Order
	err   error
	ok    bool
}

// readAheadSize is how many orders go from one goroutine to the other at once.
const readAheadSize = 512

// readAhead is iter.Pull2 that reads ahead: a batch is parsed while what was parsed
// before is written.
func readAhead(orders iter.Seq2[po.Order, error]) (next func() (po.Order, error, bool), stop func()) {
	full := make(chan []nextOrder, 4) // closed by the goroutine
	done := make(chan struct{})       // closed by stop
	go func() {
		defer close(full)
		part := make([]nextOrder, 0, readAheadSize)
		send := func() bool {
			select {
			case full <- part:
				part = make([]nextOrder, 0, readAheadSize)
				return true
			case <-done:
				return false
			}
		}
		defer send()
		defer func() { // whose orders they are is not ours to say
			if p := recover(); p != nil {
				part = append(part, nextOrder{err: fmt.Errorf("the orders cannot be read: panic: %v", p), ok: true})
			}
		}()
		for o, err := range orders {
			if part = append(part, nextOrder{o, err, true}); len(part) == readAheadSize && !send() {
				return
			}
		}
	}()
	var part []nextOrder
	next = func() (po.Order, error, bool) {
		for len(part) == 0 {
			more, ok := <-full
			if !ok {
				return po.Order{}, nil, false
			}
			part = more
		}
		p := part[0]
		part = part[1:]
		return p.order, p.err, p.ok
	}
	return next, sync.OnceFunc(func() {
		close(done)
		for range full { // until the goroutine has ended: it uses what the caller may close
		}
	})
}

// sameAs returns how many of the first orders the ledger has just so, and the
// first that it has not.
func (d *Disk) sameAs(next func() (po.Order, error, bool)) (first nextOrder, same int, err error) {
	differs := errors.New("differs")
	err = d.rows(func(scan func(...any) error) error {
		var o po.Order
		var levels textList
		if err := scan(into(&o.Key), into(&o.Number), into(&o.RawNumber), &levels, into(&o.Invalid), (*jsonText)(&o.Task)); err != nil {
			return err
		}
		first.order, first.err, first.ok = next()
		o = stored(o, levels)
		f := first.order
		if !first.ok || first.err != nil || f.Key != o.Key || f.Number != o.Number || f.RawNumber != o.RawNumber ||
			f.Invalid != o.Invalid || !slices.Equal(f.Levels, o.Levels) || !bytes.Equal(f.Task, o.Task) || f.IsTask() != o.IsTask() {
			return differs
		}
		same++
		return nil
	}, `SELECT key, number, written, levels, invalid, task FROM orders WHERE place IS NOT NULL ORDER BY place`)
	switch {
	case errors.Is(err, differs):
		return first, same, first.err
	case err != nil:
		return first, same, err
	}
	first.order, first.err, first.ok = next()
	return first, same, first.err
}

// stored undoes what saves room: a number, or what is written, that is the key.
func stored(o po.Order, levels textList) po.Order {
	o.Levels = levels
	if o.Number == "" && o.Invalid == "" {
		o.Number = string(o.Key)
	}
	if o.RawNumber == "" {
		o.RawNumber = o.Number
	}
	return o
}

// ErrOtherKind is wrapped where tasks are to be put into the record of a run of purchase
// orders, or the other way round.
var ErrOtherKind = errors.New("the output directory is that of another kind of run")

// checkKind refuses to mix purchase orders with tasks.
func (d *Disk) checkKind(tasks bool) error {
	query, other := `SELECT count(*) FROM (SELECT 1 FROM orders INDEXED BY orders_task WHERE task IS NOT NULL LIMIT 1)`, "a program's own tasks"
	if tasks {
		query, other = `SELECT count(*) FROM (SELECT 1 FROM orders WHERE task IS NULL LIMIT 1)`, "purchase orders"
	}
	n, err := d.number(query)
	if err != nil || n == 0 {
		return err
	}
	return &po.Error{Msg: fmt.Sprintf("%s has a run of %s", d.dir, other), Hint: "give another output directory", Err: ErrOtherKind}
}

// choose opens what is to be worked on, and counts.
func (d *Disk) choose(c po.Choice, m *Merged) (err error) {
	if c.Only == nil {
		err = d.openAll(m)
	} else {
		err = d.openOnly(*c.Only, m)
	}
	if err != nil {
		return err
	}
	settled, err := d.number(`SELECT count(*) FROM orders WHERE place IS NOT NULL AND open = 0`)
	if err != nil {
		return err
	}
	open, err := d.number(`SELECT count(*) FROM orders WHERE place IS NOT NULL AND open = 1`)
	if err != nil {
		return err
	}
	left, err := d.number(`SELECT count(*) FROM orders WHERE place IS NOT NULL AND open = 2`)
	if err != nil {
		return err
	}
	m.Settled, m.Open, m.Deferred = int(settled), int(open), int(left)
	d.before = never
	if c.Limit > 0 && m.Open > c.Limit {
		if d.before, err = d.number(`SELECT place FROM orders WHERE place IS NOT NULL AND open = 1 ORDER BY place LIMIT 1 OFFSET ?`, c.Limit); err != nil {
			return err
		}
		m.Deferred += m.Open - c.Limit
		m.Open = c.Limit
	}
	d.open = m.Open
	invalid, err := d.number(`SELECT count(*) FROM orders WHERE place IS NOT NULL AND open = 1 AND invalid IS NOT NULL AND place < ?`, d.before)
	m.Invalid = int(invalid)
	return err
}

// reopen is what an order begins anew with; what is known of it stays.
const reopen = `UPDATE orders SET open = 1, due = 0, failures = 0, deaths = 0, worker = NULL WHERE place IS NOT NULL AND `

// An order whose number is none of the portal's cannot end otherwise.

func (d *Disk) openAll(m *Merged) (err error) {
	if err := d.exec(`UPDATE orders SET open = 1 WHERE open = 2`); err != nil {
		return err
	}
	m.Reopened, err = d.execCount(reopen+`open = 0 AND invalid IS NULL AND status IN (?, ?)`, string(po.Failed), string(po.Partial))
	return err
}

func (d *Disk) openOnly(f po.Filter, m *Merged) (err error) {
	if err := d.exec(`UPDATE orders SET open = 2 WHERE open = 1`); err != nil {
		return err
	}
	where, args := filterCondition(f)
	m.Reopened, err = d.execCount(reopen+where, args...)
	return err
}

// filterCondition is a filter as a condition.
func filterCondition(f po.Filter) (string, []any) {
	where, args := `status IS NOT NULL`, []any{}
	if len(f.Statuses) == 0 && len(f.Causes) == 0 {
		f.Statuses = []po.Status{po.Failed, po.Partial}
	}
	if len(f.Statuses) > 0 {
		where += ` AND status IN (?` + strings.Repeat(`, ?`, len(f.Statuses)-1) + `)`
		for _, s := range f.Statuses {
			args = append(args, string(s))
		}
	}
	if len(f.Causes) > 0 {
		where += ` AND cause IN (?` + strings.Repeat(`, ?`, len(f.Causes)-1) + `)`
		for _, c := range f.Causes {
			args = append(args, string(c))
		}
	}
	if !f.Since.IsZero() {
		where += ` AND settled >= ?`
		args = append(args, f.Since.UnixNano())
	}
	return where, args
}
