package batch

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// frame is what lies around and over the cells of the sheet with the orders, as
// far as new columns must keep to it: in a merged cell or a hidden column nobody
// sees them, and what is beside a table or a filter is not sorted or filtered
// with its rows.
type frame struct {
	merged []area // that may be in the way
	filter area   // of the sheet's own filter; empty if it has none or it is not of the orders
	table  *table // with the orders; nil if they are in none
	last   int    // the last row that may be an order
}

// area is a rectangle of cells. Rows are 1-based, columns 0-based.
type area struct{ top, left, bottom, right int }

// maxMerged bounds the merged cells that are looked at.
const maxMerged = 100_000

// table is a table, which is a part of its own.
type table struct {
	part    string
	area    area
	totals  int  // rows at its end
	ids     int  // the highest id of its columns
	foreign bool // it is filled from elsewhere, and its columns are not ours to add to
}

// parseArea reads a reference like A1:F10, with or without $.
func parseArea(ref string) (area, bool) {
	first, last, found := strings.Cut(strings.ReplaceAll(ref, "$", ""), ":")
	if !found {
		last = first
	}
	top, left, ok := parseCell(first)
	bottom, right, ok2 := parseCell(last)
	return area{top, left, bottom, right}, ok && ok2 && top <= bottom && left <= right
}

func parseCell(name string) (row, column int, ok bool) {
	i := 0
	for ; i < len(name) && i < 4 && name[i] >= 'A' && name[i] <= 'Z'; i++ {
		column = 26*column + int(name[i]-'A') + 1
	}
	row, ok = digits([]byte(name[i:]))
	return row, column - 1, ok && i > 0 && row > 0
}

func (a area) String() string {
	return columnName(a.left) + strconv.Itoa(a.top) + ":" + columnName(a.right) + strconv.Itoa(a.bottom)
}

// heads reports whether the header is the first row of an area, with the column
// of numbers in it.
func (a area) heads(header, number int) bool {
	return a.top == header && a.left <= number && number <= a.right
}

// note looks at an element behind the rows.
func (f *frame) note(s *xmlScanner, t xmlToken, header, number int) {
	switch {
	case !t.opens():
	case t.level == 3 && s.is(t, "mergeCell") && len(f.merged) < maxMerged:
		ref, _ := s.attr("ref")
		if a, ok := parseArea(ref); ok && a.bottom >= header && a.right > a.left {
			f.merged = append(f.merged, a)
		}
	case t.level == 2 && s.is(t, "autoFilter"):
		ref, _ := s.attr("ref")
		if a, ok := parseArea(ref); ok && a.heads(header, number) {
			f.filter = a
		}
	}
}

// clear is the first column from one on, of as many as there are of ours, that is
// in no merged cell of the header or an order.
func (f *frame) clear(from int) int {
	if f == nil {
		return from
	}
	for _, a := range f.merged {
		if a.top <= f.last && a.right+numStatusColumns < maxColumns {
			from = max(from, a.right+1)
		}
	}
	return from
}

// tableOf finds the table of a sheet that the orders are in; nil if there is
// none.
func (a *archive) tableOf(sheet string, header, number int) (*table, error) {
	if a.part(relationsOf(sheet)) == nil {
		return nil, nil
	}
	related, err := a.relationships(sheet)
	if err != nil {
		return nil, err
	}
	for _, r := range related {
		if r.kind != "table" || a.part(r.target) == nil {
			continue
		}
		t, err := a.readTable(r.target)
		if err != nil {
			return nil, err
		}
		if t.area.heads(header, number) {
			return t, nil
		}
	}
	return nil, nil
}

func (a *archive) readTable(part string) (*table, error) {
	found := &table{part: part}
	err := a.each(part, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
		switch {
		case !t.opens():
		case t.level == 1:
			ref, _ := s.attr("ref")
			found.area, _ = parseArea(ref)
			found.totals = s.integer("totalsRowCount")
			kind, _ := s.attr("tableType")
			headers, ok := s.attr("headerRowCount")
			found.foreign = kind != "" && kind != "worksheet"
			if ok && headers == "0" {
				found.area = area{}
			}
		case t.level == 3 && s.is(t, "tableColumn"):
			found.ids = max(found.ids, s.integer("id"))
		}
		return nil
	})
	return found, err
}

// other says that a row is the table's total, which is no order.
func (f *frame) other(row int) string {
	if f == nil || f.table == nil || row > f.table.area.bottom || row <= f.table.area.bottom-f.table.totals {
		return ""
	}
	return "the table's total"
}

// wider says what is made wider, to hold the columns that are appended.
type wider struct {
	target
	right         int // the last column
	table, filter bool
}

// widen says what becomes wider. A table with other columns between it and ours
// stays as it is.
func (w *workbook) widen(to target) wider {
	wide := wider{target: to, right: slices.Max(to.at[:])}
	if w.frame == nil {
		return wide
	}
	t := w.frame.table
	wide.table = t != nil && !t.foreign && len(to.added) > 0 && wide.right-t.area.right == len(to.added)
	wide.filter = w.frame.filter.bottom > 0 && w.frame.filter.right < wide.right
	return wide
}

