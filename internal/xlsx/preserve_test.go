package xlsx

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/xuri/excelize/v2"
)

// fullFeatured makes a workbook with everything that users put into one.
func fullFeatured(t testing.TB) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const sheet = "PO_Data"
	_, err := f.NewSheet(sheet)
	must(err)
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E78"}},
		Border: []excelize.Border{{Type: "bottom", Style: 2, Color: "000000"}}})
	must(err)
	money, err := f.NewStyle(&excelize.Style{NumFmt: 4, Alignment: &excelize.Alignment{Horizontal: "right"}})
	must(err)
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	must(err)
	red, err := f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Color: "9A0511"}})
	must(err)
	must(f.SetSheetRow(sheet, "A1", &[]any{"PO_NUMBER", "Requester", "Amount", "Due", "STATUS", "Half", "<|>", "Region"}))
	must(f.SetCellStyle(sheet, "A1", "H1", bold))
	for i := range 20 {
		row := i + 2
		must(f.SetSheetRow(sheet, fmt.Sprint("A", row), &[]any{4500000 + i, "Smith, John", 1234.5 * float64(i), 45000 + i, nil, nil, nil, "EMEA"}))
		must(f.SetCellFormula(sheet, fmt.Sprint("F", row), fmt.Sprint("C", row, "/2")))
	}
	must(f.SetCellStyle(sheet, "C2", "C21", money))
	must(f.SetCellStyle(sheet, "D2", "D21", day))
	must(f.SetCellRichText(sheet, "B3", []excelize.RichTextRun{{Text: "bold", Font: &excelize.Font{Bold: true}}, {Text: " and plain"}}))
	must(f.SetColWidth(sheet, "B", "B", 31.5))
	must(f.SetRowHeight(sheet, 1, 28))
	must(f.SetColStyle(sheet, "K", money))
	must(f.SetColVisible(sheet, "G", false))
	must(f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	must(f.AutoFilter(sheet, "A1:H21", nil))
	must(f.AddComment(sheet, excelize.Comment{Cell: "E2", Author: "Ann", Text: "ask Ann"}))
	list := excelize.NewDataValidation(true)
	list.SetSqref("E2:E21")
	must(list.SetDropList([]string{"open", "COMPLETED"}))
	must(f.AddDataValidation(sheet, list))
	must(f.SetConditionalFormat(sheet, "E2:E21", []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "==", Format: &red, Value: `"FAILED"`}}))
	must(f.MergeCell(sheet, "B23", "D23"))
	must(f.SetCellHyperLink(sheet, "H2", "https://acme.example/", "External"))
	must(f.SetDefinedName(&excelize.DefinedName{Name: "Orders", RefersTo: sheet + "!$A$2:$A$21"}))
	must(f.SetCellFormula("Sheet1", "A1", `COUNTIF(PO_Data!E:E,"COMPLETED")`))
	must(f.AddTable("Sheet1", &excelize.Table{Range: "C1:D4", Name: "T"}))
	must(f.AddChart(sheet, "N2", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Name: "PO_Data!$C$1", Values: "PO_Data!$C$2:$C$21"}}}))
	var pixel bytes.Buffer
	must(png.Encode(&pixel, image.NewRGBA(image.Rect(0, 0, 4, 4))))
	must(f.AddPictureFromBytes(sheet, "N20", &excelize.Picture{Extension: ".png", File: pixel.Bytes(), Format: &excelize.GraphicOptions{}}))
	_, err = f.NewSheet("Secret")
	must(err)
	must(f.SetSheetVisible("Secret", false))
	must(f.ProtectSheet(sheet, &excelize.SheetProtectionOptions{Password: "x", SelectLockedCells: true}))
	path := filepath.Join(t.TempDir(), "full.xlsx")
	must(f.SaveAs(path))
	return path
}

// TestPreserved: all that is no new cell is in the copy as it was: the other
// parts byte for byte, and the sheet as another program reads it.
func TestPreserved(t *testing.T) {
	t.Parallel()
	for _, path := range append(corpus(t), fullFeatured(t)) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			in := readFile(t, path)
			w, structure, columns, out := fillOrders(t, openFile(t, in))
			but := []string{structure.sheet.part}
			if w.parts.calcChain != "" {
				but = append(but, contentTypes, relationshipsPart(w.parts.main))
			}
			if w.parts.calcChain != "" || structure.filter.bottom > 0 {
				but = append(but, w.parts.main)
			}
			xlsxtest.CheckParts(t, xlsxtest.Unzip(t, in), xlsxtest.Unzip(t, out), but...)
			before, after := snapshot(t, in, structure.sheet.Name, columns), snapshot(t, out, structure.sheet.Name, columns)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Error(diff)
			}
			if len(before) < 10 {
				t.Errorf("only %d cells seen", len(before))
			}
		})
	}
}

