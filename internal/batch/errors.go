package batch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/po"
)

// ErrUnusable is wrapped by every error of a batch.
var ErrUnusable = errors.New("unusable batch")

// What is wrong with a batch, for errors.Is. A file that does not exist or may
// not be read is fs.ErrNotExist or fs.ErrPermission.
var (
	ErrNotFile    = errors.New("not a regular file")
	ErrEmpty      = errors.New("empty file")
	ErrNoColumn   = errors.New("no column of order numbers")
	ErrNoNumber   = errors.New("no usable order number")
	ErrTwoColumns = errors.New("two columns of order numbers")
	ErrBinary     = errors.New("binary file")
	ErrOtherKind  = errors.New("a file of another kind")
	ErrWorkbook   = xlsx.ErrUnsupported
	ErrEncoding   = xlsx.ErrEncoding
	ErrCharset    = errors.New("not in the encoding of the list")
	ErrTooLong    = xlsx.ErrTooLarge
	ErrQuote      = errors.New("quote that does not close")
	ErrChanged    = errors.New("changed since it was opened")

	ErrDamaged   = xlsx.ErrDamaged
	ErrProtected = xlsx.ErrProtected
)

// Error is a po.Error with its place in a batch: what says more of the place
// adds it on the way up.
type Error struct {
	Path  string // as the user gave it
	Sheet string // of a workbook, if it is about one
	Line  int    // 1-based, in a sheet the row; 0 if it is about the whole file
	Msg   string
	Hint  string // what to do about it; may be empty
	Err   error  // one of this package's, or that of the file system
}

func (e *Error) Error() string {
	where := printable(e.Path)
	line := "line"
	if e.Sheet != "" {
		where += ": sheet " + strconv.Quote(shorten(e.Sheet))
		line = "row"
	}
	if e.Line > 0 {
		where += fmt.Sprintf(": %s %d", line, e.Line)
	}
	return where + ": " + e.Msg
}

// Unwrap gives the po.Error, in which the place is a part of the message.
func (e *Error) Unwrap() error {
	return &po.Error{Msg: e.Error(), Hint: e.Hint, Err: errors.Join(ErrUnusable, e.Err)}
}

// printable keeps a path with a line break or an escape sequence in it on one
// line.
func printable(path string) string {
	if strings.IndexFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return path
	}
	return strconv.Quote(path)
}

// Longest text and longest list of names shown of a hostile batch.
const (
	maxShown      = 40
	maxShownNames = 12
)

// shorten makes a cell fit for a message: one line, not too long.
func shorten(s string) string {
	const most = utf8.UTFMax * (maxShown + 1) // more need not be looked at
	r := []rune(oneLine(s[:min(len(s), most)]))
	if len(r) > maxShown {
		return string(r[:maxShown-1]) + "…"
	}
	return string(r)
}

// noColumn is the error of a header without a column of order numbers.
func noColumn(names []string) *Error {
	shown := make([]string, 0, maxShownNames)
	for _, n := range names[:min(len(names), maxShownNames)] {
		shown = append(shown, strconv.Quote(shorten(n)))
	}
	list := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return &Error{
		Msg:  "no PO_NUMBER column; the columns are " + list,
		Hint: fmt.Sprintf("name the column of order numbers PO_NUMBER, in one of the first %d rows", maxHeaderRows),
		Err:  ErrNoColumn,
	}
}
