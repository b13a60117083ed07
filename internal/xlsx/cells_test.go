package xlsx

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
)

// cellTexts gives the cells of every row of a workbook's first sheet.
func cellTexts(t testing.TB, b *xlsxtest.Book) [][]string {
	t.Helper()
	f := openFile(t, b.Bytes())
	w, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	err = r.Rows(w.Sheets[0], func(row *Row) error {
		cells := []string{}
		for k := range row.Width() {
			cells = append(cells, row.Text(k))
		}
		all = append(all, cells)
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
		"text":                       {xlsxtest.Inline("A2", "PO15262984"), "PO15262984"},
		"text like a number":         {xlsxtest.Inline("A2", "0015262984"), "0015262984"},
		"text with entities":         {xlsxtest.Inline("A2", "a &amp;&lt;&#x41;&#66;&quot;"), `a &<AB"`},
		"text in CDATA":              {xlsxtest.Inline("A2", "a<![CDATA[<&amp;]]>b"), "a<&amp;b"},
		"escaped characters":         {xlsxtest.Inline("A2", "a_x000D_b_x005F_x0041__xD83D__xDE00__x0g00_"), "a\rb_x0041_😀_x0g00_"},
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
		"not UTF-8":                  {xlsxtest.Inline("A2", "a\xFFb"), "a\uFFFDb"},
		"elements of others":         {`<c r="A2"><x:v xmlns:x="y">6</x:v><v>5</v><extLst><c><v>7</v></c></extLst></c>`, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := xlsxtest.WithRows(`<row r="1">`+xlsxtest.Inline("A1", "PO_NUMBER")+`</row><row r="2">`+tt.cell+xlsxtest.Inline("B2", "end")+`</row>`).
				SharedStrings(`<si><t>shared &amp; &lt;b&gt;</t></si>`, `<si><r><t>日</t></r><r><t>本</t></r><rPh sb="0" eb="2"><t>ニホン</t></rPh></si>`, `<si/>`).
				Styles(map[int]string{164: "00000000", 165: "&quot;PO&quot;0", 166: "[$-416]mmm/yy"}, 0, 3, 4, 11, 164, 165, 14, 166)
			got := cellTexts(t, b)
			if diff := cmp.Diff([][]string{{"PO_NUMBER"}, {tt.want, "end"}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