// fillOrders fills the column STATUS, if there is one, and two more behind what any
// row holds, in the sheet that has a column of PO numbers.
func fillOrders(t *testing.T, f *os.File) (*Workbook, *Structure, []Column, []byte) {
	t.Helper()
	w, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, sheet := range w.Sheets {
		header, number, width := 0, -1, 0
		var columns []Column
		err := r.Rows(sheet, func(row *Row) error {
			width = max(width, row.Width())
			for k := 0; k < row.Width() && header == 0; k++ {
				if strings.HasPrefix(strings.ToUpper(row.Text(k)), "PO") {
					header, number = row.Number(), k
				}
			}
			for k := range row.Width() {
				if row.Number() == header && row.Text(k) == "STATUS" {
					columns = append(columns, Column{Index: k})
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if header == 0 {
			continue
		}
		structure, err := r.Inspect(sheet, header, number, func(*Row) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		width = structure.FreeColumn(width, 2, maxSheetRows)
		columns = append(columns, Column{Index: width, Added: "FOUND", Number: true}, Column{Index: width + 1, Added: "NOTE"})
		texts := []string{"COMPLETED", "7", "=1+1"}[3-len(columns):]
		var out bytes.Buffer
		err = w.Rewrite(f, &out, Edit{structure, columns, func(row *Row) []*string {
			if row.Number() <= header || row.Text(number) == "" {
				return nil
			}
			cells := make([]*string, len(columns))
			for k := range cells {
				cells[k] = &texts[k]
			}
			return cells
		}})
		if err != nil {
			t.Fatal(err)
		}
		return w, structure, columns, out.Bytes()
	}
	t.Fatal("no sheet has PO numbers")
	return nil, nil, nil, nil
}

// snapshot lets excelize read a sheet: cells outside of some columns, and
// what lies around and over them.
func snapshot(t *testing.T, book []byte, sheet string, columns []Column) map[string]any {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	filled := map[int]bool{}
	for _, c := range columns {
		filled[c.Index+1] = true
	}
	seen := map[string]any{}
	say := func(name string, values ...any) { seen[name] = values }
	for row := 1; row <= 30; row++ {
		height, err := f.GetRowHeight(sheet, row)
		say(fmt.Sprint("height ", row), height, err)
		for column := 1; column <= 30; column++ {
			if filled[column] {
				continue
			}
			name, _ := excelize.CoordinatesToCellName(column, row)
			value, err := f.GetCellValue(sheet, name)
			code, _ := f.GetCellFormula(sheet, name)
			style, _ := f.GetCellStyle(sheet, name)
			kind, _ := f.GetCellType(sheet, name)
			rich, _ := f.GetCellRichText(sheet, name)
			if value != "" || code != "" || style != 0 {
				say(name, value, err, code, style, kind, len(rich))
			}
		}
	}
	for column := 1; column <= 30; column++ {
		name, _ := excelize.ColumnNumberToName(column)
		width, err := f.GetColWidth(sheet, name)
		style, _ := f.GetColStyle(sheet, name)
		visible, _ := f.GetColVisible(sheet, name)
		say("column "+name, width, err, style, visible)
	}
	panes, err := f.GetPanes(sheet)
	say("panes", panes, err)
	rules, err := f.GetDataValidations(sheet)
	say("validations", len(rules), err)
	formats, err := f.GetConditionalFormats(sheet)
	say("conditional formats", formats, err)
	comments, err := f.GetComments(sheet)
	say("comments", comments, err)
	merged, err := f.GetMergeCells(sheet)
	say("merged", merged, err)
	say("names", slices.DeleteFunc(f.GetDefinedName(), func(n excelize.DefinedName) bool { return n.Name == filterName }))
	pictures, err := f.GetPictureCells(sheet)
	say("pictures", pictures, err)
	return seen
}
