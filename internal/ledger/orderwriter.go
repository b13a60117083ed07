package ledger

import (
	"errors"
	"fmt"
	"strings"

	"github.com/poactor/poactor/po"
)

// rowsPerInsert is how many orders one statement puts: in single ones a million take
// 6.4 s, so 3.8 s (of which the index of the keys has most).
const rowsPerInsert = 100

// orderWriter puts orders at their places, several at once.
type orderWriter struct {
	d     *Disk
	place int // of the next
	args  []any
	bytes int  // of the data in args
	tasks bool // what is put are tasks
	begun bool
}

// maxPendingBytes is how much data of tasks one statement puts.
const maxPendingBytes = 8 << 20

func (p *orderWriter) add(o po.Order) error {
	if !p.begun {
		if err := p.d.checkKind(o.IsTask()); err != nil {
			return err
		}
		p.begun, p.tasks = true, o.IsTask()
	}
	if o.IsTask() != p.tasks {
		return &po.Error{Msg: fmt.Sprintf("order %s is among tasks", o.Key), Err: ErrClash}
	}
	number, written := o.Number, o.RawNumber
	if written == number {
		written = ""
	}
	if number == string(o.Key) {
		number = ""
	}
	p.args = append(p.args, string(o.Key), text(number), text(written), textList(o.Levels), text(o.Invalid), jsonText(o.Task), p.place)
	p.place++
	p.bytes += len(o.Task)
	if len(p.args) < rowsPerInsert*columnsPerRow && p.bytes < maxPendingBytes {
		return nil
	}
	return p.flush()
}

const columnsPerRow = 7

// flush writes what is waiting.
func (p *orderWriter) flush() error {
	rows := len(p.args) / columnsPerRow
	if rows == 0 {
		return nil
	}
	query := `INSERT INTO orders(key, number, written, levels, invalid, task, place) VALUES ` +
		strings.TrimSuffix(strings.Repeat(`(?, ?, ?, ?, ?, ?, ?),`, rows), ",") +
		` ON CONFLICT(key) DO UPDATE SET number = excluded.number, written = excluded.written, levels = excluded.levels,
		invalid = excluded.invalid, task = excluded.task, place = excluded.place WHERE place IS NULL OR place = -2`
	n, err := p.d.execCount(query, p.args...)
	if p.tasks && isConflict(err) { // with another key than its own
		err = p.caseError(err)
	} else if err == nil && n < rows {
		err = p.duplicateError()
	}
	p.args, p.bytes = p.args[:0], 0
	return err
}

// duplicateError names the order of what is waiting that was in the batch already.
func (p *orderWriter) duplicateError() error {
	for i := 0; i < len(p.args); i += columnsPerRow {
		place, err := p.d.number(`SELECT place FROM orders WHERE key = ?`, p.args[i])
		if err != nil {
			return err
		}
		if place != int64(p.args[i+columnsPerRow-1].(int)) {
			return twiceError(p.tasks, p.args[i].(string))
		}
	}
	return fmt.Errorf("an order comes twice")
}

// caseError names the task of what is waiting whose key differs from another's in case
// only: on some file systems they would have one folder.
func (p *orderWriter) caseError(err error) error {
	seen := map[string]string{}
	for i := 0; i < len(p.args); i += columnsPerRow {
		key := p.args[i].(string)
		other, clash := seen[strings.ToLower(key)]
		if !clash {
			if e := p.d.rows(func(scan func(...any) error) error { return scan(into(&other)) },
				`SELECT key FROM orders INDEXED BY orders_task WHERE key = ? COLLATE NOCASE AND task IS NOT NULL`, key); e != nil {
				return e
			}
		}
		if other != "" && other != key {
			return sameFolderError(po.Key(other), po.Key(key))
		}
		seen[strings.ToLower(key)] = key
	}
	return err
}

func sameFolderError(a, b po.Key) error {
	return &po.Error{Err: ErrClash,
		Msg: fmt.Sprintf("the keys of tasks %s and %s differ only in case: on some systems they would have one folder", a, b)}
}

// ErrClash is wrapped where two orders, or tasks, of a batch cannot be told apart.
var ErrClash = errors.New("two of a batch cannot be told apart")

func twiceError(task bool, key string) error {
	noun := "order"
	if task {
		noun = "task"
	}
	return &po.Error{Msg: fmt.Sprintf("%s %s comes twice", noun, key), Err: ErrClash}
}
