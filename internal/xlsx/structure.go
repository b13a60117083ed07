package xlsx

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Structure is what lies around and over the rows below a header, as far as new
// columns must keep to it: nobody sees them in a merged cell or a hidden column,
// and what is beside a table or a filter is not sorted or filtered with its rows.
type Structure struct {
	sheet  Sheet
	header int    // its row
	merged []area // cells that may be in the way
	filter area   // of the sheet's own filter; empty if it has none or it is not of these rows
	table  *table // with the rows; nil if they are in none
}

// area is a rectangle of cells. Rows are 1-based, columns 0-based.
type area struct{ top, left, bottom, right int }

// maxMerged bounds the merged cells that are looked at.
const maxMerged = 100_000

// table is a table, which is a part of its own.
type table struct {
	part   string
	area   area
	totals int  // rows at its end
	ids    int  // the highest id of its columns
	linked bool // it is filled from elsewhere, and no columns can be added
}

// parseArea reads a reference like A1:F10, with or without $.
func parseArea(ref string) (area, bool) {
	first, last, found := strings.Cut(strings.ReplaceAll(ref, "$", ""), ":")
	if !found {
		last = first
	}
	top, left, ok := parseReference([]byte(first))
	bottom, right, ok2 := parseReference([]byte(last))
	return area{top, left, bottom, right}, ok && ok2 && top <= bottom && left <= right
}

func (a area) String() string {
	return ColumnName(a.left) + strconv.Itoa(a.top) + ":" + ColumnName(a.right) + strconv.Itoa(a.bottom)
}

// hasHeader reports whether a cell is in the first row of an area.
func (a area) hasHeader(row, column int) bool {
	return a.top == row && a.left <= column && column <= a.right
}

// note looks at an element behind the rows.
func (s *Structure) note(x *xmlScanner, t xmlToken, column int) {
	switch {
	case !t.opens():
	case t.level == 3 && x.is(t, "mergeCell") && len(s.merged) < maxMerged:
		ref, _ := x.attr("ref")
		if a, ok := parseArea(ref); ok && a.bottom >= s.header && a.right > a.left {
			s.merged = append(s.merged, a)
		}
	case t.level == 2 && x.is(t, "autoFilter"):
		ref, _ := x.attr("ref")
		if a, ok := parseArea(ref); ok && a.hasHeader(s.header, column) {
			s.filter = a
		}
	}
}

// FreeColumn is the first column from one on, of as many as are to be added, that
// is in no merged cell between the header and the last row.
func (s *Structure) FreeColumn(from, columns, last int) int {
	for _, a := range s.merged {
		if a.top <= last && a.right+columns < MaxColumns {
			from = max(from, a.right+1)
		}
	}
	return from
}

// tableOf finds the table of a sheet that has a cell in its header; nil if there
// is none.
func (a *archive) tableOf(sheet string, header, column int) (*table, error) {
	if a.part(relationshipsPart(sheet)) == nil {
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
		if t.area.hasHeader(header, column) {
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
			found.linked = kind != "" && kind != "worksheet"
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

// IsTotal reports whether a row is one of the totals at the end of the table.
func (s *Structure) IsTotal(row int) bool {
	return s.table != nil && row <= s.table.area.bottom && row > s.table.area.bottom-s.table.totals
}

// extendTable gives the table its new columns.
func (r *rewriter) extendTable() tagEdit {
	table := r.Structure.table
	to := table.area
	to.right = r.right
	return func(s *xmlScanner, t xmlToken) error {
		switch {
		case t.opens() && t.level == 1:
			s.setAttr("ref", to.String())
		case t.opens() && t.level == 2 && s.is(t, "autoFilter"):
			filter := to
			filter.bottom -= table.totals
			s.setAttr("ref", filter.String())
		case t.opens() && t.level == 2 && s.is(t, "tableColumns"):
			s.setAttr("count", strconv.Itoa(to.right-to.left+1))
		case t.kind == xmlClose && t.level == 2 && s.is(t, "tableColumns"):
			var added []byte
			for i, name := range r.added {
				added = append(added, "<"+s.prefix+`tableColumn id="`+strconv.Itoa(table.ids+1+i)+`" name="`...)
				added = append(escape(added, name), `"/>`...)
			}
			s.raw = slices.Insert(s.raw, t.from, added...)
		}
		return nil
	}
}

// extendFilter makes the sheet's own filter wider.
func (r *rewriter) extendFilter() tagEdit {
	return func(s *xmlScanner, t xmlToken) error {
		if r.widerFilter && t.opens() && t.level == 2 && s.is(t, "autoFilter") {
			to := r.Structure.filter
			to.right = r.right
			s.setAttr("ref", to.String())
		}
		return nil
	}
}

// filterName is the name that Excel gives the cells of a filter.
const filterName = "_xlnm._FilterDatabase"

// lastColumn is that of the cells of such a name.
var lastColumn = regexp.MustCompile(`:\$([A-Z]{1,3})\$[0-9]+$`)

// extendFilterName makes the name of the filter's cells go as far as the filter.
func (r *rewriter) extendFilterName() tagEdit {
	inName := false
	return func(s *xmlScanner, t xmlToken) error {
		switch {
		case t.opens():
			name, _ := s.attr("name")
			inName = t.kind == xmlOpen && t.level == 3 && s.is(t, "definedName") &&
				name == filterName && s.integer("localSheetId") == r.Structure.sheet.index
		case t.kind == xmlClose:
			inName = false
		case t.kind == xmlText && inName:
			if m := lastColumn.FindSubmatchIndex(s.raw[t.from:t.to]); m != nil {
				s.raw = slices.Replace(s.raw, t.from+m[2], t.from+m[3], []byte(ColumnName(r.right))...)
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
	h := hiddenColumns{span: t.span, min: s.integer("min") - 1, max: min(s.integer("max"), MaxColumns) - 1,
		narrow: err == nil && w < 1}
	if hidden != "1" && hidden != "true" && !h.narrow || h.min < 0 || len(s.hidden) == maxHidden {
		return
	}
	for _, a := range s.attrs {
		name, value := s.raw[a.name.from:a.name.to], s.raw[a.value.from-1:a.value.to+1]
		h.attrs = append(h.attrs, [2]string{string(name), string(value)})
	}
	s.hidden = append(s.hidden, h)
}

// unhide gives the columns anew, with some among them not hidden any more; nil if
// none of those is among them.
func (h *hiddenColumns) unhide(prefix string, columns []int) []byte {
	if !slices.ContainsFunc(columns, func(column int) bool { return h.min <= column && column <= h.max }) {
		return nil
	}
	visible := func(column int) bool { return slices.Contains(columns, column) }
	var b []byte
	for from := h.min; from <= h.max; {
		to := from
		for to < h.max && visible(to+1) == visible(from) {
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
				if visible(from) {
					continue
				}
			case "width", "customWidth":
				if visible(from) && h.narrow {
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
