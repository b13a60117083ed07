package batch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/poactor/poactor/po"
)

// anything takes whatever a portal without a pattern takes for a number.
func anything(written string) (po.Key, string, error) {
	if strings.ContainsFunc(written, invisible) {
		return "", "", fmt.Errorf("not an order number of this portal")
	}
	key, err := po.NewKey(written)
	return key, written, err
}

// textSheet makes a workbook of one sheet with texts.
func textSheet(rows ...[]string) string { return string(bookOf([2]any{"Orders", rows}).Bytes()) }

// bookOf makes a workbook of texts; each sheet is a name and [][]string.
func bookOf(sheets ...[2]any) *xlsxtest.Book {
	var all [][2]string
	for _, s := range sheets {
		var data strings.Builder
		for i, row := range s[1].([][]string) {
			fmt.Fprintf(&data, `<row r="%d">`, i+1)
			for k, text := range row {
				if text != "" {
					data.WriteString(xlsxtest.Inline(xlsx.ColumnName(k)+fmt.Sprint(i+1), text))
				}
			}
			data.WriteString(`</row>`)
		}
		all = append(all, [2]string{s[0].(string), data.String()})
	}
	return xlsxtest.New(all...)
}

// TestHeader: where the header is, and that what stands above it stays.
func TestHeader(t *testing.T) {
	t.Parallel()
	titles := strings.Repeat("title,a\n", 29)
	for name, tt := range map[string]struct {
		text string
		want string // Describe
		keys string
	}{
		"first row":        {"PO_NUMBER,A\n1,x\n", `UTF-8, commas, header in line 1, order numbers in column A "PO_NUMBER"`, "1"},
		"titles":           {"Purchase Order Report\nGenerated: 2026-11-29,,\n\nPO Number,Supplier,Amount\n1,Acme,10\n2,Beta,20\n", `UTF-8, commas, header in line 4, order numbers in column A "PO Number"`, "1 2"},
		"titles, other":    {"Report;\r\n\"Two\r\nlines\";\r\nx;PO Number\r\n;1\r\n", `UTF-8, semicolons, header in line 4, order numbers in column B "PO Number"`, "1"},
		"title of its own": {"Purchase Order\n\nPO Number,Supplier\n1,Acme\n", `UTF-8, commas, header in line 3, order numbers in column A "PO Number"`, "1"},
		"row 30":           {titles + "PO Number,b\n7,x\n", `UTF-8, commas, header in line 30, order numbers in column A "PO Number"`, "7"},
		"key and value":    {"PO Number,4500000001\nBuyer,Ann\n\nPO Number,Supplier\n1,Acme\n", `UTF-8, commas, header in line 4, order numbers in column A "PO Number"`, "1"},
		"cover and list":   {"PO Number,various\nBuyer,Ann\n\nPO Number,Supplier\n1,Acme\n", `UTF-8, commas, header in line 4, order numbers in column A "PO Number"`, "1"},
		"cover, elsewhere": {"Purchase Order,Overview\nSupplier,PO Number\nAcme,1\n", `UTF-8, commas, header in line 2, order numbers in column B "PO Number"`, "1"},
		"no numbers yet":   {"PO Number,Supplier\n,Acme\nx,Beta\n", `UTF-8, commas, header in line 1, order numbers in column A "PO Number"`, ""},
		"two rows":         {"Order,,Money,\nPO,Date,Amount,Currency\n1,2024-01-01,2,EUR\n", `UTF-8, commas, header in line 2, order numbers in column A "PO"`, "1"},
		"years":            {"PO,2024,2025\n1,2,3\n", `UTF-8, commas, header in line 1, order numbers in column A "PO"`, "1"},
		"exact wins":       {"PO,PO_NUMBER,Purchase Order\n1,2,3\n", `UTF-8, commas, header in line 1, order numbers in column B "PO_NUMBER"`, "2"},
		"rivals agree":     {"PO,PO Number\nPO1,1\n2,2\n", `UTF-8, commas, header in line 1, order numbers in column B "PO Number"`, "1 2"},
		"rival is empty":   {"PO Number,PO\n,1\n,2\n", `UTF-8, commas, header in line 1, order numbers in column B "PO"`, "1 2"},
		"sep":              {"sep=;\nReport\nPO Number;A\n1;2\n", `UTF-8, semicolons, header in line 3, order numbers in column A "PO Number"`, "1"},
		"windows-1252":     {"Bericht f\xFCr M\xE4rz\nPO;Stra\xDFe\n1;x\n", `Windows-1252, semicolons, header in line 2, order numbers in column A "PO"`, "1"},
		"sheet":            {textSheet([]string{"Report"}, nil, []string{"", "Supplier", "PO Number"}, []string{"", "Acme", "1"}), `sheet "Orders", header in row 3, order numbers in column C "PO Number"`, "1"},
		"second sheet":     {string(bookOf([2]any{"Cover", [][]string{{"Purchase Order"}, {"of", "Acme"}}}, [2]any{"Data", [][]string{{"PO Number", "A"}, {"1"}}}, [2]any{"More", [][]string{{"PO_NUMBER", "A"}, {"2"}}}).Bytes()), `sheet "Data", header in row 1, order numbers in column A "PO Number"`, "1"},
		"cover sheet":      {string(bookOf([2]any{"Cover", [][]string{{"Purchase Order", "Overview"}, {"Buyer", "Ann"}}}, [2]any{"Data", [][]string{{"PO Number", "A"}, {"1"}}}).Bytes()), `sheet "Data", header in row 1, order numbers in column A "PO Number"`, "1"},
		"preferred sheet":  {string(bookOf([2]any{"A", [][]string{{"PO_NUMBER"}, {"1"}}}, [2]any{"po_data", [][]string{{"as of May"}, {"PO Number"}, {"2"}}}).Bytes()), `sheet "po_data", header in row 2, order numbers in column A "PO Number"`, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, tt.text)
			if got := b.Describe(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if got := keys(t, b); got != tt.keys {
				t.Errorf("orders %q, want %q", got, tt.keys)
			}
			if out := string(results(t, b, none)); b.Unit() == "line" {
				above, _, _ := strings.Cut(tt.text, b.names[b.columns.number])
				if !strings.HasPrefix(out, above) {
					t.Errorf("what stands above became %q", out)
				}
			}
		})
	}
}

