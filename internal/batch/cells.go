package batch

import (
	"fmt"
	"slices"
)

// cellKind says what the value of a cell stands for.
type cellKind int

const (
	cellNumber cellKind = iota
	cellShared          // the number of a shared string
	cellBool
	cellText // the text itself
)

// cellKinds are the values of a cell's t attribute.
var cellKinds = map[string]cellKind{"": cellNumber, "n": cellNumber, "s": cellShared, "b": cellBool,
	"str": cellText, "inlineStr": cellText, "e": cellText, "d": cellText}

// sheetCell is a cell of a sheet.
type sheetCell struct {
	span         // in the raw bytes
	nameEnd int  // where its tag's name ends
	column  int  // 0-based
	bare    bool // it does not say which
	kind    cellKind
	style   int
	value   span // in the row's texts
	shared  int  // the number of its shared string
	stored  bool // it has a value, even if that is an empty text
	formula formula
}

// formula is that of a cell.
type formula struct {
	span          // in the raw bytes; empty if there is none
	group  string // of cells that share a formula
	master bool   // it is the one of them that has it
}

// full reports whether there is anything in a cell.
func (c *sheetCell) full() bool { return c.value.to > c.value.from || c.formula.to > 0 }

// sheetRow is a row of a sheet. It is valid until the next is read.
type sheetRow struct {
	sheet *sheetScanner
	span       // in the sheet's raw bytes
	spans span // the attribute of that name; empty and behind the tag's name without
	end   int  // where its closing tag begins; 0 if it has none
	style int  // of cells that are not there; 0: that of the column
	cells []sheetCell
	texts []byte // the values, one behind the other
	skips bool   // it is not the next number
}

func (r *sheetRow) number() int { return r.sheet.at }

func (r *sheetRow) apart() bool { return r.skips }

func (r *sheetRow) width() int {
	for i := len(r.cells) - 1; i >= 0; i-- {
		if r.cells[i].full() {
			return r.cells[i].column + 1
		}
	}
	return 0
}

func (r *sheetRow) holds(i int) bool {
	c := r.cell(i)
	return c != nil && c.full()
}

func (r *sheetRow) quoted() bool { return false }

// cell finds the cell in a column; nil if there is none.
func (r *sheetRow) cell(column int) *sheetCell {
	i, ok := slices.BinarySearchFunc(r.cells, column, func(c sheetCell, column int) int { return c.column - column })
	if !ok {
		return nil
	}
	return &r.cells[i]
}

// text is what a cell shows. Numbers are written plainly.
func (r *sheetRow) text(i int) string {
	c := r.cell(i)
	if c == nil || c.value.to == c.value.from {
		return ""
	}
	value := valid(r.texts[c.value.from:c.value.to])
	switch {
	case c.kind == cellShared:
		return r.sheet.texts.at(c.shared)
	case c.kind == cellBool && value == "0":
		return "FALSE"
	case c.kind == cellBool:
		return "TRUE"
	case c.kind == cellNumber:
		return r.sheet.formats.show(value, c.style)
	}
	return value
}

// doubt says why what a cell shows cannot be an order's number.
func (r *sheetRow) doubt(i int) string {
	c := r.cell(i)
	if c == nil || !c.full() {
		return ""
	}
	stored := string(r.texts[c.value.from:c.value.to])
	isFormula := c.formula.to > 0
	switch text := trim(r.text(i)); {
	case isFormula && !c.stored:
		return doubtFormula
	case isFormula && plainNumber(stored) == "0":
		return doubtZero
	case c.kind == cellNumber && r.sheet.formats.isDate(c.style):
		return "the cell is a date, " + shorten(text)
	case c.kind == cellNumber:
		return doubtNumber(plainNumber(stored))
	case c.kind == cellBool:
		return "the cell says " + text
	default:
		return doubtShown(text)
	}
}

// readCell reads a cell, whose opening tag is t.
func (s *sheetScanner) readCell(t xmlToken) error {
	c := sheetCell{span: t.span, nameEnd: t.name.to, style: s.integer("s")}
	kind, _ := s.attrSpan("t")
	var known bool
	if c.kind, known = cellKinds[string(s.raw[kind.from:kind.to])]; !known {
		return damaged("a cell is of an unknown kind")
	}
	if err := s.place(&c); err != nil {
		return err
	}
	if t.kind == xmlOpen {
		if err := s.readContent(&c); err != nil {
			return err
		}
	}
	s.row.cells = append(s.row.cells, c)
	return nil
}

// place finds the column of a cell.
func (s *sheetScanner) place(c *sheetCell) error {
	last := -1
	if n := len(s.row.cells); n > 0 {
		last = s.row.cells[n-1].column
	}
	at, ok := s.attrSpan("r")
	if !ok {
		c.bare, c.column = true, last+1
	} else if c.column, ok = s.reference(s.raw[at.from:at.to]); !ok || c.column <= last {
		return damaged("a cell is out of order")
	}
	if c.column >= maxColumns {
		return &Error{Msg: fmt.Sprintf("more than %d cells in a row", maxColumns), Err: ErrTooLong}
	}
	return nil
}

// reference reads a cell's name, which must be of this row.
func (s *sheetScanner) reference(name []byte) (column int, ok bool) {
	i := 0
	for ; i < len(name) && i < 4 && name[i] >= 'A' && name[i] <= 'Z'; i++ {
		column = 26*column + int(name[i]-'A') + 1
	}
	row, ok := digits(name[i:])
	return column - 1, ok && i > 0 && row == s.at
}

// columnName is what a spreadsheet calls a column.
func columnName(column int) string {
	var b []byte
	for column++; column > 0; column = (column - 1) / 26 {
		b = append(b, byte('A'+(column-1)%26))
	}
	slices.Reverse(b)
	return string(b)
}

// readContent reads what is in a cell.
func (s *sheetScanner) readContent(c *sheetCell) error {
	for {
		t, err := s.xmlScanner.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlClose:
			c.to = t.to
			return s.resolve(c)
		case !t.opens():
			continue
		case s.is(t, "f"):
			c.formula, err = s.readFormula(t)
		case t.kind == xmlOpen && (s.is(t, "v") || s.is(t, "is")):
			from := len(s.row.texts)
			s.row.texts, err = s.rich(s.row.texts, t.level, s.is(t, "v"))
			c.value = span{from, len(s.row.texts)}
			c.stored = c.value.to > from || c.kind == cellText
		default:
			err = s.pass(t)
		}
		if err != nil {
			return err
		}
	}
}

// resolve finds the shared string of a cell.
func (s *sheetScanner) resolve(c *sheetCell) error {
	if c.kind != cellShared || c.value.to == c.value.from {
		return nil
	}
	i, ok := digits(s.row.texts[c.value.from:c.value.to])
	if !ok || i >= s.texts.count {
		return damaged("a cell has a text that is not there")
	}
	c.shared = i
	return nil
}

// readFormula reads a formula, whose opening tag is t.
func (s *sheetScanner) readFormula(t xmlToken) (formula, error) {
	f := formula{span: t.span}
	if kind, _ := s.attr("t"); kind == "shared" {
		f.group, _ = s.attr("si")
		_, f.master = s.attrSpan("ref")
	}
	err := s.pass(t)
	f.to = len(s.raw)
	return f, err
}
