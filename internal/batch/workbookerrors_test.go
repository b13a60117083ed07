package batch

import (
	"bytes"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/xuri/excelize/v2"
)

// TestWorkbookErrors: each bad workbook is one clear line.
func TestWorkbookErrors(t *testing.T) {
	t.Parallel()
	const main = "xl/workbook.xml"
	one := func() *xlsxtest.Book { return orders("1", "2") }
	build := func(b *xlsxtest.Book) string { return string(b.Bytes()) }
	long := strings.Repeat("x", maxCellBytes+1)
	for name, tt := range map[string]struct {
		file string
		err  error
		line int
		msg  string
	}{
		"no sheets":       {build(xlsxtest.New()), ErrEmpty, 0, "empty workbook"},
		"empty sheets":    {build(xlsxtest.New([2]string{"a", ""}, [2]string{"b", `<row r="1"/>`})), ErrEmpty, 0, "empty workbook"},
		"no rows at all":  {build(one().Set(xlsxtest.SheetOne, `<worksheet/>`)), ErrEmpty, 0, "empty workbook"},
		"all hidden":      {build(one().Replace(main, ` sheetId`, ` state="hidden" sheetId`)), ErrEmpty, 0, "empty workbook"},
		"empty preferred": {build(xlsxtest.New([2]string{"a", "<row/>"}, [2]string{"PO_data", ``})), ErrEmpty, 0, `sheet "PO_data": empty sheet`},
		"no column": {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A1", "Order") + xlsxtest.Inline("C1", "a\nb") + `<c r="Z1" s="2"/></row>`)), ErrNoColumn, 0,
			`sheet "Orders": no PO_NUMBER column; the columns are "Order", "", "a b"`},
		"hostile names": {build(xlsxtest.New([2]string{"a&#10;&quot;&#x202E;" + long[:99], `<row r="1">` + xlsxtest.Inline("A1", "x") + `</row>`})), ErrNoColumn, 0, `sheet "a \"\u202e`},
		"password":      {encrypted(t), ErrProtected, 0, "the workbook is protected by a password"},
		"password, far": {ole + strings.Repeat("x", 64<<10-len(ole)-5) + utf16LE("EncryptedPackage"), ErrProtected, 0, "password"},
		"cut sheet":     {build(one().Set(xlsxtest.SheetOne, `<worksheet><sheetData><row r="1">`+xlsxtest.Inline("A1", "PO")+`</row><row r="2">`)), ErrDamaged, 2, `sheet "Orders": row 2: the workbook is damaged`},
		"no room":       {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A1", "PO") + xlsxtest.Inline("XFD1", "x") + `</row>`)), ErrTooLong, 0, "no room for the status columns"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "batch.xlsx", tt.file)
			_, err := Open(path, parse)
			checkError(t, err, path, tt.err, tt.line, tt.msg)
		})
	}
}

// encrypted is a workbook with a password.
func encrypted(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var out bytes.Buffer
	if err := f.Write(&out, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
