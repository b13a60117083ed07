package batch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/po"
)

// Parse reads a number as the batch has it: the order's key, and the number as
// the portal's URLs want it. The error says why it is not a number of the
// portal. The portal's definition supplies it.
type Parse func(written string) (key po.Key, number string, err error)

// Batch is a file of orders. Its methods read the file again; none may run
// while Snapshot does.
type Batch struct {
	layout
	source    source
	parse     Parse
	name      string      // the path as the user gave it, for errors
	path      string      // where the bytes are
	fileState fileState   // of path
	rows      int         // records behind the header
	orderType string      // what the first cell of an order's row says; empty if there is one type of records
	utf8      atomic.Bool // of the results, see UseUTF8
	width     int         // columns that hold something, in any row
}

// Unit is what people call the number of a row: the line of a text file, the row
// of a sheet.
func (b *Batch) Unit() string { return b.source.unit() }

// Describe says in a few words how the file was read: encoding or sheet, where
// the header is, and which column has the numbers.
func (b *Batch) Describe() string {
	return fmt.Sprintf("%s, header in %s %d, order numbers in %s",
		b.source.describe(), b.Unit(), b.header, b.columnTitle(b.columns.number))
}

// fileState tells whether a file has changed.
type fileState struct {
	size int64
	time time.Time
}

// Open reads a batch through once: it finds out what kind of file it is and
// which columns it has, and checks that every row can be read. Errors are of
// type *Error.
func Open(path string, parse Parse) (*Batch, error) {
	b := &Batch{parse: parse, name: path, path: path}
	if err := b.open(openWorkbook); err != nil {
		return nil, b.wrap(err)
	}
	return b, nil
}

// openText reads a list that is no workbook. Programs that open no others have nothing of
// workbooks linked, which is 5 MB.
func openText(path string, parse Parse) (*Batch, error) {
	b := &Batch{parse: parse, name: path, path: path}
	if err := b.open(nil); err != nil {
		return nil, b.wrap(err)
	}
	return b, nil
}

// workbookOpener is openWorkbook, where there may be workbooks.
type workbookOpener func(f *os.File) (source, layout, error)

func (b *Batch) open(workbook workbookOpener) error {
	f, err := b.file()
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b.fileState = fileState{info.Size(), info.ModTime()}
	if err := b.detectKind(f, workbook); err != nil {
		return err
	}
	return b.readThrough()
}

// detectKind finds out what kind of file f is, by what is in it: names are
// wrong too often.
func (b *Batch) detectKind(f *os.File, workbook workbookOpener) (err error) {
	zipped, err := isZip(f)
	if err != nil {
		return err
	}
	if zipped && workbook != nil {
		b.source, b.layout, err = workbook(f)
		return err
	}
	c, l, err := openCSV(f, strings.EqualFold(filepath.Ext(b.name), ".tsv"))
	b.source, b.layout = c, l
	return err
}

// readThrough reads every row: it counts, and finds out what only the rows tell.
func (b *Batch) readThrough() error {
	types := newOrderTypeSearch(b)
	quoteCheck := newQuoteCheck(b)
	second := secondHeader{batch: b}
	inspect := func(f *os.File, each func(record) error) error { return b.source.inspect(f, b.columns.number, each) }
	err := b.pass(inspect, func(i int, rec record) error {
		types.check(i, rec)
		if i < -1 {
			return nil
		}
		if err := quoteCheck.check(rec); err != nil {
			return err
		}
		if i >= 0 {
			b.rows++
			second.check(rec)
		}
		for k := rec.width(); k > b.width; k-- {
			if rec.filled(k - 1) {
				b.width = k
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if b.orderType = types.result(); b.orderType == "" && second.found != nil {
		return second.found
	}
	if err := b.chooseNumberColumn(); err != nil {
		return err
	}
	return b.makeRoom()
}

// makeRoom finds where columns can be appended.
func (b *Batch) makeRoom() error {
	b.width = b.source.freeColumn(b.width)
	if at := b.positions(); slices.Max(at[:]) >= xlsx.MaxColumns {
		return &Error{Msg: fmt.Sprintf("no room for the status columns: a row has %d cells", b.width),
			Hint: "delete columns that are not needed", Err: ErrTooLong}
	}
	return nil
}

// file opens the batch's bytes.
func (b *Batch) file() (*os.File, error) {
	// Asked before opening: opening a pipe would wait for its writer.
	info, err := os.Stat(b.path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &Error{Msg: "it is a directory", Hint: hintCSV, Err: ErrNotFile}
	case !info.Mode().IsRegular():
		return nil, &Error{Msg: "it is not a regular file", Hint: "give - to read from standard input", Err: ErrNotFile}
	}
	return os.Open(b.path)
}

// records calls each for every record: negative numbers for those before the
// rows, -1 for the header, 0 for the first row.
func (b *Batch) records(each func(i int, rec record) error) error { return b.pass(b.source.read, each) }

// pass does so with one of the ways in which a source is read.
func (b *Batch) pass(read func(f *os.File, each func(record) error) error, each func(i int, rec record) error) error {
	f, err := b.file()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.unchanged(f); err != nil {
		return err
	}
	i := -1 - b.preamble
	err = read(f, func(rec record) error {
		err := each(i, rec)
		i++
		return err
	})
	if err != nil {
		return err
	}
	return b.unchanged(f)
}

// unchanged checks that f still is what was opened.
func (b *Batch) unchanged(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != b.fileState.size || !info.ModTime().Equal(b.fileState.time) {
		return &Error{Msg: "the file was changed in the meantime", Hint: "start again", Err: ErrChanged}
	}
	return nil
}

// Snapshot copies the batch to a file of its own and reads from there from now on,
// so that somebody who edits or deletes the batch while the run goes on
// disturbs nothing. A file at path is replaced, whole or not at all; if it is the
// batch itself, nothing is done.
func (b *Batch) Snapshot(path string) error {
	if same(b.path, path) {
		return nil
	}
	if err := b.copy(path); err != nil {
		return b.wrap(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return b.wrap(err)
	}
	b.path, b.fileState = path, fileState{info.Size(), info.ModTime()}
	return nil
}

// IsFile reports whether path is the file that the batch was opened from.
func (b *Batch) IsFile(path string) bool { return same(b.name, path) }

// same reports whether two paths are one file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func (b *Batch) copy(path string) error {
	from, err := b.file()
	if err != nil {
		return err
	}
	defer from.Close()
	return outdir.Replace(path, 0o600, func(to io.Writer) error {
		if _, err := io.Copy(to, from); err != nil {
			return err
		}
		return b.unchanged(from)
	})
}

// wrap makes every error an *Error of this batch.
func (b *Batch) wrap(err error) error {
	var known *Error
	var book *xlsx.Error
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		e := *known
		e.Path = b.name
		return &e
	case errors.As(err, &book):
		return &Error{Path: b.name, Sheet: book.Sheet, Line: book.Row, Msg: book.Msg, Hint: book.Hint, Err: book.Err}
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Path: b.name, Msg: "no such file", Err: err}
	case errors.As(err, &path):
		return &Error{Path: b.name, Msg: path.Err.Error(), Err: err}
	}
	return &Error{Path: b.name, Msg: err.Error(), Err: err}
}
