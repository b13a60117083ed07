package batch

import (
	"strings"
	"unicode"
)

// statusColumns are the columns that poactor fills, in the order in which
// those that a batch lacks are appended.
var statusColumns = [...]string{"STATUS", "SUPPLIER", "ATTACHMENTS_FOUND", "ATTACHMENTS_DOWNLOADED",
	"AttachmentName", "LAST_PROCESSED", "ERROR_MESSAGE", "DOWNLOAD_FOLDER", "COUPA_URL", "CAUSE", "ATTEMPTS"}

// Places in statusColumns.
const (
	colStatus = iota
	colSupplier
	colFound
	colDownloaded
	colNames
	colTime
	colDetail
	colFolder
	colURL
	colCause
	colAttempts
	numStatusColumns
)

// isCount reports whether a status column holds numbers.
func isCount(k int) bool { return k == colFound || k == colDownloaded || k == colAttempts }

// divider heads the column right of which the folder levels are.
const divider = "<|>"

// numberNames are the names of the column of order numbers as letters gives
// them, the best first.
var numberNames = []string{"ponumber", "purchaseordernumber", "purchaseorder", "po"}

// columns says where in a row things are; -1 where they are not.
type columns struct {
	number int
	status places
	levels int // the first column of levels
	// ours are the columns that are never a level, whatever their place: the
	// results have ours right of the levels and may be read again.
	ours map[int]bool
}

// readHeader finds the columns in a header's names.
func readHeader(names []string) columns {
	number := numberColumn(names)
	c := columns{number: number, levels: -1, ours: map[int]bool{number: true}}
	for k := range c.status {
		c.status[k] = -1
	}
	for i, name := range names {
		name = trim(name)
		if name == divider && c.levels < 0 {
			c.levels = i + 1
		}
		for k, want := range statusColumns {
			if !strings.EqualFold(name, want) {
				continue
			}
			c.ours[i] = true
			if c.status[k] < 0 {
				c.status[k] = i
			}
		}
	}
	return c
}

// numberColumn finds the column of order numbers; -1 if there is none.
func numberColumn(names []string) int {
	best, rank := -1, len(numberNames)
	for i, name := range names {
		if len(name) > maxShown*4 {
			continue
		}
		for r, want := range numberNames[:rank] {
			if letters(name) == want {
				best, rank = i, r
				break
			}
		}
	}
	return best
}

// letters keeps a name's letters and digits, in lower case.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// trim takes off what cannot be seen around a cell's text.
func trim(s string) string { return strings.TrimFunc(s, invisible) }

// invisible reports spaces of every kind, control and format characters (byte
// order mark, zero-width and direction marks).
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
