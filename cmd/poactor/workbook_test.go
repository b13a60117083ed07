package main

import (
	"encoding/csv"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// cmdWorkbook makes a workbook of a CSV file: on the sheet PO_Data, behind one
// that counts the orders that are COMPLETED: workbook CSV XLSX
func cmdWorkbook(ts *testscript.TestScript, _ bool, args []string) {
	in, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer in.Close()
	reader := csv.NewReader(in)
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	ts.Check(err)
	f := excelize.NewFile()
	defer f.Close()
	const sheet = "PO_Data"
	_, err = f.NewSheet(sheet)
	ts.Check(err)
	for i, row := range rows {
		ts.Check(f.SetSheetRow(sheet, "A"+strconv.Itoa(i+1), &row))
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	ts.Check(err)
	ts.Check(f.SetCellStyle(sheet, "A1", "C1", bold))
	ts.Check(f.SetCellFormula("Sheet1", "A1", `COUNTIF(PO_Data!D:D,"COMPLETED")`))
	ts.Check(f.SaveAs(ts.MkAbs(args[1])))
}

// cmdCell wants what a cell shows, or else changes it; that of a formula is
// calculated: cell XLSX SHEET CELL TEXT, ! cell XLSX SHEET CELL NEW
func cmdCell(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	f, err := excelize.OpenFile(path)
	ts.Check(err)
	defer f.Close()
	if neg {
		ts.Check(f.SetCellValue(args[1], args[2], args[3]))
		ts.Check(f.Save())
		return
	}
	text, err := f.CalcCellValue(args[1], args[2])
	ts.Check(err)
	if text != args[3] {
		ts.Fatalf("%s of %s shows %q, want %q", args[2], args[1], text, args[3])
	}
}
