package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
)

// Bounds of a text file: those of a workbook.
const (
	maxCellBytes   = xlsx.MaxCellBytes
	maxRecordBytes = xlsx.MaxRowBytes
	maxColumns     = xlsx.MaxColumns
)

// span is the place of a cell's raw bytes in its record.
type span struct{ from, to int }

// csvRecord is one row with all its bytes. It is valid until the next is read.
type csvRecord struct {
	charset   charset
	line      int    // where it begins, 1-based
	raw       []byte // everything, the line end included
	cells     []span // at least one
	multiline []multilineCell
	end       int // where the line end begins
}

func (r *csvRecord) cell(i int) []byte { return r.raw[r.cells[i].from:r.cells[i].to] }
func (r *csvRecord) number() int       { return r.line }
func (r *csvRecord) afterGap() bool    { return false }
func (r *csvRecord) width() int        { return len(r.cells) }
func (r *csvRecord) filled(i int) bool { return len(r.cell(i)) > 0 }

func (r *csvRecord) text(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return unquote(r.charset.decode(r.cell(i)))
}

func (r *csvRecord) numberProblem(i int) string { return checkNumber(trim(r.text(i))) }

func (r *csvRecord) isQuoted(i int) bool {
	return i < len(r.cells) && r.filled(i) && r.charset.value(r.cell(i)) == '"'
}

func (r *csvRecord) quoted() bool {
	for i := range r.cells {
		if !r.isQuoted(i) {
			return false
		}
	}
	return true
}

// scanner cuts a file into records. encoding/csv cannot be used: it gives no
// raw bytes back.
type scanner struct {
	r       *bufio.Reader
	charset charset
	delim   uint16 // 0: none
	line    int    // of the next unit
	rec     csvRecord
	cell    cell
}

// cell is the cell that is being read.
type cell struct {
	from      int // where it begins in the record
	line      int
	state     int
	multiline bool // it spans lines
}

// Where in a cell the scanner is.
const (
	atStart     = iota // nothing of it read
	inPlain            // not quoted
	inQuotes           // behind the opening quote
	onQuote            // behind a quote that closes it or is half of a doubled one
	afterQuotes        // text after the closing quote
)

// newScanner reads from r, which is behind the byte order mark.
func newScanner(r io.Reader, c charset, delim rune) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), charset: c, delim: uint16(delim), line: 1}
}

// next returns the next record; io.EOF if there is none.
func (s *scanner) next() (*csvRecord, error) {
	s.rec = csvRecord{charset: s.charset, line: s.line,
		raw: s.rec.raw[:0], cells: s.rec.cells[:0], multiline: s.rec.multiline[:0]}
	s.open()
	for {
		u, at, err := s.read()
		if err != nil {
			return s.atEOF(err)
		}
		ends := s.cell.state != inQuotes
		switch {
		case ends && u == s.delim:
			if err := s.close(at); err != nil {
				return nil, err
			}
			s.open()
		case ends && (u == '\r' || u == '\n'):
			s.rec.end = at
			if err := s.close(at); err != nil {
				return nil, err
			}
			return &s.rec, s.endLine(u)
		default:
			if err := s.add(u); err != nil {
				return nil, err
			}
		}
	}
}

// open begins a cell.
func (s *scanner) open() {
	s.cell = cell{from: len(s.rec.raw), line: s.line}
}

// add adds a unit to the cell.
func (s *scanner) add(u uint16) error {
	if u == '\r' || u == '\n' {
		s.cell.multiline = true
		if err := s.endLine(u); err != nil {
			return err
		}
	}
	s.cell.state = nextState(s.cell.state, u)
	return s.checkBounds()
}

// nextState is the state after a unit that ends neither the cell nor the record.
func nextState(state int, u uint16) int {
	quote := u == '"'
	switch state {
	case atStart:
		if quote {
			return inQuotes
		}
		return inPlain
	case inQuotes:
		if quote {
			return onQuote
		}
	case onQuote:
		if quote {
			return inQuotes
		}
		return afterQuotes
	}
	return state
}

// read takes one unit into the record and says where it is in it.
func (s *scanner) read() (u uint16, at int, err error) {
	var b [2]byte
	n := s.charset.unit()
	for i := range n {
		c, err := s.r.ReadByte()
		if err != nil {
			s.rec.raw = append(s.rec.raw, b[:i]...) // half a unit at the end of the file
			return 0, 0, err
		}
		b[i] = c
	}
	at = len(s.rec.raw)
	s.rec.raw = append(s.rec.raw, b[:n]...)
	if u = s.charset.value(b[:n]); u == 0 {
		return 0, 0, damagedText(s.line)
	}
	return u, at, nil
}

// endLine counts a line and takes the second half of CR LF.
func (s *scanner) endLine(u uint16) error {
	s.line++
	if u != '\r' {
		return nil
	}
	next, err := s.r.Peek(s.charset.unit())
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	if s.charset.value(next) == '\n' {
		_, _, err = s.read()
	}
	return err
}

// close ends the cell.
func (s *scanner) close(to int) error {
	if s.cell.multiline && s.cell.state == afterQuotes {
		// A stray quote has swallowed lines, maybe with orders in them.
		return s.unclosedError()
	}
	if s.cell.multiline {
		s.rec.multiline = append(s.rec.multiline, multilineCell{len(s.rec.cells), s.cell.line})
	}
	s.rec.cells = append(s.rec.cells, span{s.cell.from, to})
	if len(s.rec.cells) > maxColumns {
		return &Error{Line: s.rec.line, Msg: fmt.Sprintf("more than %d cells in a row", maxColumns), Err: ErrTooLong}
	}
	return nil
}

// atEOF ends the record at the end of the file.
func (s *scanner) atEOF(err error) (*csvRecord, error) {
	switch {
	case !errors.Is(err, io.EOF):
		return nil, err
	case len(s.rec.raw) == 0:
		return nil, io.EOF
	case s.cell.state == inQuotes:
		return nil, s.unclosedError()
	}
	// Half a unit goes with the line end, so that nothing is written behind it.
	s.rec.end = len(s.rec.raw) - len(s.rec.raw)%s.charset.unit()
	return &s.rec, s.close(s.rec.end)
}

func (s *scanner) unclosedError() error {
	return &Error{Line: s.cell.line, Msg: "a quote opens here and does not close properly",
		Hint: `close it, or write a quote inside of a cell as ""`, Err: ErrQuote}
}

// checkBounds refuses cells and rows beyond any spreadsheet's.
func (s *scanner) checkBounds() error {
	switch {
	case len(s.rec.raw)-s.cell.from > maxCellBytes:
		return &Error{Line: s.cell.line, Msg: fmt.Sprintf("a cell is longer than %d bytes", maxCellBytes),
			Hint: "shorten it; if it looks short, a quote is left open in this line", Err: ErrTooLong}
	case len(s.rec.raw) > maxRecordBytes:
		return &Error{Line: s.rec.line, Msg: fmt.Sprintf("a row is longer than %d bytes", maxRecordBytes), Err: ErrTooLong}
	}
	return nil
}

// unquote gives the text of a cell. Text behind the closing quote belongs to
// it, as Excel has it.
func unquote(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	var b strings.Builder
	for rest := s[1:]; ; {
		i := strings.IndexByte(rest, '"')
		if i < 0 || !strings.HasPrefix(rest[i+1:], `"`) {
			head, tail, _ := strings.Cut(rest, `"`)
			b.WriteString(head)
			b.WriteString(tail)
			return b.String()
		}
		b.WriteString(rest[:i+1])
		rest = rest[i+2:]
	}
}
