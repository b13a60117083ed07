package batch

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/poactor/poactor/po"
)

// cellTexts gives the cells of every row behind the header.
func cellTexts(t testing.TB, b *Batch) [][]string {
	t.Helper()
	var all [][]string
	err := b.records(func(i int, rec record) error {
		if i < 0 {
			return nil
		}
		row := []string{}
		for k := range rec.width() {
			row = append(row, rec.text(k))
		}
		all = append(all, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSheet: which of the sheets has the orders.
func TestSheet(t *testing.T) {
	t.Parallel()
	sheet := func(name, number string) [2]string {
		return [2]string{name, `<row r="1">` + xlsxtest.Inline("A1", "PO") + `</row><row r="2">` + xlsxtest.Inline("A2", number) + `</row>`}
	}
	empty := [2]string{"Empty", `<row r="1"><c r="A1" s="1"/>` + xlsxtest.Inline("B1", " ") + `</row>`}
	const hidden = ` state="hidden" `
	for name, tt := range map[string]struct {
		book *xlsxtest.Book
		want string
	}{
		"one":             {xlsxtest.New(sheet("x", "1")), "1"},
		"first":           {xlsxtest.New(sheet("x", "1"), sheet("y", "2")), "1"},
		"by name":         {xlsxtest.New(sheet("x", "1"), sheet("PO_Data", "2")), "2"},
		"in any case":     {xlsxtest.New(sheet("x", "1"), sheet("po_DATA ", "2")), "2"},
		"by name, hidden": {xlsxtest.New(sheet("x", "1"), sheet("PO_Data", "2")).Replace("xl/workbook.xml", ` sheetId="2"`, hidden+`sheetId="2"`), "2"},
		"first hidden":    {xlsxtest.New(sheet("x", "1"), sheet("y", "2")).Replace("xl/workbook.xml", ` sheetId="1"`, hidden+`sheetId="1"`), "2"},
		"first veryHidden": {xlsxtest.New(sheet("x", "1"), sheet("y", "2")).
			Replace("xl/workbook.xml", ` sheetId="1"`, ` state="veryHidden" sheetId="1"`), "2"},
		"first empty": {xlsxtest.New(empty, sheet("y", "2")), "2"},
		"chart first": {xlsxtest.New(sheet("x", "1"), sheet("y", "2")).Replace("xl/_rels/workbook.xml.rels", "/worksheet", "/chartsheet"), "2"},
		"order of the list": {xlsxtest.New(sheet("x", "1"), sheet("y", "2")).
			Replace("xl/workbook.xml", `r:id="rId1"`, `r:id="rId9"`).Replace("xl/workbook.xml", `r:id="rId2"`, `r:id="rId1"`).
			Replace("xl/workbook.xml", `r:id="rId9"`, `r:id="rId2"`), "2"},
		"Strict Open XML":    {xlsxtest.New(sheet("x", "1")).Replace("xl/_rels/workbook.xml.rels", xlsxtest.RelNS, "http://purl.oclc.org/ooxml/officeDocument/relationships"), "1"},
		"absolute target":    {xlsxtest.New(sheet("x", "1")).Replace("xl/_rels/workbook.xml.rels", `"worksheets/`, `"/xl/worksheets/`), "1"},
		"names in any case":  {xlsxtest.New(sheet("x", "1")).Replace("xl/_rels/workbook.xml.rels", `"worksheets/sheet1`, `"Worksheets/Sheet1`), "1"},
		"type by extension":  {xlsxtest.New(sheet("x", "1")).Replace("[Content_Types].xml", `PartName="/xl/workbook.xml"`, `PartName="/x"`).Replace("[Content_Types].xml", `application/xml`, xlsxtest.TypeXLSX), "1"},
		"prefixed names":     {xlsxtest.New(sheet("x", "1")).Set(xlsxtest.SheetOne, prefixed), "1"},
		"byte order mark":    {xlsxtest.New(sheet("x", "1")).Replace(xlsxtest.SheetOne, "<?xml", "\uFEFF<?xml"), "1"},
		"no XML declaration": {xlsxtest.New(sheet("x", "1")).Replace(xlsxtest.SheetOne, xlsxtest.Head, ""), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cellTexts(t, mustOpen(t, tt.book.File(t)))
			if diff := cmp.Diff([][]string{{tt.want}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// prefixed is a sheet as Microsoft's own library for programs writes it.
const prefixed = `<?xml version="1.0" encoding="utf-8"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
	`<x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>PO</x:t></x:is></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>`

// TestWorkbookRows: numbers of rows are those of the sheet, and what holds for
// the rows of a CSV file holds for these.
func TestWorkbookRows(t *testing.T) {
	t.Parallel()
	b := mustOpen(t, xlsxtest.WithRows(`<row r="3">`+xlsxtest.Inline("B3", " po number ")+xlsxtest.Inline("C3", "STATUS")+xlsxtest.Inline("D3", "&lt;|&gt;")+xlsxtest.Inline("E3", "Land")+xlsxtest.Inline("G3", "SUPPLIER")+xlsxtest.Inline("H3", "CAUSE")+xlsxtest.Inline("I3", "attempts")+`</row>`+
		`<row r="4"><c r="B4"><v>1</v></c>`+xlsxtest.Inline("C4", "completed")+xlsxtest.Inline("E4", "Brasil")+xlsxtest.Inline("F4", "São")+xlsxtest.Inline("G4", "Acme")+`</row>`+
		`<row r="5"/>`+
		`<row r="9">`+xlsxtest.Inline("B9", "bad")+xlsxtest.Inline("C9", "Issued")+`<c r="E9"><v>2024</v></c></row>`+
		`<row r="10">`+xlsxtest.Inline("A10", "x")+`<c r="B10" s="3"/></row>`+
		`<row r="1048576">`+xlsxtest.Inline("B1048576", "PO1")+`</row>`).File(t))
	var got []Row
	for row, err := range b.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := []Row{
		{Line: 4, Order: po.Order{Key: "1", Number: "1", RawNumber: "1", Levels: []string{"Brasil", "São"}}, Status: po.Completed},
		{Line: 9, Order: po.Order{Key: malformedKey("BAD"), RawNumber: "bad", Levels: []string{"2024"}, Invalid: "not an order number of this portal"}},
		{Line: 10},
		{Line: 1048576, Order: po.Order{Key: "1", Number: "1", RawNumber: "PO1"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p, err := b.Plan()
	if err != nil || p.Rows != 4 || p.Orders != 1 || p.Completed != 1 || p.Blank != 1 || p.Invalid != 1 {
		t.Errorf("plan %+v, %v", p, err)
	}
}

func TestResultsName(t *testing.T) {
	t.Parallel()
	macros := orders("1").Replace("[Content_Types].xml", xlsxtest.TypeXLSX, xlsxtest.TypeXLSM)
	for name, tt := range map[string]struct{ path, want string }{
		"csv":                {file(t, "batch.csv", "PO\n1\n"), "results.csv"},
		"tsv":                {file(t, "batch.tsv", "PO\n1\n"), "results.csv"},
		"csv named xlsx":     {file(t, "batch.xlsx", "PO\n1\n"), "results.csv"},
		"workbook":           {orders("1").File(t), "results.xlsx"},
		"workbook named csv": {file(t, "batch.csv", string(orders("1").Bytes())), "results.xlsx"},
		"macros":             {macros.File(t), "results.xlsm"},
	} {
		if got := mustOpen(t, tt.path).ResultsName(); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSnapshotOfWorkbook(t *testing.T) {
	t.Parallel()
	path := orders("1", "2").File(t)
	b := mustOpen(t, path)
	if err := b.Snapshot(filepath.Join(t.TempDir(), "kept.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"1"}, {"2"}}, cellTexts(t, b)); diff != "" {
		t.Error(diff)
	}
	if after := xlsxtest.Unzip(t, results(t, b, outcome)); !strings.Contains(after.Parts[xlsxtest.SheetOne], "STATUS") {
		t.Error("no results")
	}
}

func TestChangedWorkbook(t *testing.T) {
	t.Parallel()
	path := orders("1").File(t)
	b := mustOpen(t, path)
	if err := os.WriteFile(path, orders("1", "2").Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := b.Plan()
	checkError(t, err, path, ErrChanged, 0, "changed in the meantime")
	checkError(t, b.WriteResults(io.Discard, none), path, ErrChanged, 0, "changed in the meantime")
}