// changeTable gives a table its new columns.
func (w *workbook) changeTable(wide wider) func(s *xmlScanner, t xmlToken) error {
	to := w.frame.table.area
	to.right = wide.right
	return func(s *xmlScanner, t xmlToken) error {
		switch {
		case t.opens() && t.level == 1:
			s.setAttr("ref", to.String())
		case t.opens() && t.level == 2 && s.is(t, "autoFilter"):
			filter := to
			filter.bottom -= w.frame.table.totals
			s.setAttr("ref", filter.String())
		case t.opens() && t.level == 2 && s.is(t, "tableColumns"):
			s.setAttr("count", strconv.Itoa(to.right-to.left+1))
		case t.kind == xmlClose && t.level == 2 && s.is(t, "tableColumns"):
			var added []byte
			for i := range len(wide.added) {
				column := w.frame.table.area.right + 1 + i
				added = append(added, "<"+s.prefix+`tableColumn id="`+strconv.Itoa(w.frame.table.ids+1+i)+`" name="`...)
				added = append(escape(added, wide.added[column]), `"/>`...)
			}
			s.raw = slices.Insert(s.raw, t.from, added...)
		}
		return nil
	}
}

// changeFilter makes the sheet's own filter wider.
func (w *workbook) changeFilter(wide wider) func(s *xmlScanner, t xmlToken) error {
	return func(s *xmlScanner, t xmlToken) error {
		if wide.filter && t.opens() && t.level == 2 && s.is(t, "autoFilter") {
			to := w.frame.filter
			to.right = wide.right
			s.setAttr("ref", to.String())
		}
		return nil
	}
}

// filterName is the name that Excel gives the cells of a filter.
const filterName = "_xlnm._FilterDatabase"

// lastColumn is that of the cells of such a name.
var lastColumn = regexp.MustCompile(`:\$([A-Z]{1,3})\$[0-9]+$`)

// changeFilterName makes the name of the filter's cells go as far as the filter.
func (w *workbook) changeFilterName(wide wider) func(s *xmlScanner, t xmlToken) error {
	inName := false
	return func(s *xmlScanner, t xmlToken) error {
		switch {
		case t.opens():
			name, _ := s.attr("name")
			inName = t.kind == xmlOpen && t.level == 3 && s.is(t, "definedName") && name == filterName && s.integer("localSheetId") == w.index
		case t.kind == xmlClose:
			inName = false
		case t.kind == xmlText && inName:
			if m := lastColumn.FindSubmatchIndex(s.raw[t.from:t.to]); m != nil {
				s.raw = slices.Replace(s.raw, t.from+m[2], t.from+m[3], []byte(columnName(wide.right))...)
			}
		}
		return nil
	}
}

// setAttr changes the value of an attribute of the last tag, if it is there.
// Nothing else is asked of that tag behind it.
func (s *xmlScanner) setAttr(name, value string) {
	if at, ok := s.attrSpan(name); ok {
		s.raw = slices.Replace(s.raw, at.from, at.to, []byte(value)...)
	}
}

// hiddenColumns are columns that a sheet hides, with what it says of them.
type hiddenColumns struct {
	span     // in the raw bytes
	min, max int
	narrow   bool // by their width
	attrs    [][2]string
}

// maxHidden bounds how many such elements are looked at; Excel writes one for
// columns side by side.
const maxHidden = 1024

// noteHidden remembers columns that are hidden; t is their tag.
func (s *sheetScanner) noteHidden(t xmlToken) {
	hidden, _ := s.attr("hidden")
	width, _ := s.attr("width")
	w, err := strconv.ParseFloat(width, 64)
	h := hiddenColumns{span: t.span, min: s.integer("min") - 1, max: min(s.integer("max"), maxColumns) - 1, narrow: err == nil && w < 1}
	if hidden != "1" && hidden != "true" && !h.narrow || h.min < 0 || len(s.hidden) == maxHidden {
		return
	}
	for _, a := range s.attrs {
		h.attrs = append(h.attrs, [2]string{string(s.raw[a.name.from:a.name.to]), string(s.raw[a.value.from-1 : a.value.to+1])})
	}
	s.hidden = append(s.hidden, h)
}

// shown gives the columns anew, with those of ours among them not hidden any
// more; nil if none is of ours.
func (h *hiddenColumns) shown(prefix string, ours []int) []byte {
	if !slices.ContainsFunc(ours, func(column int) bool { return h.min <= column && column <= h.max }) {
		return nil
	}
	isOurs := func(column int) bool { return slices.Contains(ours, column) }
	var b []byte
	for from := h.min; from <= h.max; {
		to := from
		for to < h.max && isOurs(to+1) == isOurs(from) {
			to++
		}
		b = append(b, "<"+prefix+"col"...)
		for _, a := range h.attrs {
			name, value := a[0], a[1]
			switch name {
			case "min":
				value = strconv.Quote(strconv.Itoa(from + 1))
			case "max":
				value = strconv.Quote(strconv.Itoa(to + 1))
			case "hidden":
				if isOurs(from) {
					continue
				}
			case "width", "customWidth":
				if isOurs(from) && h.narrow {
					continue
				}
			}
			b = append(b, " "+name+"="+value...)
		}
		b = append(b, "/>"...)
		from = to + 1
	}
	return b
}
