package xlsx

import (
	"archive/zip"
	"bufio"
	"cmp"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// Edit says what Rewrite puts into a sheet.
type Edit struct {
	// Structure is that of the sheet, as Inspect has found it.
	Structure *Structure
	// Columns are those that may get new cells, in any order, each once.
	Columns []Column
	// Cells gives a row's new cells, one for each of Columns: nil leaves a cell as
	// it is, and no cells at all the whole row. It is called once for each row, in
	// their order.
	Cells func(row *Row) []*string
}

// Column is a column that gets new cells. If it is hidden, it is shown.
type Column struct {
	Index  int  // 0-based
	Number bool // whole numbers are stored as such; everything else is text, never a formula
	// Added is its name, if it is new: a table beside it takes it in. The header's
	// cell comes from Edit.Cells, as any other.
	Added string
}

// rewriter writes a workbook with an edit.
type rewriter struct {
	Edit
	workbook    *Workbook
	read        *Reader
	right       int      // the last column with new cells
	added       []string // the names of new columns, from left to right
	widerTable  bool
	widerFilter bool
}

// tagEdit changes a tag or text in the scanner's raw bytes.
type tagEdit func(s *xmlScanner, t xmlToken) error

// Rewrite copies f, the workbook's file or a copy of it, with the cells of an
// edit. All other parts are copied as they are, compressed. Where there are
// formulas, the order in which they were calculated is left out, as a new cell may
// take the place of one, and the workbook is marked: whoever opens it calculates
// anew, so that a count of COMPLETED, say, is true.
func (w *Workbook) Rewrite(f *os.File, to io.Writer, edit Edit) error {
	read, err := w.NewReader(f)
	if err != nil {
		return err
	}
	r := newRewriter(w, read, edit)
	out := zip.NewWriter(to)
	if err := out.SetComment(read.archive.comment); err != nil {
		return archiveError(err)
	}
	for _, part := range read.archive.files {
		if r.isPart(part, w.parts.calcChain) {
			continue
		}
		if err := r.copyPart(part, out); err != nil {
			return err
		}
	}
	return out.Close()
}

// newRewriter finds out what becomes wider. A table with other columns between it
// and the new ones stays as it is.
func newRewriter(w *Workbook, read *Reader, edit Edit) *rewriter {
	r := &rewriter{Edit: edit, workbook: w, read: read}
	columns := slices.Clone(edit.Columns)
	slices.SortFunc(columns, func(a, b Column) int { return cmp.Compare(a.Index, b.Index) })
	for _, c := range columns {
		r.right = c.Index
		if c.Added != "" {
			r.added = append(r.added, c.Added)
		}
	}
	table, filter := edit.Structure.table, edit.Structure.filter
	r.widerTable = table != nil && !table.linked && len(r.added) > 0 && r.right-table.area.right == len(r.added)
	r.widerFilter = filter.bottom > 0 && filter.right < r.right
	return r
}

// isPart reports whether a file of the archive is the part with a name.
func (r *rewriter) isPart(part *zip.File, name string) bool {
	return name != "" && part == r.read.archive.part(name)
}

func (r *rewriter) copyPart(part *zip.File, out *zip.Writer) error {
	edit := r.tagEdit(part)
	isSheet := r.isPart(part, r.Structure.sheet.part)
	if !isSheet && edit == nil {
		if err := out.Copy(part); err != nil {
			return archiveError(err)
		}
		return nil
	}
	header := &zip.FileHeader{Name: part.Name, NonUTF8: part.NonUTF8, Method: zip.Deflate, Modified: part.Modified}
	to, err := out.CreateHeader(header)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(to, 64<<10)
	if isSheet {
		err = r.copySheet(buffer)
	} else {
		err = r.read.archive.each(part.Name, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
			if err := edit(s, t); err != nil {
				return err
			}
			_, err := buffer.Write(s.raw)
			return err
		})
	}
	if err != nil {
		return err
	}
	return buffer.Flush()
}

// tagEdit gives what has to be done to the tags of a part, where formulas are to
// be calculated anew, or a table or filter becomes wider; nil if nothing has.
func (r *rewriter) tagEdit(part *zip.File) tagEdit {
	parts := r.workbook.parts
	recalculate := parts.calcChain != ""
	switch {
	case r.widerTable && r.isPart(part, r.Structure.table.part):
		return r.extendTable()
	case r.isPart(part, parts.main) && r.widerFilter && recalculate:
		filterName := r.extendFilterName()
		return func(s *xmlScanner, t xmlToken) error {
			if err := filterName(s, t); err != nil {
				return err
			}
			return calculateOnLoad(s, t)
		}
	case r.isPart(part, parts.main) && r.widerFilter:
		return r.extendFilterName()
	case !recalculate:
		return nil
	case r.isPart(part, parts.main):
		return calculateOnLoad
	case r.isPart(part, relationshipsPart(parts.main)):
		return dropIf(func(s *xmlScanner) bool {
			kind, _ := s.attr("Type")
			return path.Base(kind) == "calcChain"
		})
	case r.isPart(part, contentTypes):
		return dropIf(func(s *xmlScanner) bool {
			name, _ := s.attr("PartName")
			return strings.EqualFold(name, "/"+parts.calcChain)
		})
	}
	return nil
}

// calculateOnLoad marks the element that says how to calculate.
func calculateOnLoad(s *xmlScanner, t xmlToken) error {
	if !t.opens() || t.level != 2 || !s.is(t, "calcPr") {
		return nil
	}
	if at, ok := s.attrSpan("fullCalcOnLoad"); ok {
		s.raw = slices.Replace(s.raw, at.from, at.to, '1')
		return nil
	}
	s.raw = slices.Insert(s.raw, t.name.to, []byte(` fullCalcOnLoad="1"`)...)
	return nil
}

// dropIf leaves elements out.
func dropIf(drop func(s *xmlScanner) bool) tagEdit {
	return func(s *xmlScanner, t xmlToken) error {
		if !t.opens() || t.level != 2 || !drop(s) {
			return nil
		}
		err := s.skipElement(t)
		s.raw = s.raw[:0]
		return err
	}
}

// copySheet copies the sheet with its new cells.
func (r *rewriter) copySheet(to *bufio.Writer) error {
	out := newSheetWriter(to, r.Columns, r.Structure.header)
	return r.read.scan(r.Structure.sheet, func(row *Row) error {
		if err := out.copyLead(row); err != nil {
			return err
		}
		return out.write(row, r.Cells(row))
	}, func(s *sheetScanner) error { return s.rest(to, r.extendFilter()) })
}
