package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// csvFile is a batch as CSV or TSV. Rows are kept as raw bytes and only cut
// into cells: encoding/csv would give none of the quoting back.
type csvFile struct {
	dialect
	quoted bool // the header quotes every name
	utf8   bool // the results are UTF-8, whatever the batch is
}

const utf8Mark = "\uFEFF"

// openCSV finds out how f is laid out. tsv says that its name promises tabs.
func openCSV(f *os.File, tsv bool) (*csvFile, layout, error) {
	charset, bom, err := detectCharset(f)
	if err != nil {
		return nil, layout{}, err
	}
	again := func() (io.Reader, error) {
		_, err := f.Seek(int64(bom), io.SeekStart)
		return f, err
	}
	g, err := findDialect(again, charset, tsv)
	if err != nil {
		return nil, layout{}, err
	}
	g.bom = bom
	return &csvFile{dialect: g.dialect, quoted: g.quoted}, g.layout, nil
}

func (c *csvFile) extension() string { return ".csv" }
func (c *csvFile) unit() string      { return "line" }
func (c *csvFile) sheetName() string { return "" }

// delimiterNames are those of delimiters.
var delimiterNames = map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs", '|': "pipes"}

func (c *csvFile) describe() string {
	mark := ""
	if c.bom == 0 && c.charset.unit() > 1 {
		mark = " without a byte order mark"
	}
	return c.charset.String() + mark + ", " + delimiterNames[c.delim]
}

func (c *csvFile) read(f *os.File, each func(rec record) error) error {
	return c.scan(f, func(rec *csvRecord) error { return each(rec) })
}

func (c *csvFile) inspect(f *os.File, _ int, each func(rec record) error) error {
	return c.read(f, each)
}

func (c *csvFile) freeColumn(from int) int { return from }

func (c *csvFile) notOrder(record) string { return "" }

func (c *csvFile) scan(f *os.File, each func(rec *csvRecord) error) error {
	if _, err := f.Seek(int64(c.bom), io.SeekStart); err != nil {
		return err
	}
	for s := newScanner(f, c.charset, c.delim); ; {
		rec, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = each(rec)
		}
		if err != nil {
			return err
		}
	}
}

// rewrite copies what is not filled byte for byte. A row too short for a
// column that is filled gets the empty cells in between.
func (c *csvFile) rewrite(f *os.File, w io.Writer, to target, edit edit) error {
	if err := c.copyMark(f, w); err != nil {
		return err
	}
	out := csvWriter{csvFile: c, w: bufio.NewWriterSize(w, 64<<10), charset: c.charset, at: to.at}
	if c.utf8 {
		out.charset = charsetUTF8
	}
	out.filled = slices.Repeat([]int{-1}, slices.Max(to.at[:])+1)
	for k, at := range to.at {
		out.filled[at] = k
	}
	err := c.scan(f, func(rec *csvRecord) error {
		if cells, ok := edit(rec); ok {
			return out.fill(rec, cells)
		}
		return out.copy(rec)
	})
	if err != nil {
		return err
	}
	return out.w.Flush()
}

// copyMark copies the byte order mark.
func (c *csvFile) copyMark(f *os.File, w io.Writer) error {
	if c.utf8 {
		_, err := io.WriteString(w, utf8Mark)
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(w, f, int64(c.bom))
	return err
}

// csvWriter writes records back.
type csvWriter struct {
	*csvFile
	w       *bufio.Writer
	charset charset // of what is written
	at      positions
	filled  []int // the status column at each place of a row; -1: not filled
	row     []byte
}

// copy writes a record as it is.
func (w *csvWriter) copy(rec *csvRecord) error {
	w.row = w.row[:0]
	w.copyBytes(rec.raw)
	_, err := w.w.Write(w.row)
	return err
}

// copyBytes adds bytes of the batch.
func (w *csvWriter) copyBytes(raw []byte) {
	if w.charset == w.csvFile.charset {
		w.row = append(w.row, raw...)
		return
	}
	w.row = append(w.row, w.csvFile.charset.decode(raw)...)
}

// fill writes a record with new cells; those that are nil stay as they are.
func (w *csvWriter) fill(rec *csvRecord, cells statusCells) error {
	last := len(rec.cells)
	for k, at := range w.at {
		if cells[k] != nil {
			last = max(last, at+1)
		}
	}
	w.row = w.row[:0]
	for i := range last {
		if i > 0 {
			w.row = w.charset.encode(w.row, string(w.delim))
		}
		switch {
		case i < len(w.filled) && w.filled[i] >= 0 && cells[w.filled[i]] != nil:
			if err := w.cell(rec, i, *cells[w.filled[i]]); err != nil {
				return err
			}
		case i < len(rec.cells):
			w.copyBytes(rec.cell(i))
		}
	}
	w.copyBytes(rec.raw[rec.end:])
	_, err := w.w.Write(w.row)
	return err
}

// cell adds a cell of ours, quoted as its neighbours are.
func (w *csvWriter) cell(rec *csvRecord, i int, text string) error {
	if i < len(rec.cells) && rec.text(i) == text {
		w.copyBytes(rec.cell(i))
		return nil
	}
	if r, lacks := w.charset.lacks(text); lacks {
		return &Error{Line: rec.line, Msg: fmt.Sprintf("%v has no %q", w.charset, r), Err: ErrCharset}
	}
	if w.quoted || rec.isQuoted(i) || strings.ContainsAny(text, separators) {
		text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	w.row = w.charset.encode(w.row, text)
	return nil
}
