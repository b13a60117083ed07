package xlsx

import (
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
	implied bool // it is the next one, and the cell does not say so
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

// filled reports whether there is anything in a cell.
func (c *sheetCell) filled() bool { return c.value.to > c.value.from || c.formula.to > 0 }

// Row is a row of a sheet. It is valid until the next is read. Columns are
// 0-based.
type Row struct {
	sheet *sheetScanner
	span       // in the sheet's raw bytes
	spans span // the attribute of that name; empty and behind the tag's name without
	end   int  // where its closing tag begins; 0 if it has none
	style int  // of cells that are not there; 0: that of the column
	cells []sheetCell
	texts []byte // the values, one behind the other
	gap   bool   // it is not the next number
}

// Number is the row's number in the sheet, 1-based.
func (r *Row) Number() int { return r.sheet.at }

// AfterGap reports whether the sheet leaves out rows before this one, which are
// empty.
func (r *Row) AfterGap() bool { return r.gap }

// Width is how many columns there are to the last filled cell.
func (r *Row) Width() int {
	for i := len(r.cells) - 1; i >= 0; i-- {
		if r.cells[i].filled() {
			return r.cells[i].column + 1
		}
	}
	return 0
}

// Filled reports whether there is anything in a cell, be it a formula without a
// result.
func (r *Row) Filled(column int) bool {
	c := r.cell(column)
	return c != nil && c.filled()
}

// cell finds the cell in a column; nil if there is none.
func (r *Row) cell(column int) *sheetCell {
	i, ok := slices.BinarySearchFunc(r.cells, column, func(c sheetCell, column int) int { return c.column - column })
	if !ok {
		return nil
	}
	return &r.cells[i]
}

// Text is what a cell shows; empty if there is none. Numbers are written plainly,
// without separators and exponents.
func (r *Row) Text(column int) string {
	c := r.cell(column)
	if c == nil || c.value.to == c.value.from {
		return ""
	}
	value := valid(r.texts[c.value.from:c.value.to])
	switch {
	case c.kind == cellShared:
		return r.sheet.sharedStrings.at(c.shared)
	case c.kind == cellBool && value == "0":
		return "FALSE"
	case c.kind == cellBool:
		return "TRUE"
	case c.kind == cellNumber:
		return r.sheet.formats.show(value, c.style)
	}
	return value
}

// Kind is what kind of value a cell has.
type Kind int

// Kinds of values.
const (
	Text   Kind = iota // or an error, as a formula shows it
	Number             // which is not shown as a date
	Date
	Bool
)

// Value is what is stored in a cell.
type Value struct {
	Kind     Kind
	Plain    string // as stored; numbers without an exponent
	Formula  bool
	NoResult bool // of the formula, as no program has calculated it
}

// Value gives what is stored in a cell; false if there is nothing.
func (r *Row) Value(column int) (Value, bool) {
	c := r.cell(column)
	if c == nil || !c.filled() {
		return Value{}, false
	}
	v := Value{Plain: plainNumber(string(r.texts[c.value.from:c.value.to])), Formula: c.formula.to > 0}
	v.NoResult = v.Formula && !c.stored
	switch {
	case c.kind == cellBool:
		v.Kind = Bool
	case c.kind == cellNumber && r.sheet.formats.isDate(c.style):
		v.Kind = Date
	case c.kind == cellNumber:
		v.Kind = Number
	}
	return v, true
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
		c.implied, c.column = true, last+1
	} else if c.column, ok = s.reference(s.raw[at.from:at.to]); !ok || c.column <= last {
		return damaged("a cell is out of order")
	}
	if c.column >= MaxColumns {
		return wideRow()
	}
	return nil
}

// reference reads a cell's name, which must be of this row.
func (s *sheetScanner) reference(name []byte) (column int, ok bool) {
	row, column, ok := parseReference(name)
	return column, ok && row == s.at
}

// parseReference reads a cell's name, such as B7. Rows are 1-based, columns
// 0-based.
func parseReference(name []byte) (row, column int, ok bool) {
	i := 0
	for ; i < len(name) && i < 4 && name[i] >= 'A' && name[i] <= 'Z'; i++ {
		column = 26*column + int(name[i]-'A') + 1
	}
	row, ok = digits(name[i:])
	return row, column - 1, ok && i > 0 && row > 0
}

// ColumnName is what a spreadsheet calls a column: A is the first, which is 0.
func ColumnName(column int) string {
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
			s.row.texts, err = s.richText(s.row.texts, t.level, s.is(t, "v"))
			c.value = span{from, len(s.row.texts)}
			c.stored = c.value.to > from || c.kind == cellText
		default:
			err = s.skipElement(t)
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
	if !ok || i >= s.sharedStrings.count {
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
	err := s.skipElement(t)
	f.to = len(s.raw)
	return f, err
}