// keys are those of the orders with a good number.
func keys(t *testing.T, b *Batch) string {
	t.Helper()
	p, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for o, err := range p.All() {
		if err != nil {
			t.Fatal(err)
		}
		if o.Invalid == "" {
			all = append(all, string(o.Key))
		}
	}
	return strings.Join(all, " ")
}

func TestHeaderErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		err  error
		line int
		msg  string
	}{
		"row 31":           {strings.Repeat("title,a\n", 30) + "PO_NUMBER,b\n7,x\n", ErrNoColumn, 0, `no PO_NUMBER column; the columns are "title", "a"`},
		"the widest row":   {"Report\nOrder,Supplier\n1,x\n", ErrNoColumn, 0, `the columns are "Order", "Supplier"`},
		"a type of data":   {"Doc,Type,Amount\n4500000001,PO,10\n4500000002,PO,20\n", ErrNoColumn, 0, `"Doc", "Type", "Amount"`},
		"no header":        {"4500000001,Purchase Order,10\n4500000002,Purchase Order,20\n", ErrNoColumn, 0, "no PO_NUMBER column"},
		"same name twice":  {"PO Number,Supplier,PO Number\n1,Acme,4500000001\n", ErrTwoColumns, 2, `two columns may have the order numbers, and differ: column A "PO Number" has "1", column C "PO Number" has "4500000001"`},
		"two names":        {"PO,PO Number\n1,1\n\n2,3\n", ErrTwoColumns, 4, `column A "PO" has "2", column B "PO Number" has "3"`},
		"one half empty":   {"Purchase Order,PO\n1,1\n2,\n", ErrTwoColumns, 3, `has "2", column B "PO" has ""`},
		"two exact":        {"PO_NUMBER,PO_NUMBER\n1,2\n", ErrTwoColumns, 2, "differ"},
		"another header":   {"PO Number,Supplier\n1,Acme\n\nSupplier,PO Number\nBeta,2\n", ErrTwoColumns, 4, "another header, with the order numbers in column B and not in column A, as in line 1"},
		"on a sheet":       {textSheet([]string{"x"}, []string{"PO", "PO Number"}, []string{"1", "2"}), ErrTwoColumns, 3, `sheet "Orders": row 3: two columns`},
		"no sheet has one": {string(bookOf([2]any{"A", [][]string{{"x", "y"}}}, [2]any{"B", [][]string{{"z"}}}).Bytes()), ErrNoColumn, 0, `sheet "A": no PO_NUMBER column; the columns are "x", "y"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "batch.csv", tt.text)
			_, err := Open(path, anything)
			checkError(t, err, path, tt.err, tt.line, tt.msg)
		})
	}
}

// TestWhoseStatus: status columns that are the user's own are read by nobody and
// written over by nobody.
func TestWhoseStatus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, header string
		completed    int
	}{
		"the user's own": {"PO Number,Status,Supplier\n1,Completed,Acme\n2,COMPLETED ,Beta\n",
			"PO Number,Status,Supplier,PO_STATUS,PO_SUPPLIER,ATTACHMENTS_FOUND,ATTACHMENTS_DOWNLOADED,AttachmentName,LAST_PROCESSED,ERROR_MESSAGE,DOWNLOAD_FOLDER,COUPA_URL,CAUSE,ATTEMPTS", 0},
		"one more is not enough": {"PO,STATUS,CAUSE\n1,COMPLETED,x\n",
			"PO,STATUS,CAUSE,PO_STATUS,SUPPLIER,ATTACHMENTS_FOUND,ATTACHMENTS_DOWNLOADED,AttachmentName,LAST_PROCESSED,ERROR_MESSAGE,DOWNLOAD_FOLDER,COUPA_URL,PO_CAUSE,ATTEMPTS", 0},
		"no STATUS": {"PO,ATTEMPTS,CAUSE\n1,2,x\n",
			"PO,ATTEMPTS,CAUSE,STATUS,SUPPLIER,ATTACHMENTS_FOUND,ATTACHMENTS_DOWNLOADED,AttachmentName,LAST_PROCESSED,ERROR_MESSAGE,DOWNLOAD_FOLDER,COUPA_URL,PO_CAUSE,PO_ATTEMPTS", 0},
		"ours": {"PO,STATUS,SUPPLIER,cause,Attempts\n1,COMPLETED,Acme,,1\n2,FAILED,,timeout,3\n",
			"PO,STATUS,SUPPLIER,cause,Attempts,ATTACHMENTS_FOUND,ATTACHMENTS_DOWNLOADED,AttachmentName,LAST_PROCESSED,ERROR_MESSAGE,DOWNLOAD_FOLDER,COUPA_URL", 1},
		"both names taken": {"PO,STATUS,PO_STATUS\n1,COMPLETED,COMPLETED\n",
			"PO,STATUS,PO_STATUS,PO_STATUS_2,SUPPLIER,ATTACHMENTS_FOUND,ATTACHMENTS_DOWNLOADED,AttachmentName,LAST_PROCESSED,ERROR_MESSAGE,DOWNLOAD_FOLDER,COUPA_URL,CAUSE,ATTEMPTS", 0},
		"an own name is the user's": {"PO,PO_STATUS\n1,COMPLETED\n",
			"PO,PO_STATUS,STATUS,SUPPLIER,ATTACHMENTS_FOUND,ATTACHMENTS_DOWNLOADED,AttachmentName,LAST_PROCESSED,ERROR_MESSAGE,DOWNLOAD_FOLDER,COUPA_URL,CAUSE,ATTEMPTS", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, tt.text)
			p, err := b.Plan()
			if err != nil || p.Completed != tt.completed {
				t.Errorf("plan %+v, %v", p, err)
			}
			all := func(key po.Key) (po.Outcome, bool) {
				return po.Outcome{Key: key, Status: po.Completed, Supplier: "Portal Ltd", Attempts: 1}, true
			}
			out := string(results(t, b, all))
			header, rest, _ := strings.Cut(out, "\n")
			if header != tt.header {
				t.Errorf("header %s\nwant   %s", header, tt.header)
			}
			for i, line := range strings.Split(strings.TrimSuffix(tt.text, "\n"), "\n")[1:] {
				if tt.completed == 0 && !strings.HasPrefix(strings.Split(rest, "\n")[i], line) {
					t.Errorf("%q became %q", line, rest)
				}
			}
			// Read again, the results are all done, and written again they stay.
			again := open(t, out)
			if p, err := again.Plan(); err != nil || p.Completed != p.Rows || !p.usable {
				t.Errorf("read again: %+v, %v", p, err)
			}
			if diff := cmp.Diff(out, string(results(t, again, all))); diff != "" {
				t.Errorf("written again:\n%s", diff)
			}
		})
	}
}

// Columns of ours that somebody has moved are still ours, and the user's STATUS
// still is not.
func TestMovedStatus(t *testing.T) {
	t.Parallel()
	p, err := open(t, "PO,STATUS,CAUSE,PO_STATUS,ATTEMPTS\n1,COMPLETED,,FAILED,1\n2,open,,COMPLETED,1\n").Plan()
	if err != nil || p.Completed != 1 || p.Orders != 1 {
		t.Errorf("plan %+v, %v", p, err)
	}
}

// TestTypes: of records of several types only the orders are orders.
func TestTypes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		keys string
		bad  []string
	}{
		"headers first": {"type,id,po-number,status,version\ntype,order-header-id,line-num,description\nHeader,1,4500000001,issued,1\nLine,4500000001,1,Bolts\nHeader,2,4500000002,issued,1\nLine,4500000002,1,Nuts\n",
			"4500000001 4500000002", []string{"2 a record of type \"type\"", "4 a record of type \"Line\"", "6 a record of type \"Line\""}},
		"ours second": {"Record Type,line-num\nRecord Type,PO Number,x\nLine,1\nHeader,4500000001\nLine,2\n",
			"4500000001", []string{"3 a record of type \"Line\"", "5 a record of type \"Line\""}},
		"sections": {"type,id,PO Number\nHeader,1,7\nHeader,2,8\ntype,id,line\nLine,1,1\nLine,2,1\n",
			"7 8", []string{"4 a record of type \"type\"", "5 a record of type \"Line\"", "6 a record of type \"Line\""}},
		"the type heads": {"Header,PO Number,Status\nLine,PO Number,Line Num\nHeader,7,issued\nLine,7,1\nHeader,8,issued\nLine,8,1\n",
			"7 8", []string{"2 a record of type \"Line\"", "4 a record of type \"Line\"", "6 a record of type \"Line\""}},
		"one header, types": {"Type,PO Number,x\nHeader,7,a\nLine,1,b\nLine,2,b\nHeader,8,a\nLine,1,c\n",
			"7 8", []string{"3 a record of type \"Line\"", "4 a record of type \"Line\"", "6 a record of type \"Line\""}},
		"rivals and types": {"type,PO,PO Number,x\nHeader,7,7,a\nLine,1,2,b\n", "7", []string{"3 a record of type \"Line\""}},
		"another table":    {"PO_NUMBER,Supplier\n1,Acme\n\nPO_NUMBER,Amount\n2,5\n", "1 2", []string{"4 the header again"}},
		"types of orders":  {"Type,PO Number,x\nStandard,1,\nBlanket,2,\n", "1 2", nil},
		"header again":     {"PO Number,Supplier\n1,Acme\nPO Number,Supplier\n2,Beta\n", "1 2", []string{"3 the header again"}},
		"header again, _":  {"A,PO_NUMBER\nx,1\nA,PO_NUMBER\ny,2\n", "1 2", []string{"3 the header again"}},
		"supplier's name":  {"Supplier,PO Number,x\nAcme,1,\nSupplier,bad,\nBeta,2,\n", "1 BAD 2", nil},
		"types on a sheet": {textSheet([]string{"type", "id", "po-number"}, []string{"type", "id", "line"}, []string{"H", "1", "7"}, []string{"L", "1", "1"}), "7", []string{"2 a record of type \"type\"", "4 a record of type \"L\""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := Open(file(t, "batch.csv", tt.text), anything)
			if err != nil {
				t.Fatal(err)
			}
			if got := keys(t, b); got != tt.keys {
				t.Errorf("orders %q, want %q", got, tt.keys)
			}
			p, err := b.Plan()
			if err != nil {
				t.Fatal(err)
			}
			var bad []string
			for _, x := range p.BadRows {
				detail, _, _ := strings.Cut(x.Detail, ", and")
				bad = append(bad, fmt.Sprint(x.Line, " ", detail))
			}
			if !slices.Equal(bad, tt.bad) || p.Other != len(tt.bad) {
				t.Errorf("bad rows %q, want %q", bad, tt.bad)
			}
		})
	}
}

// TestNumberProblems: numbers that have lost digits, and formulas without results, are no
// order's, whatever the portal takes.
func TestNumberProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cell string // of a sheet, or a text
		msg  string // what speaks against it; empty if there is none
		key  string
	}{
		"number":                 {`<c r="A2"><v>4500000001</v></c>`, "", "4500000001"},
		"15 digits":              {`<c r="A2"><v>123456789012345</v></c>`, "", "123456789012345"},
		"16 digits":              {`<c r="A2"><v>1234567890123456</v></c>`, "has 16 digits", ""},
		"stored as a float":      {`<c r="A2"><v>4.500000001E9</v></c>`, "", "4500000001"},
		"stored as a long float": {`<c r="A2"><v>4.5000000012345678E18</v></c>`, "has 19 digits", ""},
		"a text of 18 digits":    {xlsxtest.Inline("A2", "450000000112345678"), "", "450000000112345678"},
		"a text of lost digits":  {xlsxtest.Inline("A2", "4.5E+09"), "has lost its last digits", ""},
		"formula, its text":      {`<c r="A2" t="str"><f>B2</f><v>4500000001</v></c>`, "", "4500000001"},
		"formula, its number":    {`<c r="A2"><f>B2</f><v>7</v></c>`, "", "7"},
		"formula of openpyxl":    {`<c r="A2"><f>B2&amp;C2</f><v /></c>`, problemNoResult, ""},
		"formula, empty value":   {`<c r="A2"><f>B2</f><v></v></c>`, problemNoResult, ""},
		"formula, no value":      {`<c r="A2"><f>B2</f></c>`, problemNoResult, ""},
		"formula of xlsxwriter":  {`<c r="A2"><f>B2</f><v>0</v></c>`, problemZeroResult, ""},
		"shared formula":         {`<c r="A2"><f t="shared" si="0"/></c>`, problemNoResult, ""},
		"formula that fails":     {`<c r="A2" t="e"><f>B2</f><v>#REF!</v></c>`, "shows an error, #REF!", ""},
		"truth":                  {`<c r="A2" t="b"><v>1</v></c>`, "says TRUE", ""},
		"csv, 4.5E+09":           {"4.5E+09", "4.5E+09 has lost its last digits", ""},
		"csv, 4,5E+09":           {"\"4,5E+09\"", "has lost its last digits", ""},
		"csv, 4.5e9":             {"4.5e9", "has lost its last digits", ""},
		"csv, 45E12":             {"45E12", "", "45E12"},
		"csv, 16 digits":         {"1234567890123456", "has 16 digits", ""},
		"csv, SAP's zeros":       {"000000004500000001", "", "000000004500000001"},
		"csv, a formula":         {"=B2&C2", problemFormulaText, ""},
		"csv, 0":                 {"0.0", "says 0.0, as a formula", ""},
		"a stored 0":             {`<c r="A2"><v>0</v></c>`, "says 0, as a formula", ""},
		"csv, nothing":           {"nan", "says nan, which is no number", ""},
		"csv, an error":          {"#N/A", "shows an error, #N/A", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "PO_NUMBER\n" + tt.cell + "\n"
			if strings.HasPrefix(tt.cell, "<c") {
				text = string(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A1", "PO_NUMBER") + `</row><row r="2">` + tt.cell + `</row>`).Bytes())
			}
			b, err := Open(file(t, "batch.csv", text), anything)
			if err != nil {
				t.Fatal(err)
			}
			p, err := b.Plan()
			if err != nil {
				t.Fatal(err)
			}
			if tt.msg == "" {
				if got := keys(t, b); got != tt.key || !p.usable {
					t.Errorf("orders %q, want %q", got, tt.key)
				}
				return
			}
			if p.Orders != 0 || p.Malformed != 1 || p.usable || !strings.Contains(p.BadRows[0].Detail, tt.msg) {
				t.Errorf("plan %+v", p)
			}
			out := results(t, b, func(key po.Key) (po.Outcome, bool) {
				return po.Outcome{Key: key, Status: po.Failed, Cause: po.InvalidNumber, Detail: tt.msg}, true
			})
			for o, err := range ReadOutcomes(file(t, "results", string(out)), anything) {
				if err != nil || o.Status != po.Failed {
					t.Errorf("outcome %+v, %v", o, err)
				}
			}
		})
	}
}

// A formula that says on purpose that there is no number makes a row without one.
func TestEmptyFormula(t *testing.T) {
	t.Parallel()
	b := mustOpen(t, xlsxtest.WithRows(`<row r="1">`+xlsxtest.Inline("A1", "PO")+`</row><row r="2"><c r="A2" t="str"><f>IF(B2="","",B2)</f><v></v></c></row><row r="3"><c r="A3"><v>1</v></c></row>`).File(t))
	if p, err := b.Plan(); err != nil || p.Rows != 1 || p.Orders != 1 || len(p.BadRows) != 0 {
		t.Errorf("plan %+v, %v", p, err)
	}
}

// Formulas without results have nothing to tell them apart but their places.
func TestFormulasApart(t *testing.T) {
	t.Parallel()
	p, err := mustOpen(t, xlsxtest.WithRows(`<row r="1">`+xlsxtest.Inline("A1", "PO")+`</row><row r="2"><c r="A2"><f>B2</f></c></row><row r="3"><c r="A3"><f>B3</f></c></row>`).File(t)).Plan()
	if err != nil || p.Rows != 2 || p.Invalid != 2 || p.usable {
		t.Errorf("plan %+v, %v", p, err)
	}
}
