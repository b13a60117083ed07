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

// numberRows is how many rows below a header one must have something like a
// number: cover sheets have a field called PO Number.
const numberRows = 5

// search looks for the header among the first rows.
type search struct {
	found   *layout     // the header
	maybe   *layout     // what is the header if nothing better comes
	pending []candidate // what is the header if there are numbers below
	last    int         // where the last candidate was among the records
	names   []string    // of the row with the most cells, for the error
	filled  int         // how many of them
	seen    int         // records
	rows    int         // that are not blank
	cells   int         // of the rows behind maybe
}

// candidate is a row that looks like a header.
type candidate struct {
	*layout
	left int // rows in which a number may still come
}

// take looks at the next record and reports whether the search is over.
func (s *search) take(rec record) bool {
	s.cells += rec.width()
	if !blank(rec) {
		s.confirm(rec)
		if s.found == nil && s.rows < headerRows {
			s.look(rec)
		}
		s.rows++
	}
	s.seen++
	return s.found != nil || s.rows >= headerRows && len(s.pending) == 0 || s.seen == blankHeader
}

// skip passes over a record that is no row.
func (s *search) skip() { s.seen++ }

// confirm looks for a number below the candidates.
func (s *search) confirm(rec record) {
	for i := range s.pending {
		if strings.ContainsAny(rec.text(s.pending[i].columns.number), "0123456789") {
			s.found = s.pending[i].layout
			return
		}
		s.pending[i].left--
	}
	s.pending = slices.DeleteFunc(s.pending, func(c candidate) bool {
		if c.left == 0 {
			s.settle(c.layout)
		}
		return c.left == 0
	})
}

// settle remembers the first that may be the header.
func (s *search) settle(l *layout) {
	if s.maybe == nil {
		s.maybe, s.cells = l, 0
	}
}

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
		s.wait(l)
	case possible:
		s.settle(l)
	}
}

// wait adds a candidate. Of two with their numbers in one column the lower is the
// header and the upper a field of the cover, unless they follow each other, as
// headers for several types of records do.
func (s *search) wait(l *layout) {
	beside := len(s.pending) > 0 && s.last == s.seen-1
	s.last = s.seen
	at := slices.IndexFunc(s.pending, func(c candidate) bool { return c.columns.number == l.columns.number })
	switch {
	case at < 0:
		s.pending = append(s.pending, candidate{l, numberRows})
	case !beside:
		s.settle(s.pending[at].layout)
		s.pending[at] = candidate{l, numberRows}
	}
}

// result is the header, nil if there is none.
func (s *search) result() *layout {
	switch {
	case s.found != nil:
		return s.found
	case s.maybe == nil && len(s.pending) > 0:
		return s.pending[0].layout
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
