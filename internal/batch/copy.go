package batch

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"syscall"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// The state directory of an output directory has a copy of the list that its last
// run was for: so a run can go on when the list is edited, and be begun again when it
// is gone.

// CopyTo makes that copy, in an output directory that this process holds, and reads
// from it from now on. An error is a *po.Error or wraps one.
func (b *Batch) CopyTo(out string) error {
	name := outdir.BatchStem + b.source.extension()
	err := b.Snapshot(outdir.StatePath(out, name))
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return outdir.WriteError(err)
	}
	if err != nil {
		return err
	}
	removeCopies(out, name)
	return nil
}

// removeCopies removes every copy but one: there is one list.
func removeCopies(out, keep string) {
	for _, ext := range outdir.BatchExtensions() {
		if name := outdir.BatchStem + ext; name != keep {
			_ = os.Remove(outdir.StatePath(out, name)) // mostly not there
		}
	}
}

// FindCopy is the path of the copy that an output directory has. The error is
// fs.ErrNotExist where it has none.
func FindCopy(out string) (string, error) {
	for _, ext := range outdir.BatchExtensions() {
		path := outdir.StatePath(out, outdir.BatchStem+ext)
		if _, err := os.Lstat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the copy of the list: %w", fs.ErrNotExist)
}

// CopyOrders makes that copy of orders that come from no list: as use reads them from
// what it is given, they are written as one. An error of use is returned as it is.
// Where parse would not read the same orders from the copy, as where their keys are
// not of its making, there is none: copied is false.
func CopyOrders(out string, parse Parse, orders iter.Seq2[po.Order, error],
	use func(iter.Seq2[po.Order, error]) error,
) (copied bool, err error) {
	root, err := outdir.OpenState(out)
	if err != nil {
		return false, err
	}
	defer root.Close()
	const name = outdir.BatchStem + ".csv"
	var useErr error
	written := newFingerprint()
	pending, err := outdir.PrepareIn(root, name, 0o600, func(w io.Writer) error {
		to := orderWriter{to: w}
		useErr = use(to.pass(orders, written))
		return errors.Join(useErr, to.end())
	})
	if useErr != nil {
		return false, useErr
	}
	if err != nil {
		return false, outdir.WriteError(err)
	}
	defer pending.Discard()
	if !readsAs(filepath.Join(root.Name(), outdir.TempName(name)), parse, written) {
		removeCopies(out, "")
		return false, nil
	}
	if err := pending.Commit(); err != nil {
		return false, outdir.WriteError(err)
	}
	removeCopies(out, name)
	return true, nil
}

// orderWriter writes orders as a list.
type orderWriter struct {
	to    io.Writer
	plain *plainWriter // nil before the first order
}

// pass yields the orders, and writes each that it yields.
func (w *orderWriter) pass(orders iter.Seq2[po.Order, error], seen fingerprint) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for o, err := range orders {
			if err == nil {
				seen.add(o)
				w.write(o)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// write writes one order. There is a column for folder levels if the first has some.
func (w *orderWriter) write(o po.Order) {
	row := []string{cmp.Or(o.RawNumber, o.Number, string(o.Key))}
	if len(o.Levels) > 0 {
		row = append(append(row, ""), o.Levels...) // the divider's own column is empty
	}
	if w.plain == nil {
		plain := newPlainWriter(w.to, []string{exactName, divider}[:min(len(row), 2)]...)
		w.plain = &plain
	}
	w.plain.row(row...)
}

func (w *orderWriter) end() error {
	if w.plain == nil {
		return nil
	}
	return w.plain.Flush()
}

// fingerprint tells one sequence of orders from another.
type fingerprint struct{ hash.Hash }

func newFingerprint() fingerprint { return fingerprint{sha256.New()} }

func (f fingerprint) add(o po.Order) {
	number := cmp.Or(o.Number, string(o.Key))
	if o.Invalid != "" { // then it is of no use
		number = ""
	}
	fmt.Fprintf(f, "%q %q %q %t\n", o.Key, number, o.Levels, o.Invalid != "")
}

func (f fingerprint) equal(g fingerprint) bool { return string(f.Sum(nil)) == string(g.Sum(nil)) }

// readsAs reports whether a list has the orders that were written into it.
func readsAs(path string, parse Parse, written fingerprint) bool {
	b, err := openText(path, parse)
	if err != nil {
		return false
	}
	plan, err := b.Plan()
	if err != nil {
		return false
	}
	read := newFingerprint()
	for o, err := range plan.All() {
		if err != nil {
			return false
		}
		read.add(o)
	}
	return read.equal(written)
}
