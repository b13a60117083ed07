package batch

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/poactor/poactor/po"
)

// filled writes the results of a workbook of one sheet, for the order 1 only.
func filled(t testing.TB, b *xlsxtest.Book) *xlsxtest.Book {
	t.Helper()
	return xlsxtest.Unzip(t, results(t, mustOpen(t, b.File(t)), func(key po.Key) (po.Outcome, bool) {
		return po.Outcome{Key: key, Status: po.Failed, Detail: "=1 < 2"}, key == "1"
	}))
}

// cells of ours as they are stored.
var ours = []*regexp.Regexp{
	regexp.MustCompile(`<c r="([A-Z]+)\d+"(?: s="(\d+)")? t="inlineStr"><is><t xml:space="preserve">([^<]*)</t></is></c>`),
	regexp.MustCompile(`<c r="([A-Z]+)\d+"(?: s="(\d+)")?><v>(\d+)</v></c>`),
}

// brief gives the rows of a sheet with cells of ours written as
// {column style text}.
func brief(b *xlsxtest.Book) string {
	_, data, _ := strings.Cut(b.Parts[xlsxtest.SheetOne], "<sheetData>")
	data, _, _ = strings.Cut(data, "</sheetData>")
	for _, cell := range ours {
		data = cell.ReplaceAllString(data, "{$1 $2 $3}")
	}
	return data
}

