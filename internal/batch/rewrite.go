package batch

import (
	"archive/zip"
	"bufio"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// rewrite copies all parts as they are, compressed, but for the sheet. Where
// there are formulas, the order in which they were calculated is left out, as
// a cell of ours may take the place of one, and the workbook is marked: whoever
// opens it calculates anew, so that a count of COMPLETED, say, is true.
func (w *workbook) rewrite(f *os.File, to io.Writer, at target, edit edit) error {
	wide := w.widen(at)
	a, err := openArchive(f)
	if err != nil {
		return err
	}
	out := zip.NewWriter(to)
	if err := out.SetComment(a.comment); err != nil {
		return broken(err)
	}
	for _, part := range a.files {
		if w.chain != "" && part == a.part(w.chain) {
			continue
		}
		if err := w.copyPart(a, part, out, wide, edit); err != nil {
			return err
		}
	}
	return out.Close()
}

func (w *workbook) copyPart(a *archive, part *zip.File, out *zip.Writer, wide wider, edit edit) error {
	change := w.change(a, part, wide)
	sheet := part == a.part(w.part)
	if !sheet && change == nil {
		if err := out.Copy(part); err != nil {
			return broken(err)
		}
		return nil
	}
	to, err := out.CreateHeader(&zip.FileHeader{Name: part.Name, NonUTF8: part.NonUTF8, Method: zip.Deflate, Modified: part.Modified})
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(to, 64<<10)
	if sheet {
		err = w.copySheet(a, buffer, wide, edit)
	} else {
		err = a.each(part.Name, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
			if err := change(s, t); err != nil {
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

// change gives what has to be done to the tags of a part, where formulas are to
// be calculated anew, or a table or filter becomes wider; nil if nothing has.
func (w *workbook) change(a *archive, part *zip.File, wide wider) func(s *xmlScanner, t xmlToken) error {
	switch {
	case wide.table && part == a.part(w.frame.table.part):
		return w.changeTable(wide)
	case wide.filter && part == a.part(w.main):
		named := w.changeFilterName(wide)
		return func(s *xmlScanner, t xmlToken) error {
			if err := named(s, t); err != nil || w.chain == "" {
				return err
			}
			return calculateOnLoad(s, t)
		}
	case w.chain == "":
		return nil
	case part == a.part(w.main):
		return calculateOnLoad
	case part == a.part(relationsOf(w.main)):
		return dropIf(func(s *xmlScanner) bool {
			kind, _ := s.attr("Type")
			return path.Base(kind) == "calcChain"
		})
	case part == a.part(contentTypes):
		return dropIf(func(s *xmlScanner) bool {
			name, _ := s.attr("PartName")
			return strings.EqualFold(name, "/"+w.chain)
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
func dropIf(drop func(s *xmlScanner) bool) func(s *xmlScanner, t xmlToken) error {
	return func(s *xmlScanner, t xmlToken) error {
		if !t.opens() || t.level != 2 || !drop(s) {
			return nil
		}
		err := s.pass(t)
		s.raw = s.raw[:0]
		return err
	}
}

// copySheet copies the sheet with the cells that edit gives.
func (w *workbook) copySheet(a *archive, to *bufio.Writer, wide wider, edit edit) error {
	texts, err := w.shared.of(a, w.texts)
	if err != nil {
		return err
	}
	out := newSheetWriter(to, wide.at, w.header)
	return w.scan(a, texts, func(row *sheetRow) error {
		if err := out.lead(row); err != nil {
			return err
		}
		cells, ok := edit(row)
		if !ok {
			return out.copy(row)
		}
		return out.fill(row, cells)
	}, func(s *sheetScanner) error { return s.rest(to, w.changeFilter(wide)) })
}
