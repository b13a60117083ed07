package xlsx

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"pgregory.net/rapid"
)

// check is a test or a rapid check.
type check interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// corpus are workbooks of other programs.
func corpus(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../batch/testdata/workbooks/*.xls[xm]")
	if err != nil || len(files) < 6 {
		t.Fatalf("the corpus has only %d workbooks, %v", len(files), err)
	}
	return files
}

func readFile(t check, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzWorkbook changes the bytes of workbooks.
func FuzzWorkbook(f *testing.F) {
	for _, path := range corpus(f) {
		f.Add(readFile(f, path))
	}
	f.Add(list("1", "2").Bytes())
	f.Fuzz(func(t *testing.T, in []byte) { checkAny(t, in, t.TempDir()) })
}

// FuzzParts changes what is in a workbook's parts: a checksum stops most of
// what FuzzWorkbook does.
func FuzzParts(f *testing.F) {
	whole := list("1", "bad").SharedStrings(`<si><r><t>a</t></r></si>`).Styles(map[int]string{164: "[h]&quot;x&quot;0"}, 0, 14, 164)
	add := func(b *xlsxtest.Book) {
		f.Add(b.Parts[xlsxtest.SheetOne], b.Parts["xl/sharedStrings.xml"], b.Parts["xl/styles.xml"], b.Parts["xl/workbook.xml"], b.Parts["xl/_rels/workbook.xml.rels"], b.Parts[contentTypes])
	}
	add(whole)
	for _, path := range corpus(f) {
		add(xlsxtest.Unzip(f, readFile(f, path)))
	}
	f.Fuzz(func(t *testing.T, sheet, texts, styles, main, rels, types string) {
		b := list("1", "bad").SharedStrings().Styles(nil).Set(xlsxtest.SheetOne, sheet).Set("xl/sharedStrings.xml", texts).Set("xl/styles.xml", styles).
			Set("xl/workbook.xml", main).Set("xl/_rels/workbook.xml.rels", rels).Set(contentTypes, types)
		checkAny(t, b.Bytes(), t.TempDir())
	})
}

// TestAnySheet makes sheets of what matters in one.
func TestAnySheet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		header := rapid.SampledFrom([]string{`<c t="s"><v>0</v></c>`, xlsxtest.Inline("B3", "po") + xlsxtest.Inline("C3", "STATUS"), `<c t="str"><f>A1</f><v>PO</v></c>` + xlsxtest.Inline("D3", "ERROR_MESSAGE")}).Draw(r, "header")
		cell := rapid.SampledFrom([]string{`<c/>`, `<c s="2"/>`, `<c><v>1</v></c>`, `<c s="1"><v>1</v></c>`, `<c><v>2.5E3</v></c>`, `<c t="s"><v>1</v></c>`, `<c t="str"><v>bad</v></c>`,
			`<c><f>A1</f><v>1</v></c>`, `<c><f t="shared" si="0" ref="A1:A9">B1</f><v>4</v></c>`, `<c t="b"><f t="shared" si="0"/><v>1</v></c>`, `<c t="inlineStr"><is><t> PO3 </t></is></c>`,
			`<c t="inlineStr"><is><r><t>x</t></r></is></c>`, `<c t="inlineStr"><is/></c>`, "\n", "<!-- -->", `<x><c/></x>`, `<c><v/><v>7</v></c>`, `<v>`})
		row := rapid.Custom(func(r *rapid.T) string {
			tag := rapid.SampledFrom([]string{`<row>`, `<row spans="1:2" x="">`, `<row customFormat="1" s="3">`, `<row r="20">`}).Draw(r, "tag")
			return tag + strings.Join(rapid.SliceOfN(cell, 0, 6).Draw(r, "cells"), "") + `</row>`
		})
		sheet := xlsxtest.Worksheet(`<row r="3">` + header + `</row>` + strings.Join(rapid.SliceOfN(row, 0, 6).Draw(r, "rows"), ""))
		b := xlsxtest.WithRows("").Set(xlsxtest.SheetOne, sheet).SharedStrings(`<si><t>PO_NUMBER</t></si>`, `<si><t>COMPLETED</t></si>`).Styles(nil, 0, 14, 1)
		checkAny(r, b.Bytes(), dir)
	})
}

// checkAny is what holds for every file: no panic, one clear error; what gets no
// new cell is as it was, and new cells are read back.
func checkAny(t check, in []byte, dir string) {
	t.Helper()
	path := filepath.Join(dir, "book.xlsx")
	if err := os.WriteFile(path, in, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := Open(f)
	if checkError(t, err) {
		return
	}
	for _, sheet := range w.Sheets[:min(len(w.Sheets), 3)] {
		before, structure, err := readSheet(w, f, sheet)
		if checkError(t, err) {
			continue
		}
		checkRewrite(t, w, f, sheet, structure, before)
	}
}

// checkError reports whether there is an error, which must be one clear line.
func checkError(t check, err error) bool {
	t.Helper()
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Err == nil || strings.ContainsAny(err.Error(), "\r\n")) {
		t.Fatalf("%T %q", err, err)
	}
	return err != nil
}

// sheetText is the text of every cell of a sheet, by row and column.
type sheetText map[int]map[int]string

// readSheet reads a sheet, whose header is its first row.
func readSheet(w *Workbook, f *os.File, sheet Sheet) (sheetText, *Structure, error) {
	r, err := w.NewReader(f)
	if err != nil {
		return nil, nil, err
	}
	all := sheetText{}
	structure, err := r.Inspect(sheet, 1, 0, func(row *Row) error {
		cells := map[int]string{}
		for k := range row.Width() {
			if row.Filled(k) {
				cells[k] = row.Text(k)
			}
		}
		all[row.Number()] = cells
		return nil
	})
	return all, structure, err
}

// checkRewrite fills every second row behind its last cell, and the first cell of
// every row that has one.
func checkRewrite(t check, w *Workbook, f *os.File, sheet Sheet, structure *Structure, before sheetText) {
	t.Helper()
	const first, added = "=first", "added <&> \u65e5"
	width := 1
	for _, cells := range before {
		for k := range cells {
			width = max(width, k+1)
		}
	}
	if width = structure.FreeColumn(width, 1, 1<<20); width >= MaxColumns {
		return
	}
	want := sheetText{}
	var out bytes.Buffer
	err := w.Rewrite(f, &out, Edit{
		Structure: structure,
		Columns:   []Column{{Index: width, Added: "new"}, {Index: 0, Number: true}},
		Cells: func(row *Row) []*string {
			cells := maps.Clone(before[row.Number()])
			want[row.Number()] = cells
			if len(cells) == 0 || row.Number()%2 == 0 {
				return nil
			}
			a, n := first, added
			cells[width] = n
			if _, ok := cells[0]; !ok {
				return []*string{&n, nil}
			}
			cells[0] = a
			return []*string{&n, &a}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := f.Name() + ".out"
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	result, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	w, err = Open(result)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(w.Sheets, func(s Sheet) bool { return s.part == sheet.part })
	after, _, err := readSheet(w, result, w.Sheets[i])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Fatal(diff)
	}
}