// TestFilledRows: where cells of ours go, how they look, and that all else is
// as it was.
func TestFilledRows(t *testing.T) {
	t.Parallel()
	names := func(first int, style string) string {
		var b strings.Builder
		for k, name := range statusColumns {
			fmt.Fprintf(&b, `{%s %s %s}`, xlsx.ColumnName(first+k), style, name)
		}
		return b.String()
	}
	// between are the names from one to another.
	between := func(names, from, to string) string {
		i, k := strings.Index(names, from), strings.Index(names, to)
		return names[strings.LastIndexByte(names[:i], '{') : k+len(to)+1]
	}
	const head = `<row r="1" spans="1:2" ht="30"><c r="A1" t="str"><v>PO</v></c><c r="B1" s="7" t="str"><v>x</v></c>`
	headOut := strings.Replace(head, ` spans="1:2"`, "", 1) + names(2, "7") + `</row>`
	for name, tt := range map[string]struct{ rows, want string }{
		"appended": {
			head + `</row><row r="2" x14ac:dyDescent="0.25"><c r="A2"><v>1</v></c></row>` + "\n" + `<row r="3" spans="1:2"><c r="A3" s="0"><v>2</v></c></row>`,
			headOut + `<row r="2" x14ac:dyDescent="0.25">{A  1}{C  FAILED}{E  0}{F  0}{I  '=1 &lt; 2}{M  0}</row>` + "\n" + `<row r="3" spans="1:2">{A 0 2}</row>`,
		},
		"behind what any row holds": {
			head + `</row><row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="C3"><v>2</v></c><c r="Z3" s="4"/></row>`,
			strings.Replace(headOut, names(2, "7"), names(3, "7"), 1) +
				`<row r="2">{A  1}{D  FAILED}{F  0}{G  0}{J  '=1 &lt; 2}{N  0}</row><row r="3">{C  2}<c r="Z3" s="4"/></row>`,
		},
		"in the style of cells that are there": {
			head + `</row><row r="2"><c r="A2"><v>1</v></c><c r="C2" s="3"/><c r="D2" s="4"/><c r="E2" s="5"/><c r="G2" s="6"/><c r="Z2" s="7"/></row>`,
			headOut + `<row r="2">{A  1}{C 3 FAILED}<c r="D2" s="4"/>{E 5 0}{F  0}<c r="G2" s="6"/>{I  '=1 &lt; 2}{M  0}<c r="Z2" s="7"/></row>`,
		},
		"in the style of the row": {
			head + `</row><row r="2" s="9" customFormat="1"><c r="A2"><v>1</v></c></row>`,
			headOut + `<row r="2" s="9" customFormat="1">{A  1}{C 9 FAILED}{E 9 0}{F 9 0}{I 9 '=1 &lt; 2}{M 9 0}</row>`,
		},
		"without references": {
			`<row><c t="str"><v>PO</v></c><c s="1"/><c t="str"><v>CAUSE</v></c><c t="str"><v>STATUS</v></c><c t="str"><v>ATTEMPTS</v></c></row><row><c><v>1</v></c><c/><c t="str"><v>old</v></c><c><v>6</v></c></row>`,
			`<row><c r="A1" t="str"><v>PO</v></c><c r="B1" s="1"/><c r="C1" t="str"><v>CAUSE</v></c><c r="D1" t="str"><v>STATUS</v></c><c r="E1" t="str"><v>ATTEMPTS</v></c>` +
				`{F  SUPPLIER}{G  ATTACHMENTS_FOUND}{H  ATTACHMENTS_DOWNLOADED}{I  AttachmentName}{J  LAST_PROCESSED}{K  ERROR_MESSAGE}` +
				`{L  DOWNLOAD_FOLDER}{M  COUPA_URL}</row>` +
				`<row>{A  1}<c r="B2"/><c r="C2"/>{D  FAILED}{E  0}{G  0}{H  0}{K  '=1 &lt; 2}</row>`,
		},
		"in place, what says the same stays": {
			`<row r="1">` + xlsxtest.Inline("A1", "Attempts") + xlsxtest.Inline("B1", "PO") + xlsxtest.Inline("C1", "Status") + xlsxtest.Inline("D1", "ERROR_MESSAGE") + `</row>` +
				`<row r="2"><c r="A2" t="str"><v>0</v></c><c r="B2"><v>1</v></c><c r="C2" s="2" t="s"><v>0</v></c><c r="D2" s="3" cm="1" t="str"><f>A1</f><v>'=1 &lt; 2</v></c></row>`,
			`<row r="1">` + xlsxtest.Inline("A1", "Attempts") + xlsxtest.Inline("B1", "PO") + xlsxtest.Inline("C1", "Status") + xlsxtest.Inline("D1", "ERROR_MESSAGE") +
				`{E  SUPPLIER}{F  ATTACHMENTS_FOUND}{G  ATTACHMENTS_DOWNLOADED}{H  AttachmentName}{I  LAST_PROCESSED}{J  DOWNLOAD_FOLDER}{K  COUPA_URL}{L  CAUSE}</row>` +
				`<row r="2"><c r="A2" t="str"><v>0</v></c>{B  1}<c r="C2" s="2" t="s"><v>0</v></c>{D 3 '=1 &lt; 2}{F  0}{G  0}</row>`,
		},
		"shared formula, its master filled": {
			`<row r="1">` + xlsxtest.Inline("A1", "PO") + xlsxtest.Inline("B1", "STATUS") + xlsxtest.Inline("C1", "CAUSE") + xlsxtest.Inline("D1", "ATTEMPTS") + `</row>` +
				`<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f t="shared" ref="B2:B4" si="0">A2</f><v>1</v></c></row>` +
				`<row r="3"><c r="A3"><v>2</v></c><c r="B3" s="1"><f t="shared" si="0"/><v>2</v></c></row>` +
				`<row r="4"><c r="A4"><v>3</v></c><c r="B4"><f t="shared" si="0"></f><v>3</v></c><c r="Z4"><f t="shared" si="1"/></c></row>`,
			`<row r="1">` + xlsxtest.Inline("A1", "PO") + xlsxtest.Inline("B1", "STATUS") + xlsxtest.Inline("C1", "CAUSE") + xlsxtest.Inline("D1", "ATTEMPTS") + between(names(25, ""), "SUPPLIER", "COUPA_URL") + `</row>` +
				`<row r="2">{A  1}{B  FAILED}{D  0}{AB  0}{AC  0}{AF  '=1 &lt; 2}</row>` +
				`<row r="3">{A  2}{B 1 2}</row><row r="4">{A  3}{B  3}<c r="Z4"><f t="shared" si="1"/></c></row>`,
		},
		"completed before": {
			head + xlsxtest.Inline("C1", "STATUS") + xlsxtest.Inline("D1", "CAUSE") + xlsxtest.Inline("E1", "ATTEMPTS") + `</row><row r="2"><c r="A2"><v>1</v></c>` + xlsxtest.Inline("C2", "Completed") + `</row>`,
			strings.Replace(headOut, names(2, "7"), xlsxtest.Inline("C1", "STATUS")+xlsxtest.Inline("D1", "CAUSE")+xlsxtest.Inline("E1", "ATTEMPTS")+between(names(4, ""), "SUPPLIER", "COUPA_URL"), 1) + `<row r="2">{A  1}` + xlsxtest.Inline("C2", "Completed") + `</row>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := xlsxtest.WithRows(tt.rows).SharedStrings(`<si><t>FAILED</t></si>`)
			after := filled(t, before)
			if diff := cmp.Diff(strings.SplitAfter(tt.want, ">"), strings.SplitAfter(brief(after), ">")); diff != "" {
				t.Errorf("%s\ngot %s", diff, brief(after))
			}
			xlsxtest.CheckParts(t, before, after, xlsxtest.SheetOne)
		})
	}
}

// TestAroundRows: what stands around the rows stays, but for the extent of the
// sheet.
func TestAroundRows(t *testing.T) {
	t.Parallel()
	const cols = `<cols><col min="1" max="2" width="9"/><col min="3" max="16384" style="8"/></cols>`
	for name, tt := range map[string]struct{ old, new, want string }{
		"dimension":           {`"A1:B3"`, `"A1:B3"`, `<dimension ref="A1:M3"/>`},
		"dimension of a cell": {`"A1:B3"`, `"A1"`, `<dimension ref="A1:M1"/>`},
		"dimension, larger":   {`"A1:B3"`, `"A1:AB3"`, `<dimension ref="A1:AB3"/>`},
		"dimension, none":     {`"A1:B3"`, `"?"`, `<dimension ref="?"/>`},
		"no dimension":        {`<dimension ref="A1:B3"/>`, ``, `2009/9/ac"><sheetViews>`},
		"style of the column": {`<sheetData>`, cols + `<sheetData>`, cols + `<sheetData><row r="1">`},
		"filled in it":        {`<sheetData>`, cols + `<sheetData>`, `<c r="C2" s="8" t="inlineStr">`},
		"behind the rows":     {`</worksheet>`, "<x y='>'/></worksheet>\n<!-- end -->", "footer=\"0.3\"/><x y='>'/></worksheet>\n<!-- end -->"},
		"mark and line ends":  {xlsxtest.Head, "\uFEFF<?xml version='1.0'?>\n<!-- x -->\n", "\uFEFF<?xml version='1.0'?>\n<!-- x -->\n<worksheet "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := orders("1").Replace(xlsxtest.SheetOne, tt.old, tt.new)
			after := filled(t, before)
			if !strings.Contains(after.Parts[xlsxtest.SheetOne], tt.want) {
				t.Errorf("got %s", after.Parts[xlsxtest.SheetOne])
			}
			xlsxtest.CheckParts(t, before, after, xlsxtest.SheetOne)
		})
	}
}

