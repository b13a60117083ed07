package batch

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// texts gives the cells of every row behind the header.
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

func TestCellTexts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cell string // at A2
		want string
	}{
		"number":                     {`<c r="A2"><v>15262984</v></c>`, "15262984"},
		"number of LibreOffice":      {`<c r="A2" t="n"><v>15262984</v></c>`, "15262984"},
		"number with an exponent":    {`<c r="A2"><v>1.5262984E7</v></c>`, "15262984"},
		"number with decimals":       {`<c r="A2"><v>1234.5</v></c>`, "1234.5"},
		"fifteen digits":             {`<c r="A2"><v>123456789012345</v></c>`, "123456789012345"},
		"fifteen digits, exponent":   {`<c r="A2"><v>1.23456789012345E+14</v></c>`, "123456789012345"},
		"more digits than Excel has": {`<c r="A2"><v>12345678901234567</v></c>`, "12345678901234567"},
		"thousands separators":       {`<c r="A2" s="1"><v>15262984</v></c>`, "15262984"},
		"two decimals":               {`<c r="A2" s="2"><v>15262984</v></c>`, "15262984"},
		"shown with an exponent":     {`<c r="A2" s="3"><v>15262984</v></c>`, "15262984"},
		"zeros before it":            {`<c r="A2" s="4"><v>4711</v></c>`, "00004711"},
		"letters before it":          {`<c r="A2" s="5"><v>15262984</v></c>`, "PO15262984"},
		"date":                       {`<c r="A2" s="6"><v>45292</v></c>`, "2024-01-01"},
		"month in Portuguese":        {`<c r="A2" s="7"><v>45323</v></c>`, "fev/24"},
		"number where dates go":      {`<c r="A2" s="6"><v>15262984</v></c>`, "15262984"},
		"style that is not there":    {`<c r="A2" s="99"><v>15262984</v></c>`, "15262984"},
		"text":                       {inline("A2", "PO15262984"), "PO15262984"},
		"text like a number":         {inline("A2", "0015262984"), "0015262984"},
		"text with entities":         {inline("A2", "a &amp;&lt;&#x41;&#66;&quot;"), `a &<AB"`},
		"text in CDATA":              {inline("A2", "a<![CDATA[<&amp;]]>b"), "a<&amp;b"},
		"escaped characters":         {inline("A2", "a_x000D_b_x005F_x0041__xD83D__xDE00__x0g00_"), "a\rb_x0041_😀_x0g00_"},
		"rich text":                  {`<c r="A2" t="inlineStr"><is><r><rPr><b/></rPr><t>PO</t></r><r><t xml:space="preserve">123 </t></r></is></c>`, "PO123 "},
		"reading aids":               {`<c r="A2" t="s"><v>1</v></c>`, "日本"},
		"shared string":              {`<c r="A2" t="s"><v>0</v></c>`, "shared & <b>"},
		"shared string, empty":       {`<c r="A2" t="s"><v>2</v></c>`, ""},
		"formula, text":              {`<c r="A2" t="str"><f>"PO"&amp;B2</f><v>PO77</v></c>`, "PO77"},
		"formula, number":            {`<c r="A2"><f>B2*2</f><v>7.7E1</v></c>`, "77"},
		"formula not calculated":     {`<c r="A2"><f>B2*2</f></c>`, ""},
		"boolean":                    {`<c r="A2" t="b"><v>1</v></c>`, "TRUE"},
		"boolean, false":             {`<c r="A2" t="b"><v>0</v></c>`, "FALSE"},
		"error":                      {`<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, "#DIV/0!"},
		"date of ISO":                {`<c r="A2" t="d"><v>2024-01-01</v></c>`, "2024-01-01"},
		"no reference":               {`<c><v>5</v></c>`, "5"},
		"comments and spaces":        {"<!-- > --> <c r='A2' >\n<v >5</v ></c ><?x?>", "5"},
		"not UTF-8":                  {inline("A2", "a\xFFb"), "a\uFFFDb"},
		"elements of others":         {`<c r="A2"><x:v xmlns:x="y">6</x:v><v>5</v><extLst><c><v>7</v></c></extLst></c>`, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := rows(`<row r="1">`+inline("A1", "PO_NUMBER")+`</row><row r="2">`+tt.cell+inline("B2", "end")+`</row>`).
				texts(`<si><t>shared &amp; &lt;b&gt;</t></si>`, `<si><r><t>日</t></r><r><t>本</t></r><rPh sb="0" eb="2"><t>ニホン</t></rPh></si>`, `<si/>`).
				styles(map[int]string{164: "00000000", 165: "&quot;PO&quot;0", 166: "[$-416]mmm/yy"}, 0, 3, 4, 11, 164, 165, 14, 166)
			got := cellTexts(t, mustOpen(t, b.file(t)))
			if diff := cmp.Diff([][]string{{tt.want, "end"}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSheet: which of the sheets has the orders.
func TestSheet(t *testing.T) {
	t.Parallel()
	sheet := func(name, number string) [2]string {
		return [2]string{name, `<row r="1">` + inline("A1", "PO") + `</row><row r="2">` + inline("A2", number) + `</row>`}
	}
	empty := [2]string{"Empty", `<row r="1"><c r="A1" s="1"/>` + inline("B1", " ") + `</row>`}
	const hidden = ` state="hidden" `
	for name, tt := range map[string]struct {
		book *book
		want string
	}{
		"one":             {newBook(sheet("x", "1")), "1"},
		"first":           {newBook(sheet("x", "1"), sheet("y", "2")), "1"},
		"by name":         {newBook(sheet("x", "1"), sheet("PO_Data", "2")), "2"},
		"in any case":     {newBook(sheet("x", "1"), sheet("po_DATA ", "2")), "2"},
		"by name, hidden": {newBook(sheet("x", "1"), sheet("PO_Data", "2")).replace("xl/workbook.xml", ` sheetId="2"`, hidden+`sheetId="2"`), "2"},
		"first hidden":    {newBook(sheet("x", "1"), sheet("y", "2")).replace("xl/workbook.xml", ` sheetId="1"`, hidden+`sheetId="1"`), "2"},
		"first veryHidden": {newBook(sheet("x", "1"), sheet("y", "2")).
			replace("xl/workbook.xml", ` sheetId="1"`, ` state="veryHidden" sheetId="1"`), "2"},
		"first empty": {newBook(empty, sheet("y", "2")), "2"},
		"chart first": {newBook(sheet("x", "1"), sheet("y", "2")).replace("xl/_rels/workbook.xml.rels", "/worksheet", "/chartsheet"), "2"},
		"order of the list": {newBook(sheet("x", "1"), sheet("y", "2")).
			replace("xl/workbook.xml", `r:id="rId1"`, `r:id="rId9"`).replace("xl/workbook.xml", `r:id="rId2"`, `r:id="rId1"`).
			replace("xl/workbook.xml", `r:id="rId9"`, `r:id="rId2"`), "2"},
		"Strict Open XML":    {newBook(sheet("x", "1")).replace("xl/_rels/workbook.xml.rels", relNS, "http://purl.oclc.org/ooxml/officeDocument/relationships"), "1"},
		"absolute target":    {newBook(sheet("x", "1")).replace("xl/_rels/workbook.xml.rels", `"worksheets/`, `"/xl/worksheets/`), "1"},
		"names in any case":  {newBook(sheet("x", "1")).replace("xl/_rels/workbook.xml.rels", `"worksheets/sheet1`, `"Worksheets/Sheet1`), "1"},
		"type by extension":  {newBook(sheet("x", "1")).replace("[Content_Types].xml", `PartName="/xl/workbook.xml"`, `PartName="/x"`).replace("[Content_Types].xml", `application/xml`, typeXLSX), "1"},
		"prefixed names":     {newBook(sheet("x", "1")).set(sheetOne, prefixed), "1"},
		"byte order mark":    {newBook(sheet("x", "1")).replace(sheetOne, "<?xml", "\uFEFF<?xml"), "1"},
		"no XML declaration": {newBook(sheet("x", "1")).replace(sheetOne, xmlHead, ""), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cellTexts(t, mustOpen(t, tt.book.file(t)))
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
	b := mustOpen(t, rows(`<row r="3">`+inline("B3", " po number ")+inline("C3", "STATUS")+inline("D3", "&lt;|&gt;")+inline("E3", "Land")+inline("G3", "SUPPLIER")+inline("H3", "CAUSE")+inline("I3", "attempts")+`</row>`+
		`<row r="4"><c r="B4"><v>1</v></c>`+inline("C4", "completed")+inline("E4", "Brasil")+inline("F4", "São")+inline("G4", "Acme")+`</row>`+
		`<row r="5"/>`+
		`<row r="9">`+inline("B9", "bad")+inline("C9", "Issued")+`<c r="E9"><v>2024</v></c></row>`+
		`<row r="10">`+inline("A10", "x")+`<c r="B10" s="3"/></row>`+
		`<row r="1048576">`+inline("B1048576", "PO1")+`</row>`).file(t))
	var got []Row
	for row, err := range b.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := []Row{
		{Line: 4, Order: po.Order{Key: "1", Number: "1", Written: "1", Levels: []string{"Brasil", "São"}}, Status: po.Completed},
		{Line: 9, Order: po.Order{Key: malformedKey("BAD"), Written: "bad", Levels: []string{"2024"}, Invalid: "not an order number of this portal"}},
		{Line: 10},
		{Line: 1048576, Order: po.Order{Key: "1", Number: "1", Written: "PO1"}},
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
	macros := orders("1").replace("[Content_Types].xml", typeXLSX, typeXLSM)
	for name, tt := range map[string]struct{ path, want string }{
		"csv":                {file(t, "batch.csv", "PO\n1\n"), "results.csv"},
		"tsv":                {file(t, "batch.tsv", "PO\n1\n"), "results.csv"},
		"csv named xlsx":     {file(t, "batch.xlsx", "PO\n1\n"), "results.csv"},
		"workbook":           {orders("1").file(t), "results.xlsx"},
		"workbook named csv": {file(t, "batch.csv", string(orders("1").bytes())), "results.xlsx"},
		"macros":             {macros.file(t), "results.xlsm"},
	} {
		if got := mustOpen(t, tt.path).ResultsName(); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestKeepWorkbook(t *testing.T) {
	t.Parallel()
	path := orders("1", "2").file(t)
	b := mustOpen(t, path)
	if err := b.Keep(filepath.Join(t.TempDir(), "kept.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"1"}, {"2"}}, cellTexts(t, b)); diff != "" {
		t.Error(diff)
	}
	if after := unzip(t, results(t, b, outcome)); !strings.Contains(after.parts[sheetOne], "STATUS") {
		t.Error("no results")
	}
}

func TestChangedWorkbook(t *testing.T) {
	t.Parallel()
	path := orders("1").file(t)
	b := mustOpen(t, path)
	if err := os.WriteFile(path, orders("1", "2").bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := b.Plan()
	checkError(t, err, path, ErrChanged, 0, "changed in the meantime")
	checkError(t, b.WriteResults(io.Discard, none), path, ErrChanged, 0, "changed in the meantime")
}

// Passes that follow each other have the same texts.
func TestSharedTexts(t *testing.T) {
	t.Parallel()
	f, err := os.Open(orders("1").texts(`<si><t>a</t></si>`).file(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := openArchive(f)
	if err != nil {
		t.Fatal(err)
	}
	var shared sharedTexts
	first, err := shared.of(a, "xl/sharedStrings.xml")
	if err != nil || first.at(0) != "a" {
		t.Fatal(first, err)
	}
	if again, err := shared.of(a, "xl/sharedStrings.xml"); err != nil || again != first {
		t.Errorf("read again: %p, not %p; %v", again, first, err)
	}
}
