package batch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"github.com/poactor/poactor/po"
)

func TestResultsAreCSV(t *testing.T) {
	t.Parallel()
	out := results(t, mustOpen(t, "testdata/excel-en.csv"), outcome)
	r := csv.NewReader(bytes.NewReader(out))
	r.FieldsPerRecord = -1 // the row without an outcome is shorter
	rows, err := r.ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := []string{"PO4500001", "Smith, John", "1,234.50", "ok", "COMPLETED", "'=cmd|' /C calc'!A0; Señor 日", "2", "2",
		"a.pdf; '-b,c.pdf", "2025-03-04T04:06:07Z", "", "São/PO_4500001_COMPLETED", "https://acme.example/order_headers/4500001?a=1", "", "1"}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Error(diff)
	}
}

func TestInPlace(t *testing.T) {
	t.Parallel()
	b := open(t, "cause;\"Status\";PO;ERROR_MESSAGE;Attempts;supplier\r\n\"x\";\"FAILED\";1;\"old; text\";2;\"User's \"\"own\"\"\"\r\n")
	out := string(results(t, b, func(key po.Key) (po.Outcome, bool) {
		return po.Outcome{Key: key, Status: po.NotFound, Cause: po.CauseNotFound, Attempts: 2}, true
	}))
	_, row, _ := strings.Cut(out, "\r\n")
	want := "\"not_found\";\"NOT_FOUND\";1;\"\";2;\"User's \"\"own\"\"\";0;0;;;;\r\n"
	if row != want {
		t.Errorf("got  %q\nwant %q", row, want)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "out", Err: errors.New("no space")}
}

func TestWriteError(t *testing.T) {
	t.Parallel()
	err := open(t, "PO_NUMBER\n1\n").WriteResults(fullDisk{}, none)
	var e *Error
	if err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), "no space") {
		t.Errorf("got %v, which must not blame the batch", err)
	}
}

func TestReadOutcomes(t *testing.T) {
	t.Parallel()
	want := []po.Outcome{
		{Key: "1", Status: po.Partial, Cause: po.DownloadRejected, Detail: `"'x", =1 <&> _x0041_ ß`, Supplier: "=Acme, \"São\"; +1", Found: 3,
			Folder: "-São/PO_1_PARTIAL", URL: "https://x.example/1?a=;=2", Attempts: 2, Time: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)},
		{Key: malformedKey("BAD"), Status: po.Failed, Cause: po.InvalidNumber, Detail: "no", Attempts: 0, Time: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)},
	}
	for _, text := range []string{"PO_NUMBER\nPO1\nbad\n3\n", "sep=;\r\nPO;A\r\n1;\r\n;\r\nbad;b\r\n3;\r\n", "\"PO\"|\"<|>\"\n\"1\"\n\"BAD\"",
		"\xFF\xFE" + utf16LE("PO\tA\n1\tb\nbad"), "PO;\xDF\n1\nbad\n", string(orders("PO1", "bad", "3").Bytes()),
		string(orders("1", "", "BAD").Set(xlsxtest.SheetOne, strings.ReplaceAll(prefixed, "</x:sheetData>", `<x:row><x:c t="str"><x:v>bad</x:v></x:c></x:row></x:sheetData>`)).Bytes())} {
		out := results(t, open(t, text), func(key po.Key) (po.Outcome, bool) {
			i := slices.IndexFunc(want, func(o po.Outcome) bool { return o.Key == key })
			if i < 0 {
				return po.Outcome{}, false
			}
			return want[i], true
		})
		var got []po.Outcome
		for o, err := range ReadOutcomes(file(t, "results", string(out)), parse) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, o)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.200q:\n%s", text, diff)
		}
	}
	for _, err := range ReadOutcomes(filepath.Join(t.TempDir(), "none.csv"), parse) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no results: %v", err)
		}
	}
}