// TestPrefixedSheet: cells of ours have the names of their neighbours.
func TestPrefixedSheet(t *testing.T) {
	t.Parallel()
	after := filled(t, orders("1").Set(xlsxtest.SheetOne, prefixed)).Parts[xlsxtest.SheetOne]
	const want = `<x:row><x:c r="A2"><x:v>1</x:v></x:c><x:c r="B2" t="inlineStr"><x:is><x:t xml:space="preserve">FAILED</x:t></x:is></x:c><x:c r="D2"><x:v>0</x:v></x:c>`
	if !strings.Contains(after, want) {
		t.Errorf("got %s", after)
	}
}

// TestCalculatedAnew: a workbook with formulas loses the order in which they
// were calculated, and is marked to be calculated when it is opened.
func TestCalculatedAnew(t *testing.T) {
	t.Parallel()
	const chain = `<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"></Override>`
	for name, tt := range map[string]struct{ calc, want string }{
		"marked":        {`<calcPr calcId="191029"/>`, `<calcPr fullCalcOnLoad="1" calcId="191029"/>`},
		"marked before": {`<calcPr calcId="1" fullCalcOnLoad="false"/>`, `<calcPr calcId="1" fullCalcOnLoad="1"/>`},
		"nowhere":       {``, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			without := orders("1").Replace("xl/workbook.xml", `<calcPr calcId="191029"/>`, tt.calc)
			before := orders("1").Replace("xl/workbook.xml", `<calcPr calcId="191029"/>`, tt.calc).
				Replace("[Content_Types].xml", `</Types>`, chain+`</Types>`).
				Relate("calcChain", "calcChain.xml", `<calcChain `+xlsxtest.MainNS+`><c r="A1" i="1"/></calcChain>`)
			after := filled(t, before)
			without.Replace("xl/workbook.xml", `</sheets>`+tt.calc, `</sheets>`+tt.want)
			xlsxtest.CheckParts(t, without, after, xlsxtest.SheetOne)
		})
	}
}

// TestMacros: they are kept, and with them the kind of the workbook.
func TestMacros(t *testing.T) {
	t.Parallel()
	before := orders("1").Replace("[Content_Types].xml", xlsxtest.TypeXLSX, xlsxtest.TypeXLSM).Relate("vbaProject", "vbaProject.bin", ole+"\x00macros")
	xlsxtest.CheckParts(t, before, filled(t, before), xlsxtest.SheetOne)
}
