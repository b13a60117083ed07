package batch

import (
	"slices"
	"strings"
)

// Where the header may be: exports have titles, filters and comments above it.
const (
	headerRows  = 30    // rows that are not blank
	blankHeader = 1_000 // rows of any kind
)

// search looks for the header among the first rows.
type search struct {
	found  *layout  // the header
	maybe  *layout  // what is the header if nothing better comes
	names  []string // of the row with the most cells, for the error
	filled int      // how many of them
	seen   int      // records
	rows   int      // that are not blank
	cells  int      // of the rows behind maybe
}

// take looks at the next record and reports whether the search is over.
func (s *search) take(rec record) bool {
	if s.cells += rec.width(); !blank(rec) {
		s.look(rec)
		s.rows++
	}
	s.seen++
	return s.found != nil || s.rows == headerRows || s.seen == blankHeader
}

// skip passes over a record that is no row.
func (s *search) skip() { s.seen++ }

func (s *search) look(rec record) {
	var names []string
	filled := 0
	for i := range rec.width() {
		names = append(names, rec.text(i))
		if trim(names[i]) != "" {
			filled++
		}
	}
	if filled > s.filled {
		s.names, s.filled = names, filled
	}
	l := &layout{preface: s.seen, header: rec.number(), names: names, quoted: rec.quoted(), columns: readHeader(names)}
	switch judge(l, filled) {
	case certain:
		s.found = l
	case possible:
		if s.maybe == nil {
			s.maybe, s.cells = l, 0
		}
	}
}

// result is the header, nil if there is none.
func (s *search) result() *layout {
	if s.found != nil {
		return s.found
	}
	return s.maybe
}

// likelihood is how likely a row is the header.
type likelihood int

const (
	unlikely likelihood = iota
	possible
	certain
)

// judge tells a header from a title that is called Purchase Order and from a row
// of data whose type is PO. filled is how many cells have something.
func judge(l *layout, filled int) likelihood {
	c := l.columns
	if c.number < 0 {
		return unlikely
	}
	weak := slices.Index(numberNames, letters(l.names[c.number])) > 1
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
