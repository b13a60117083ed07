package batch

import (
	"slices"
	"strconv"
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

// exactName is the name of the column of order numbers that no other can rival.
const exactName = "PO_NUMBER"

// numberColumnNames are the names of the column of order numbers as normalizeName gives
// them. The last two are also what a title or a cell of data may say.
var numberColumnNames = []string{"ponumber", "purchaseordernumber", "purchaseorder", "po"}

// hasWeakName reports whether a name of such a column is one of the last two.
func hasWeakName(name string) bool { return slices.Index(numberColumnNames, normalizeName(name)) > 1 }

// columns says where in a row things are; -1 where they are not.
type columns struct {
	number       int
	alternatives []int // other columns whose names fit as well
	status       positions
	levels       int // the first column of levels
	// ours are the columns that are never a level, whatever their place: the
	// results have ours right of the levels and may be read again.
	ours map[int]bool
	// names are what those status columns are called that the batch lacks.
	names [numStatusColumns]string
}

// readHeader finds the columns in a header's names.
func readHeader(names []string) columns {
	c := columns{number: -1, levels: -1, ours: map[int]bool{}}
	if fit := numberColumns(names); len(fit) > 0 {
		c.number, c.alternatives = fit[0], fit[1:]
		c.ours[c.number] = true
	}
	for i, name := range names {
		if trim(name) == divider {
			c.levels = i + 1
			break
		}
	}
	c.readStatus(names)
	return c
}

// readStatus finds the status columns, if they are ours, and names for those
// that are to be appended. What a list's owner calls STATUS or SUPPLIER is not
// written over.
func (c *columns) readStatus(names []string) {
	taken := map[string]bool{}
	for _, name := range names {
		taken[strings.ToUpper(trim(name))] = true
	}
	for k := range c.status {
		c.status[k] = -1
		c.names[k] = freeName(statusColumns[k], taken)
	}
	if at, ok := appendedColumns(names); ok {
		c.status = at
	} else if at, ok := namedColumns(names); ok {
		c.status = at
	} else {
		return
	}
	for i, name := range names {
		if k, _ := statusColumn(name); k >= 0 {
			c.ours[i] = true
		}
	}
}

// freeName is a name for a column of ours: its own, unless there is such a one.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 1; taken[strings.ToUpper(free)]; n++ {
		free = ownPrefix + name
		if n > 1 {
			free += "_" + strconv.Itoa(n)
		}
	}
	return free
}

// ownPrefix begins the name of a column of ours whose own name is taken.
const ownPrefix = "PO_"

// statusColumn tells which status column a name is of, -1 for none, and whether
// it is one that freeName has made.
func statusColumn(name string) (k int, renamed bool) {
	name = strings.ToUpper(trim(name))
	for k, own := range statusColumns {
		rest, renamed := name, false
		if rest, renamed = strings.CutPrefix(name, ownPrefix); renamed {
			if i := strings.LastIndexByte(rest, '_'); i > 0 && isNumber(rest[i+1:]) {
				rest = rest[:i]
			}
		}
		if strings.EqualFold(rest, own) {
			return k, renamed
		}
	}
	return -1, false
}

// isNumber reports whether a text is a number as freeName writes it.
func isNumber(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && strconv.Itoa(n) == text
}

// appendedColumns finds all status columns side by side, as they are appended:
// then they are ours, whatever else the header has.
func appendedColumns(names []string) (positions, bool) {
	for from := len(names) - numStatusColumns; from >= 0; from-- {
		var at positions
		for k := range at {
			at[k] = from + k
			if is, _ := statusColumn(names[at[k]]); is != k {
				at[0] = -1
				break
			}
		}
		if at[0] >= 0 {
			return at, true
		}
	}
	return positions{}, false
}

// evidence are the columns of which two show, beside STATUS, that the status
// columns are ours.
var evidence = []int{colAttempts, colTime, colFolder, colCause, colDetail}

// namedColumns finds status columns in any order. One that has been renamed is
// ours rather than the one that was in its way, which is left of it.
func namedColumns(names []string) (positions, bool) {
	var at positions
	for k := range at {
		at[k] = -1
	}
	named := false // there is a STATUS
	for i, name := range names {
		k, renamed := statusColumn(name)
		if k < 0 {
			continue
		}
		named = named || k == colStatus && !renamed
		if at[k] < 0 && !renamed || at[k] >= 0 && renamed {
			at[k] = i
		}
	}
	found := 0
	for _, k := range evidence {
		if at[k] >= 0 {
			found++
		}
	}
	return at, named && found >= 2
}

// numberColumns finds the columns whose name is that of order numbers, the best
// first. Beside an exact PO_NUMBER no other counts.
func numberColumns(names []string) []int {
	var exact []int
	byName := make([][]int, len(numberColumnNames))
	for i, name := range names {
		if len(name) > maxShown*4 {
			continue
		}
		if strings.EqualFold(visible(name), exactName) {
			exact = append(exact, i)
		}
		if rank := slices.Index(numberColumnNames, normalizeName(name)); rank >= 0 {
			byName[rank] = append(byName[rank], i)
		}
	}
	if exact != nil {
		return exact
	}
	return slices.Concat(byName...)
}

// visible leaves out what cannot be seen.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
}

// normalizeName keeps a name's letters and digits, in lower case.
func normalizeName(name string) string {
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
