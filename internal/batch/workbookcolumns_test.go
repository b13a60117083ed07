package batch

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/poactor/poactor/po"
)

// done settles every order.
func done(key po.Key) (po.Outcome, bool) {
	return po.Outcome{Key: key, Status: po.NoAttachments, Attempts: 1}, true
}

// reopen lets another program read the results.
func reopen(t *testing.T, out []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// statusColumnOf finds where the results have STATUS.
func statusColumnOf(t *testing.T, f *excelize.File, sheet string, row int) string {
	t.Helper()
	for column := 1; column < 60; column++ {
		name, _ := excelize.ColumnNumberToName(column)
		if text, _ := f.GetCellValue(sheet, fmt.Sprint(name, row)); text == "STATUS" || text == "PO_STATUS" {
			return name
		}
	}
	t.Fatal("there is no STATUS")
	return ""
}

// TestHiddenColumns: columns of ours are shown, all others stay hidden.
func TestHiddenColumns(t *testing.T) {
	t.Parallel()
	head := `<row r="1">` + xlsxtest.Inline("A1", "PO") + xlsxtest.Inline("B1", "x") + `</row><row r="2"><c r="A2"><v>1</v></c></row>`
	for name, tt := range map[string]struct{ cols, want string }{
		"unused ones": {`<col hidden="1" width="13" customWidth="1" min="4" max="16384" />`,
			`<col width="13" customWidth="1" min="4" max="13"/><col hidden="1" width="13" customWidth="1" min="14" max="16384"/>`},
		"some of the user's too": {`<col min="2" max="5" style="3" hidden="true"/><col min="6" max="6" width="9"/><col min="9" max="9" width="0" customWidth="1"/>`,
			`<col min="2" max="2" style="3" hidden="true"/><col min="3" max="5" style="3"/><col min="6" max="6" width="9"/><col min="9" max="9"/>`},
		"with an end":  {`<col min="3" max="3" hidden="1"></col>`, `<col min="3" max="3"/>`},
		"only theirs":  {`<col min="1" max="2" hidden="1"/>`, `<col min="1" max="2" hidden="1"/>`},
		"not hidden":   {`<col min="1" max="20" hidden="0" width="8.5"/>`, `<col min="1" max="20" hidden="0" width="8.5"/>`},
		"beyond bound": {`<col min="14" max="999999" hidden="1"/>`, `<col min="14" max="999999" hidden="1"/>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := xlsxtest.WithRows(head).Replace(xlsxtest.SheetOne, `<sheetData>`, `<cols>`+tt.cols+`</cols><sheetData>`)
			after := xlsxtest.Unzip(t, results(t, mustOpen(t, b.File(t)), done)).Parts[xlsxtest.SheetOne]
			_, after, _ = strings.Cut(after, `<cols>`)
			if after, _, _ = strings.Cut(after, `</cols>`); after != tt.want {
				t.Errorf("got  %s\nwant %s", after, tt.want)
			}
		})
	}
}

// TestMergedCells: no column of ours is in a merged cell of the header or of an
// order; one in a title or below is in nobody's way.
func TestMergedCells(t *testing.T) {
	t.Parallel()
	data := `<row r="1">` + xlsxtest.Inline("A1", "Purchase orders") + `</row><row r="3">` + xlsxtest.Inline("A3", "PO") + xlsxtest.Inline("B3", "Amount") + `</row>` +
		`<row r="4"><c r="A4"><v>1</v></c></row><row r="5"><c r="A5"><v>2</v></c></row><row r="8">` + xlsxtest.Inline("A8", "printed") + `</row>`
	for refs, want := range map[string]string{
		"":                "C",
		"A1:Z1":           "C", // a title
		"B3:D3":           "E", // a wide name
		"B4:F5":           "G",
		"A8:K8":           "C", // a footer
		"A4:A5":           "C",
		"A1:Z1 B3:D3":     "E",
		"B3:XFD3":         "C", // there is no room
		"D2:E3":           "F",
		"nonsense B3:C3":  "D",
		"B3:C3 A1:B2 A8:": "D",
	} {
		t.Run(refs, func(t *testing.T) {
			t.Parallel()
			merged := ""
			for _, ref := range strings.Fields(refs) {
				merged += `<mergeCell ref="` + ref + `"/>`
			}
			b := xlsxtest.WithRows(data).Replace(xlsxtest.SheetOne, `</sheetData>`, `</sheetData><mergeCells>`+merged+`</mergeCells>`)
			out := xlsxtest.Unzip(t, results(t, mustOpen(t, b.File(t)), done)).Parts[xlsxtest.SheetOne]
			if m := regexp.MustCompile(`<c r="([A-Z]+)3"[^>]*><is><t xml:space="preserve">STATUS`).FindStringSubmatch(out); m == nil || m[1] != want {
				t.Errorf("STATUS is in %v, want %s", m, want)
			}
		})
	}
}

// listed makes a workbook with a table or a filter, as people do.
func listed(t *testing.T, build func(f *excelize.File, must func(error))) *Batch {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetCellStr("Sheet1", "A1", "Report"))
	must(f.SetSheetRow("Sheet1", "A3", &[]any{"PO Number", "Supplier", "Amount"}))
	for i := range 3 {
		must(f.SetSheetRow("Sheet1", fmt.Sprint("A", 4+i), &[]any{4500000 + i, "Acme", 10 * i}))
	}
	build(f, must)
	var out bytes.Buffer
	must(f.Write(&out))
	return mustOpen(t, file(t, "batch.xlsx", out.String()))
}

// TestTable: the table that the orders are in takes the columns of ours in.
func TestTable(t *testing.T) {
	t.Parallel()
	b := listed(t, func(f *excelize.File, must func(error)) {
		must(f.AddTable("Sheet1", &excelize.Table{Range: "A3:C6", Name: "Orders"}))
		must(f.AddTable("Sheet1", &excelize.Table{Range: "A10:B12", Name: "Other"}))
	})
	out := results(t, b, done)
	f := reopen(t, out)
	tables, err := f.GetTables("Sheet1")
	if err != nil || len(tables) != 2 || tables[0].Range != "A3:N6" || tables[1].Range != "A10:B12" {
		t.Errorf("tables %+v, %v", tables, err)
	}
	part := xlsxtest.Unzip(t, out).Parts["xl/tables/table1.xml"]
	if !strings.Contains(part, `<autoFilter ref="A3:N6"`) || !strings.Contains(part, `<tableColumns count="14">`) {
		t.Errorf("table %s", part)
	}
	var names []string
	for _, m := range regexp.MustCompile(`<tableColumn id="(\d+)" name="([^"]+)"`).FindAllStringSubmatch(part, -1) {
		names = append(names, m[1]+" "+m[2])
	}
	want := []string{"1 PO Number", "2 Supplier", "3 Amount", "4 STATUS", "5 PO_SUPPLIER", "6 ATTACHMENTS_FOUND", "7 ATTACHMENTS_DOWNLOADED",
		"8 AttachmentName", "9 LAST_PROCESSED", "10 ERROR_MESSAGE", "11 DOWNLOAD_FOLDER", "12 COUPA_URL", "13 CAUSE", "14 ATTEMPTS"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for i, name := range want { // a table's names are its header's
		cell, _ := excelize.CoordinatesToCellName(i+1, 3)
		if text, _ := f.GetCellValue("Sheet1", cell); !strings.HasSuffix(name, " "+text) {
			t.Errorf("%s is %q, and the table says %q", cell, text, name)
		}
	}
	// Read again, nothing is added.
	again := results(t, mustOpen(t, file(t, "again.xlsx", string(out))), done)
	if after := xlsxtest.Unzip(t, again).Parts["xl/tables/table1.xml"]; after != part {
		t.Errorf("written again: %s", after)
	}
}

// A table's total is no order, and its cells stay empty.
func TestTableTotals(t *testing.T) {
	t.Parallel()
	b := listed(t, func(f *excelize.File, must func(error)) {
		must(f.SetSheetRow("Sheet1", "A7", &[]any{"Total", nil, 30}))
		must(f.AddTable("Sheet1", &excelize.Table{Range: "A3:C7", Name: "Orders"}))
	})
	parts := xlsxtest.Unzip(t, read(t, b.path))
	parts.Parts["xl/tables/table1.xml"] = strings.Replace(parts.Parts["xl/tables/table1.xml"], ` ref="A3:C7"`, ` ref="A3:C7" totalsRowCount="1"`, 1)
	b = mustOpen(t, parts.File(t))
	p, err := b.Plan()
	if err != nil || p.Orders != 3 || p.Other != 1 || len(p.BadRows) != 1 || p.BadRows[0].Detail != "the table's total" {
		t.Errorf("plan %+v, %v", p, err)
	}
	out := results(t, b, done)
	if part := xlsxtest.Unzip(t, out).Parts["xl/tables/table1.xml"]; !strings.Contains(part, `ref="A3:N7" totalsRowCount="1"`) || !strings.Contains(part, `<autoFilter ref="A3:N6"`) {
		t.Errorf("table %s", part)
	}
	if text, _ := reopen(t, out).GetCellValue("Sheet1", "D7"); text != "" {
		t.Errorf("the total's status is %q", text)
	}
}

// What is between a table and the columns of ours would become a part of it.
func TestTableWithNeighbour(t *testing.T) {
	t.Parallel()
	b := listed(t, func(f *excelize.File, must func(error)) {
		must(f.AddTable("Sheet1", &excelize.Table{Range: "A3:C6", Name: "Orders"}))
		must(f.SetCellStr("Sheet1", "F5", "a note"))
	})
	f := reopen(t, results(t, b, done))
	tables, err := f.GetTables("Sheet1")
	if err != nil || tables[0].Range != "A3:C6" || statusColumnOf(t, f, "Sheet1", 3) != "G" {
		t.Errorf("tables %+v, %v", tables, err)
	}
}

// TestFilter: the sheet's own filter goes as far as the columns of ours.
func TestFilter(t *testing.T) {
	t.Parallel()
	b := listed(t, func(f *excelize.File, must func(error)) {
		must(f.AutoFilter("Sheet1", "A3:C6", []excelize.AutoFilterOptions{{Column: "B", Expression: "x == Acme"}}))
		_, err := f.NewSheet("Other")
		must(err)
		must(f.AutoFilter("Other", "A1:B2", nil))
	})
	out := results(t, b, done)
	if sheet := xlsxtest.Unzip(t, out).Parts[xlsxtest.SheetOne]; !strings.Contains(sheet, `<autoFilter ref="A3:N6"><filterColumn`) && !strings.Contains(sheet, `<autoFilter ref="$A$3:$N$6"`) {
		t.Errorf("sheet %s", sheet[strings.Index(sheet, "</sheetData>"):])
	}
	var names []string
	for _, n := range reopen(t, out).GetDefinedName() {
		names = append(names, n.RefersTo)
	}
	if diff := cmp.Diff([]string{"'Sheet1'!$A$3:$N$6", "'Other'!$A$1:$B$2"}, names); diff != "" {
		t.Error(diff)
	}
}
