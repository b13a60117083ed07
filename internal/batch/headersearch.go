package batch

import (
	"slices"
	"strings"
)

// Where the header may be: exports have titles, filters and comments above it.
const (
	maxHeaderRows    = 30    // rows that are not blank
	maxHeaderRecords = 1_000 // rows of any kind
)

// maxRowsToNumber is how many rows below a header one must have something like a
// number: cover sheets have a field called PO Number.
const maxRowsToNumber = 5

// headerSearch looks for the header among the first rows.
type headerSearch struct {
	found    *layout     // the header
	fallback *layout     // what is the header if nothing better comes
	pending  []candidate // what is the header if there are numbers below
	last     int         // where the last candidate was among the records
	names    []string    // of the row with the most cells, for the error
	filled   int         // how many of them
	seen     int         // records
	rows     int         // that are not blank
	cells    int         // of the rows behind fallback
}

// candidate is a row that looks like a header.
type candidate struct {
	*layout
	left int // rows in which a number may still come
}

// add looks at the next record and reports whether the search is over.
func (s *headerSearch) add(rec record) bool {
	s.cells += rec.width()
	if !blank(rec) {
		s.checkCandidates(rec)
		if s.found == nil && s.rows < maxHeaderRows {
			s.check(rec)
		}
		s.rows++
	}
	s.seen++
	return s.found != nil || s.rows >= maxHeaderRows && len(s.pending) == 0 || s.seen == maxHeaderRecords
}

// skip passes over a record that is no row.
func (s *headerSearch) skip() { s.seen++ }

// checkCandidates looks for a number below the candidates.
func (s *headerSearch) checkCandidates(rec record) {
	for i := range s.pending {
		if strings.ContainsAny(rec.text(s.pending[i].columns.number), "0123456789") {
			s.found = s.pending[i].layout
			return
		}
		s.pending[i].left--
	}
	s.pending = slices.DeleteFunc(s.pending, func(c candidate) bool {
		if c.left == 0 {
			s.setFallback(c.layout)
		}
		return c.left == 0
	})
}

// setFallback remembers the first that may be the header.
func (s *headerSearch) setFallback(l *layout) {
	if s.fallback == nil {
		s.fallback, s.cells = l, 0
	}
}

// check looks whether a row is the header.
func (s *headerSearch) check(rec record) {
	names, filled := texts(rec)
	if filled > s.filled {
		s.names, s.filled = names, filled
	}
	l := &layout{preamble: s.seen, header: rec.number(), names: names, quoted: rec.quoted(), columns: readHeader(names)}
	switch rate(l, filled) {
	case certain:
		s.addCandidate(l)
	case possible:
		s.setFallback(l)
	}
}

// texts are the cells of a row; filled is how many of them have something.
func texts(rec record) (cells []string, filled int) {
	for i := range rec.width() {
		cells = append(cells, rec.text(i))
		if trim(cells[i]) != "" {
			filled++
		}
	}
	return cells, filled
}

// addCandidate adds a candidate. Of two with their numbers in one column the lower
// is the header and the upper a field of the cover, unless they follow each other,
// as headers for several types of records do.
func (s *headerSearch) addCandidate(l *layout) {
	beside := len(s.pending) > 0 && s.last == s.seen-1
	s.last = s.seen
	at := slices.IndexFunc(s.pending, func(c candidate) bool { return c.columns.number == l.columns.number })
	switch {
	case at < 0:
		s.pending = append(s.pending, candidate{l, maxRowsToNumber})
	case !beside:
		s.setFallback(s.pending[at].layout)
		s.pending[at] = candidate{l, maxRowsToNumber}
	}
}

// result is the header, nil if there is none.
func (s *headerSearch) result() *layout {
	switch {
	case s.found != nil:
		return s.found
	case s.fallback == nil && len(s.pending) > 0:
		return s.pending[0].layout
	}
	return s.fallback
}

// likelihood is how likely a row is the header.
type likelihood int

const (
	unlikely likelihood = iota
	possible
	certain
)

// rate tells a header from a title that is called Purchase Order and from a row
// of data whose type is PO. filled is how many cells have something.
func rate(l *layout, filled int) likelihood {
	c := l.columns
	if c.number < 0 {
		return unlikely
	}
	weak := hasWeakName(l.names[c.number])
	beside := slices.ContainsFunc(l.names, isData)
	switch {
	case weak && beside:
		return unlikely
	case beside, filled == 1:
		return possible
	}
	return certain
}

// isData reports whether a cell has a number, an amount or a date, which no
// column is called, unless it is of a year.
func isData(cell string) bool {
	cell = trim(cell)
	if !strings.ContainsAny(cell, "0123456789") || strings.Trim(cell, "0123456789.,:/+- ") != "" {
		return false
	}
	return len(cell) != 4 || !strings.HasPrefix(cell, "19") && !strings.HasPrefix(cell, "20")
}
