// Package xlsxtest builds workbooks for tests, part by part, as Excel lays them
// out, and compares their parts.
package xlsxtest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Book is a workbook under construction: its parts by name, in their order.
type Book struct {
	Names []string
	Parts map[string]string
}

// What workbooks are full of.
const (
	Head     = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\r\n"
	MainNS   = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	RelNS    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	TypeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
	TypeXLSM = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
	SheetOne = "xl/worksheets/sheet1.xml"
)

// New makes a workbook as Excel lays it out. Each sheet is a name and what is in
// its sheetData.
func New(sheets ...[2]string) *Book {
	b := &Book{Parts: map[string]string{}}
	var list, rels, types strings.Builder
	for i, s := range sheets {
		n := i + 1
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, s[0], n, n)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, RelNS, n)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" `+
			`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
	}
	b.Set("[Content_Types].xml", Head+`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Default Extension="xml" ContentType="application/xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="`+TypeXLSX+`"/>`+types.String()+`</Types>`)
	b.Set("_rels/.rels", Head+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="rId1" Type="`+RelNS+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	b.Set("xl/workbook.xml", Head+`<workbook `+MainNS+` xmlns:r="`+RelNS+`"><workbookPr defaultThemeVersion="124226"/>`+
		`<sheets>`+list.String()+`</sheets><calcPr calcId="191029"/></workbook>`)
	b.Set("xl/_rels/workbook.xml.rels", Head+
		`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		rels.String()+`</Relationships>`)
	for i, s := range sheets {
		b.Set(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), Worksheet(s[1]))
	}
	return b
}

// Worksheet is a sheet as Excel writes it.
func Worksheet(rows string) string {
	return Head + `<worksheet ` + MainNS + ` xmlns:r="` + RelNS + `"` +
		` xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"` +
		` mc:Ignorable="x14ac" xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac">` +
		`<dimension ref="A1:B3"/>` +
		`<sheetViews><sheetView workbookViewId="0"/></sheetViews>` +
		`<sheetFormatPr defaultRowHeight="15" x14ac:dyDescent="0.25"/>` +
		`<sheetData>` + rows + `</sheetData>` +
		`<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/></worksheet>`
}

// Set adds or changes a part.
func (b *Book) Set(name, text string) *Book {
	if _, again := b.Parts[name]; !again {
		b.Names = append(b.Names, name)
	}
	b.Parts[name] = text
	return b
}

// Replace changes a text of a part, which has it.
func (b *Book) Replace(name, old, new string) *Book {
	if !strings.Contains(b.Parts[name], old) {
		panic(name + " has no " + old)
	}
	b.Parts[name] = strings.Replace(b.Parts[name], old, new, 1)
	return b
}

// Drop leaves a part out.
func (b *Book) Drop(name string) *Book {
	b.Names = slices.DeleteFunc(b.Names, func(n string) bool { return n == name })
	delete(b.Parts, name)
	return b
}

// Relate adds a part that the workbook refers to.
func (b *Book) Relate(kind, name, text string) *Book {
	related := `<Relationship Id="rId` + kind + `" Type="` + RelNS + "/" + kind + `" Target="` + name + `"/>`
	b.Replace("xl/_rels/workbook.xml.rels", `</Relationships>`, related+`</Relationships>`)
	return b.Set("xl/"+name, text)
}

// SharedStrings adds shared strings.
func (b *Book) SharedStrings(items ...string) *Book {
	return b.Relate("sharedStrings", "sharedStrings.xml", Head+`<sst `+MainNS+`>`+strings.Join(items, "")+`</sst>`)
}

// Styles adds cell formats by their numbers, and the codes of those that need
// one.
func (b *Book) Styles(codes map[int]string, ids ...int) *Book {
	var formats, xfs strings.Builder
	for id, code := range codes {
		fmt.Fprintf(&formats, `<numFmt numFmtId="%d" formatCode="%s"/>`, id, code)
	}
	for _, id := range ids {
		fmt.Fprintf(&xfs, `<xf numFmtId="%d" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`, id)
	}
	return b.Relate("styles", "styles.xml", Head+`<styleSheet `+MainNS+`><numFmts>`+formats.String()+`</numFmts>`+
		`<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs>`+xfs.String()+`</cellXfs></styleSheet>`)
}

// Bytes is the workbook.
func (b *Book) Bytes() []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range b.Names {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(part, b.Parts[name])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// File writes the workbook where the test can open it.
func (b *Book) File(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "batch.xlsx")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// WithRows makes a workbook of one sheet, Orders, with what is in its sheetData.
func WithRows(data string) *Book { return New([2]string{"Orders", data}) }

// Inline is a cell with a text in it.
func Inline(at, text string) string {
	return `<c r="` + at + `" t="inlineStr"><is><t>` + text + `</t></is></c>`
}

// TB is what Unzip needs of a test, a benchmark or a property-based check.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Unzip reads every part.
func Unzip(t TB, b []byte) *Book {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	all := &Book{Parts: map[string]string{}}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		all.Set(f.Name, string(text))
	}
	return all
}

// CheckParts compares all parts but some.
func CheckParts(t *testing.T, before, after *Book, but ...string) {
	t.Helper()
	if diff := cmp.Diff(before.Names, after.Names); diff != "" {
		t.Errorf("parts:\n%s", diff)
	}
	for name, text := range before.Parts {
		if !slices.Contains(but, name) && after.Parts[name] != text {
			t.Errorf("%s is another:\n%s", name, cmp.Diff(text, after.Parts[name]))
		}
	}
}
