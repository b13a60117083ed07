package xlsx

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// What is wrong with a workbook, for errors.Is.
var (
	ErrDamaged     = errors.New("damaged workbook")
	ErrProtected   = errors.New("protected by a password")
	ErrUnsupported = errors.New("workbook")
	ErrEncoding    = errors.New("unreadable encoding")
	ErrTooLarge    = errors.New("too long")
)

// Bounds of what a sheet may hold. A spreadsheet has cells of 32,767 characters
// and 16,384 columns at most
// (https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3).
const (
	MaxColumns   = 16384
	MaxCellBytes = 1 << 20
	MaxRowBytes  = 8 << 20
)

// Error says what is wrong with a workbook, in one line.
type Error struct {
	Sheet string // empty if it is not about one
	Row   int    // 1-based; 0 if it is not about one
	Msg   string
	Hint  string // what to do about it; may be empty
	Err   error  // one of this package's
}

func (e *Error) Error() string {
	where := ""
	if e.Sheet != "" {
		where = "sheet " + strconv.Quote(e.Sheet) + ": "
	}
	if e.Row > 0 {
		where += fmt.Sprintf("row %d: ", e.Row)
	}
	return where + e.Msg
}

// Unwrap gives what is wrong.
func (e *Error) Unwrap() error { return e.Err }

const (
	hintSaveAgain = "open it in Excel or LibreOffice and save it again"
	hintCSV       = "save it as CSV"
)

// damaged is the error of a workbook that does not hold together.
func damaged(why string) *Error {
	return &Error{Msg: "the workbook is damaged: " + why, Hint: hintSaveAgain, Err: ErrDamaged}
}

// Protected is the error of a workbook with a password. One that is encrypted as
// a whole is no zip archive: whoever recognizes it returns this.
func Protected() *Error {
	return &Error{Msg: "the workbook is protected by a password", Hint: "save it without a password", Err: ErrProtected}
}

func longText() *Error {
	return &Error{Msg: fmt.Sprintf("a text is longer than %d bytes", MaxCellBytes), Hint: "shorten it", Err: ErrTooLarge}
}

func wideRow() *Error {
	return &Error{Msg: fmt.Sprintf("more than %d cells in a row", MaxColumns), Err: ErrTooLarge}
}

func longRow() *Error {
	return &Error{Msg: fmt.Sprintf("a row is longer than %d bytes", MaxRowBytes), Err: ErrTooLarge}
}

// printable makes a name that a workbook gives fit for a message: one line, not
// too long.
func printable(name string) string {
	const most = 40
	r := []rune(strings.ToValidUTF8(name[:min(len(name), 4*most)], "\uFFFD"))
	for i := range r {
		if !unicode.IsPrint(r[i]) {
			r[i] = ' '
		}
	}
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}
