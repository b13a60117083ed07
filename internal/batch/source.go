package batch

import (
	"io"
	"os"
)

// source is a kind of file that a batch can be. What its rows mean, what there
// is to do and what the results say is one for all kinds; a source knows how
// rows are stored, and how to put cells into them without touching the rest.
// It is not changed once it is open: several passes may run at a time.
type source interface {
	// read calls each for every record of f, in the order of the file.
	read(f *os.File, each func(rec record) error) error
	// inspect is read, the first time: it finds out what only the whole file tells,
	// with the column of the numbers.
	inspect(f *os.File, number int, each func(rec record) error) error
	// freeColumn is the first column from one on where columns of ours can be seen.
	freeColumn(from int) int
	// notOrder says what a row is that is none of an order; empty if it may be one.
	notOrder(rec record) string
	// rewrite copies f to w, with the cells that edit gives.
	rewrite(f *os.File, w io.Writer, to target, edit edit) error
	// extension is that of the results' name, the dot included.
	extension() string
	// unit is what the number of a record counts: line or row.
	unit() string
	// sheetName is that of the sheet; empty for a text file.
	sheetName() string
	// describe says how the file was read.
	describe() string
}

// record is a row of a batch, its cells as text. It is valid until the next is
// read.
type record interface {
	// number is the row's place in the file, 1-based: the line on which it
	// begins, or its number in the sheet.
	number() int
	// afterGap reports whether there are empty rows before it that the file leaves out.
	afterGap() bool
	// width is how many cells there are.
	width() int
	// text is that of a cell; empty if the row is too short to have it.
	text(i int) string
	// filled reports whether there is anything in a cell, even if it is nothing
	// to see.
	filled(i int) bool
	// quoted reports whether every cell is in quotes.
	quoted() bool
	// numberProblem says why what a cell shows cannot be an order's number, though it may
	// look like one; empty if nothing speaks against it.
	numberProblem(i int) string
}

// positions are the columns of the status columns in the results.
type positions [numStatusColumns]int

// target is where the status columns go.
type target struct {
	at    positions
	added [numStatusColumns]string // names of those that are appended; empty for the others
}

// edit gives the cells to put into a record; false leaves it as it is. It is
// called once for each record, in their order.
type edit func(rec record) (statusCells, bool)

// layout is where in a batch things are.
type layout struct {
	preamble int // records before the header: the sep= line, titles, empty ones
	header   int // the header's number
	names    []string
	quoted   bool // the header quotes every name
	columns  columns
}

// blank reports whether there is nothing to see in a row.
func blank(rec record) bool {
	for i := range rec.width() {
		if trim(rec.text(i)) != "" {
			return false
		}
	}
	return true
}