// TestReadOutcomesOfEdits: somebody's edits of the results do no harm.
func TestReadOutcomesOfEdits(t *testing.T) {
	t.Parallel()
	text := "PO,STATUS,CAUSE,ATTEMPTS,LAST_PROCESSED,ATTACHMENTS_FOUND\n1,completed,odd,-3,yesterday,many\n2,pending\n,FAILED\n"
	var got []po.Outcome
	for o, err := range ReadOutcomes(file(t, "results.csv", text), parse) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, o)
	}
	if diff := cmp.Diff([]po.Outcome{{Key: "1", Status: po.Completed}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompletedRowsStay(t *testing.T) {
	t.Parallel()
	row := "1;COMPLETED;\"the user's own\"\n"
	out := string(results(t, open(t, "PO;STATUS;SUPPLIER;CAUSE;ATTEMPTS\n"+row+"1;FAILED;\n"), outcome))
	lines := strings.SplitAfter(out, "\n")
	if lines[1] != row {
		t.Errorf("a completed row became %q", lines[1])
	}
	every := func(key po.Key) (po.Outcome, bool) { return po.Outcome{Key: key, Status: po.Failed}, true }
	out = string(results(t, open(t, "PO;STATUS;SUPPLIER;CAUSE;ATTEMPTS\n"+row+"1;FAILED;\n"), every))
	if lines := strings.SplitAfter(out, "\n"); lines[1] != row || lines[2] != "1;FAILED;;;0;0;0;;;;;\n" {
		t.Errorf("got %q", lines[1:])
	}
}

// TestNoFormulas: no cell of ours begins a formula, whatever the portal says;
// the user's own formula stays.
func TestNoFormulas(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"=1+1", "+1", "-1", "@x", "\t=1", "\r\n=1", "＝1", " =1", "\";=1", "x\n=1"} {
		out := results(t, open(t, "PO_NUMBER,Mine\n1,=A1\n"), func(key po.Key) (po.Outcome, bool) {
			return po.Outcome{Key: key, Status: po.Failed, Detail: evil, Supplier: evil, Folder: evil, URL: evil,
				Files: []po.File{{Name: evil}, {Name: evil}}}, true
		})
		rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][1] != "=A1" {
			t.Fatalf("%q: %v", out, err)
		}
		for i, cell := range rows[1][2:] {
			for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
				if part = trim(part); strings.IndexAny(part, formulaStarts) == 0 {
					t.Errorf("%s holds %q", rows[0][i+2], cell)
				}
			}
		}
	}
}

// TestNoFormulasInWorkbooks: text of the portal is stored as text, guarded as
// in CSV, and fits into a cell; the user's own formula stays.
func TestNoFormulasInWorkbooks(t *testing.T) {
	t.Parallel()
	path := xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A1", "PO") + xlsxtest.Inline("B1", "SUPPLIER") + xlsxtest.Inline("C1", "STATUS") + xlsxtest.Inline("D1", "CAUSE") + xlsxtest.Inline("E1", "ATTEMPTS") +
		`</row><row r="2"><c r="A2"><v>1</v></c><c r="B2"><f>1+1</f><v>2</v></c><c r="F2"><f>2+2</f><v>4</v></c></row>`).File(t)
	for evil, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\r\n=1": "  '=1", "_x003D_1": "_x003D_1",
		"</t></is></c>": "</t></is></c>", "]]>&amp;": "]]>&amp;", "\x00\uFFFF\xFF": " \uFFFD\uFFFD", " x ": " x ", "12": "12", "TRUE": "TRUE",
		strings.Repeat("=;", 20000): strings.Repeat("'=;", maxTextUnits/3) + "'…"} {
		out := results(t, mustOpen(t, path), func(key po.Key) (po.Outcome, bool) {
			return po.Outcome{Key: key, Status: po.Failed, Detail: evil, Supplier: evil, Folder: evil, URL: evil, Files: []po.File{{Name: evil}}}, true
		})
		f, err := excelize.OpenReader(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range []string{"B2", "I2", "K2", "L2", "M2"} {
			text, err := f.GetCellValue("Orders", cell)
			formula, _ := f.GetCellFormula("Orders", cell)
			kind, _ := f.GetCellType("Orders", cell)
			if err != nil || text != want || formula != "" || kind != excelize.CellTypeInlineString {
				t.Errorf("%.20q in %s: %.60q, formula %q, kind %v, %v", evil, cell, text, formula, kind, err)
			}
		}
		if formula, err := f.GetCellFormula("Orders", "F2"); formula != "2+2" {
			t.Errorf("the user's formula is %q, %v", formula, err)
		}
	}
}
