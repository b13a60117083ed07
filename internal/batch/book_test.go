package batch

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

// book is a workbook under construction: its parts by name, in their order.
type book struct {
	names []string
	parts map[string]string
}

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\r\n"
	mainNS   = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relNS    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
	typeXLSM = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
	sheetOne = "xl/worksheets/sheet1.xml"
)

// newBook makes a workbook as Excel lays it out. Each sheet is a name and what
// is in its sheetData.
func newBook(sheets ...[2]string) *book {
	b := &book{parts: map[string]string{}}
	var list, rels, types strings.Builder
	for i, s := range sheets {
		n := i + 1
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, s[0], n, n)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, relNS, n)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
	}
	b.set("[Content_Types].xml", xmlHead+`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="`+typeXLSX+`"/>`+types.String()+`</Types>`)
	b.set("_rels/.rels", xmlHead+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="rId1" Type="`+relNS+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	b.set("xl/workbook.xml", xmlHead+`<workbook `+mainNS+` xmlns:r="`+relNS+`"><workbookPr defaultThemeVersion="124226"/>`+
		`<sheets>`+list.String()+`</sheets><calcPr calcId="191029"/></workbook>`)
	b.set("xl/_rels/workbook.xml.rels", xmlHead+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		rels.String()+`</Relationships>`)
	for i, s := range sheets {
		b.set(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), worksheet(s[1]))
	}
	return b
}

// worksheet is a sheet as Excel writes it.
func worksheet(rows string) string {
	return xmlHead + `<worksheet ` + mainNS + ` xmlns:r="` + relNS + `" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"` +
		` mc:Ignorable="x14ac" xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"><dimension ref="A1:B3"/>` +
		`<sheetViews><sheetView workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15" x14ac:dyDescent="0.25"/>` +
		`<sheetData>` + rows + `</sheetData><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/></worksheet>`
}

// set adds or changes a part.
func (b *book) set(name, text string) *book {
	if _, again := b.parts[name]; !again {
		b.names = append(b.names, name)
	}
	b.parts[name] = text
	return b
}

// replace changes a text of a part, which has it.
func (b *book) replace(name, old, new string) *book {
	if !strings.Contains(b.parts[name], old) {
		panic(name + " has no " + old)
	}
	b.parts[name] = strings.Replace(b.parts[name], old, new, 1)
	return b
}

func (b *book) drop(name string) *book {
	b.names = slices.DeleteFunc(b.names, func(n string) bool { return n == name })
	delete(b.parts, name)
	return b
}

// relate adds a part that the workbook refers to.
func (b *book) relate(kind, name, text string) *book {
	b.replace("xl/_rels/workbook.xml.rels", `</Relationships>`, `<Relationship Id="rId`+kind+`" Type="`+relNS+"/"+kind+`" Target="`+name+`"/></Relationships>`)
	return b.set("xl/"+name, text)
}

// texts adds shared strings.
func (b *book) texts(items ...string) *book {
	return b.relate("sharedStrings", "sharedStrings.xml", xmlHead+`<sst `+mainNS+`>`+strings.Join(items, "")+`</sst>`)
}

// styles adds cell formats by their numbers, and the codes of those that need
// one.
func (b *book) styles(codes map[int]string, ids ...int) *book {
	var formats, xfs strings.Builder
	for id, code := range codes {
		fmt.Fprintf(&formats, `<numFmt numFmtId="%d" formatCode="%s"/>`, id, code)
	}
	for _, id := range ids {
		fmt.Fprintf(&xfs, `<xf numFmtId="%d" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`, id)
	}
	return b.relate("styles", "styles.xml", xmlHead+`<styleSheet `+mainNS+`><numFmts>`+formats.String()+`</numFmts>`+
		`<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs>`+xfs.String()+`</cellXfs></styleSheet>`)
}

func (b *book) bytes() []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range b.names {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(part, b.parts[name])
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

// file writes the workbook where the test can open it.
func (b *book) file(t testing.TB) string {
	t.Helper()
	return file(t, "batch.xlsx", string(b.bytes()))
}

// rows makes a workbook of one sheet.
func rows(data string) *book { return newBook([2]string{"Orders", data}) }

// inline is a cell with a text in it.
func inline(at, text string) string {
	return `<c r="` + at + `" t="inlineStr"><is><t>` + text + `</t></is></c>`
}

// orders makes a workbook with numbers under a header.
func orders(numbers ...string) *book {
	data := `<row r="1">` + inline("A1", "PO_NUMBER") + inline("B1", "Note") + `</row>`
	for i, n := range numbers {
		data += fmt.Sprintf(`<row r="%d">%s</row>`, i+2, inline(fmt.Sprintf("A%d", i+2), n))
	}
	return rows(data)
}

// unzip reads every part.
func unzip(t testing.TB, b []byte) *book {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	all := &book{parts: map[string]string{}}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		all.set(f.Name, string(text))
	}
	return all
}

// checkParts compares all parts but some.
func checkParts(t *testing.T, before, after *book, but ...string) {
	t.Helper()
	if diff := cmp.Diff(before.names, after.names); diff != "" {
		t.Errorf("parts:\n%s", diff)
	}
	for name, text := range before.parts {
		if !slices.Contains(but, name) && after.parts[name] != text {
			t.Errorf("%s is another:\n%s", name, cmp.Diff(text, after.parts[name]))
		}
	}
}

// workbooks are those of the corpus.
func workbooks(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/workbooks/*.xls[xm]")
	if err != nil || len(files) < 6 {
		t.Fatalf("the corpus has only %d workbooks, %v", len(files), err)
	}
	return files
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
