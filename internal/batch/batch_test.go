package batch

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, text string) *Batch {
	t.Helper()
	return mustOpen(t, file(t, "batch.csv", text))
}

func dialectOf(b *Batch) dialect { return b.source.(*csvFile).dialect }

func utf16LE(s string) string { return string(charsetUTF16LE.encode(nil, s)) }
func utf16BE(s string) string { return string(charsetUTF16BE.encode(nil, s)) }

func TestDialect(t *testing.T) {
	t.Parallel()
	late := "PO_NUMBER,Note\n" + strings.Repeat("1,plain\n", 10000)
	for name, tt := range map[string]struct {
		text     string
		charset  charset
		delim    rune
		preamble int
	}{
		"comma":                          {"PO_NUMBER,A\n1,2\n", charsetUTF8, ',', 0},
		"semicolon":                      {"A;PO_NUMBER;B\n1,2;3,4;5\n", charsetUTF8, ';', 0},
		"tab":                            {"PO\tA,B,C\n", charsetUTF8, '\t', 0},
		"pipe":                           {"PO|A\n", charsetUTF8, '|', 0},
		"divider is no pipe":             {"PO_NUMBER,<|>,Region\n", charsetUTF8, ',', 0},
		"one column, rows tell":          {"PO_NUMBER\n1;x\n", charsetUTF8, ';', 0},
		"one column":                     {"PO_NUMBER\n1\n", charsetUTF8, ',', 0},
		"delimiters in quotes":           {"PO_NUMBER;\"a,b,c,d\"\n", charsetUTF8, ';', 0},
		"sep against the look":           {"sep=|\nPO_NUMBER|a,b,c\n", charsetUTF8, '|', 1},
		"sep quoted, upper case":         {"\"SEP=;\"\r\nPO_NUMBER;a,b,c\n", charsetUTF8, ';', 1},
		"sep and empty lines":            {"sep=,\n\n\nPO_NUMBER\n", charsetUTF8, ',', 3},
		"mark":                           {"\uFEFFPO_NUMBER,A\n", charsetUTF8, ',', 0},
		"mark before a quote":            {"\uFEFF\"PO_NUMBER\",A\n", charsetUTF8, ',', 0},
		"mark twice":                     {"\uFEFF\uFEFFPO_NUMBER,A\n", charsetUTF8, ',', 0},
		"windows-1252":                   {"PO_NUMBER,Stra\xDFe\n", charsetWindows1252, ',', 0},
		"windows-1252 in the last row":   {late + "1,\x80\n", charsetWindows1252, ',', 0},
		"utf-8 in the last row":          {late + "1,ß\n", charsetUTF8, ',', 0},
		"utf-8 with one bad byte":        {"PO_NUMBER,Straße,ção\n1,\xFF,\n", charsetUTF8, ',', 0},
		"utf-16 le":                      {"\xFF\xFE" + utf16LE("PO_NUMBER\tA\n"), charsetUTF16LE, '\t', 0},
		"utf-16 be":                      {"\xFE\xFF" + utf16BE("PO_NUMBER;A\n"), charsetUTF16BE, ';', 0},
		"utf-16 le without mark":         {utf16LE("PO_NUMBER,日本\n"), charsetUTF16LE, ',', 0},
		"utf-16 be without mark":         {utf16BE("PO_NUMBER,日本\n"), charsetUTF16BE, ',', 0},
		"utf-16 cut in the last unit":    {utf16LE("PO_NUMBER,A\n1,2") + "\x33", charsetUTF16LE, ',', 0},
		"utf-8 character over two reads": {"PO_NUMBER,A\n1," + strings.Repeat("x", 64<<10-15) + "ßßß\n", charsetUTF8, ',', 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, tt.text)
			if d := dialectOf(b); d.charset != tt.charset || d.delim != tt.delim || b.preamble != tt.preamble {
				t.Errorf("charset %v, delimiter %q, preface %d", d.charset, d.delim, b.preamble)
			}
			checkNothingFilled(t, b, []byte(tt.text), t.TempDir())
		})
	}
}

func TestTSVName(t *testing.T) {
	t.Parallel()
	if b := mustOpen(t, file(t, "batch.TSV", "PO_NUMBER\n1\n")); dialectOf(b).delim != '\t' {
		t.Errorf("delimiter %q", dialectOf(b).delim)
	}
}

func TestNumberColumns(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][]int{
		"A,PO_NUMBER,PO":           {1},
		"PO,po_number ,PO Number":  {1},
		"PO,po number":             {1, 0},
		"A, po-Number ,B":          {1},
		"A,Purchase Order":         {1},
		"A,PURCHASE_ORDER_NUMBER":  {1},
		"A,B,po":                   {2},
		"A,\u00a0PO\u200b_Number":  {1},
		"P.O. Number,x":            {0},
		"POST,PO Box,Depot":        nil,
		"PO_NUMBERS,PO_NUMBER_OLD": nil,
		"PO_NUMBER,PO_NUMBER":      {0, 1},
	} {
		if got := numberColumns(strings.Split(header, ",")); !slices.Equal(got, want) {
			t.Errorf("%s: columns %v, want %v", header, got, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5_000_000)
	wide := strings.Repeat(",", maxColumns)
	for name, tt := range map[string]struct {
		text string
		err  error
		line int
		msg  string
	}{
		"empty":                    {"", ErrEmpty, 0, "empty file"},
		"only a mark":              {"\uFEFF", ErrEmpty, 0, "empty file"},
		"only a UTF-16 mark":       {"\xFF\xFE", ErrEmpty, 0, "empty file"},
		"only empty lines":         {"\r\n\n,,,\n", ErrEmpty, 0, "empty file"},
		"only sep":                 {"sep=;\n", ErrEmpty, 0, "empty file"},
		"no column":                {"Order;\"Sup\nplier\";\n1;2\n", ErrNoColumn, 0, `the columns are "Order", "Sup plier", ""`},
		"many columns":             {strings.Repeat("column,", 20), ErrNoColumn, 0, `"column" and 9 more`},
		"long name":                {long[:1<<17] + ",b\n", ErrNoColumn, 0, `xxx…", "b"`},
		"xls":                      {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", ErrWorkbook, 0, "it is an older Excel workbook (XLS)"},
		"binary":                   {"PO_NUMBER\n1\n\x7fELF\x00\x01\n", ErrBinary, 3, "it is a binary file"},
		"NUL in UTF-16":            {"\xFF\xFE" + utf16LE("PO_NUMBER\n\x00\n"), ErrBinary, 2, "a NUL character, which no text has"},
		"utf-32 le":                {"\xFF\xFE\x00\x00P\x00\x00\x00", ErrEncoding, 0, "UTF-32"},
		"utf-32 be":                {"\x00\x00\xFE\xFF\x00\x00\x00P", ErrEncoding, 0, "UTF-32"},
		"shift-jis":                {"PO_NUMBER,A\r\n1,x\r\n2,\x83\x81\x81[\x83\x8b\n", ErrEncoding, 3, "unreadable encoding"},
		"long cell":                {"PO_NUMBER,A\n1,a\n2," + long + "\n", ErrTooLong, 3, "longer than 1048576 bytes"},
		"long cell far down":       {"PO_NUMBER,A\n" + strings.Repeat("1,a\n", 999) + "2," + long + "\n", ErrTooLong, 1001, "longer than"},
		"long header":              {long + ",PO_NUMBER\n", ErrTooLong, 1, "longer than"},
		"long row":                 {"PO_NUMBER\n" + strings.Repeat("1\n", 30) + "1" + strings.Repeat(","+long[:1<<20], 9), ErrTooLong, 32, "row is longer"},
		"wide row":                 {"PO_NUMBER,A\n1\n" + wide + wide + "\n", ErrTooLong, 3, "more than 16384 cells"},
		"no room":                  {"PO_NUMBER" + wide[:maxColumns-2] + "\n1" + wide[:maxColumns-11] + "x\n", ErrTooLong, 0, "no room for the status columns"},
		"open quote":               {"PO_NUMBER,A\n1,\"a\n2,b\n3,c\n", ErrQuote, 2, "a quote opens here"},
		"open quote closed by one": {"PO_NUMBER,A\n1,\"Foo Inc\n2,\"Bar\"\n", ErrQuote, 2, "a quote opens here"},
		"open quote far down":      {"PO_NUMBER,A\n" + strings.Repeat("1,a\n", 999) + "2,\"b\n3,c\n", ErrQuote, 1001, "a quote opens here"},
		"open quote, CR only":      {"PO_NUMBER,A\r1,a\r2,\"b\r3,c\r", ErrQuote, 3, "a quote opens here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "batch.csv", tt.text)
			_, err := Open(path, parse)
			checkError(t, err, path, tt.err, tt.line, tt.msg)
		})
	}
}

func checkError(t *testing.T, err error, path string, is error, line int, msg string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if !errors.Is(err, is) || e.Line != line || !strings.Contains(err.Error(), msg) || e.Path != path {
		t.Errorf("got %v (line %d, path %q, %v)", err, e.Line, e.Path, e.Err)
	}
	if text := err.Error() + e.Hint; strings.ContainsFunc(text, unicode.IsControl) || len(text) > 1000 {
		t.Errorf("not one clear line: %q", text)
	}
}

func TestOpenNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	addedNames := filepath.Join(dir, "no.csv")
	_, err := Open(addedNames, parse)
	checkError(t, err, addedNames, fs.ErrNotExist, 0, "no.csv: no such file")
	_, err = Open(dir, parse)
	checkError(t, err, dir, ErrNotFile, 0, "it is a directory")
	_, err = Open("a\nb\x1b[2J.csv", parse)
	checkError(t, err, "a\nb\x1b[2J.csv", fs.ErrNotExist, 0, `"a\nb\x1b[2J.csv": no such file`)
}

func TestRows(t *testing.T) {
	t.Parallel()
	b := open(t, "Region,PO_NUMBER,<|>,Land,STATUS,Werk,SUPPLIER,CAUSE,ATTEMPTS\n"+
		"x, PO1\u00a0,,Brasil,completed,\"São \"\"P\"\"\",Acme\n"+
		"\n"+
		"y,2,,,Issued,Köln\n"+
		"\"z\n\",,,,,\n"+
		"w,bad,,,PARTIAL,,,,,extra\n")
	var got []Row
	for row, err := range b.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := []Row{
		{Line: 2, Order: po.Order{Key: "1", Number: "1", RawNumber: "PO1", Levels: []string{"Brasil", `São "P"`}}, Status: po.Completed},
		{Line: 4, Order: po.Order{Key: "2", Number: "2", RawNumber: "2", Levels: []string{"Köln"}}},
		{Line: 5},
		{Line: 7, Order: po.Order{Key: malformedKey("BAD"), RawNumber: "bad", Levels: []string{"extra"}, Invalid: "not an order number of this portal"}, Status: po.Partial},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) })); diff != "" {
		t.Error(diff)
	}
	for row, err := range b.Rows() { // a loop may be left
		if err != nil || row.Line != 2 {
			t.Errorf("line %d, %v", row.Line, err)
		}
		break
	}
}

// TestResultsAsLevels: the status columns behind a divider are no levels when
// the results are read again.
func TestResultsAsLevels(t *testing.T) {
	t.Parallel()
	before := mustOpen(t, "testdata/levels.csv")
	after := open(t, string(results(t, before, outcome)))
	for _, b := range []*Batch{before, after} {
		var got [][]string
		for row, err := range b.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, row.Order.Levels)
		}
		if diff := cmp.Diff([][]string{{"Brasil", "São Paulo"}, {"Köln"}, nil}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	path := file(t, "batch.csv", "PO_NUMBER\n1\n2\n")
	b := mustOpen(t, path)
	if err := b.Snapshot(filepath.Join(t.TempDir(), "kept")); err != nil {
		t.Fatal(err)
	}
	if err := b.Snapshot(b.path); err != nil { // which must not empty it
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if out := string(results(t, b, none)); !strings.HasSuffix(out, "\n1\n2\n") {
		t.Errorf("got %q", out)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	path := file(t, "batch.csv", "PO_NUMBER\n1\n2\n")
	b := mustOpen(t, path)
	if err := os.WriteFile(path, []byte("PO_NUMBER\n1\n2\n3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := b.Plan()
	checkError(t, err, path, ErrChanged, 0, "changed in the meantime")
	checkError(t, b.WriteResults(io.Discard, none), path, ErrChanged, 0, "changed in the meantime")
	kept := file(t, "kept", "of the start before")
	checkError(t, b.Snapshot(kept), path, ErrChanged, 0, "changed in the meantime")
	if text, err := os.ReadFile(kept); err != nil || string(text) != "of the start before" {
		t.Errorf("a copy that failed left %q, %v of the one before", text, err)
	}
}

// TestChangedWhileReading: a pass over a file that changes under it is no
// result.
func TestChangedWhileReading(t *testing.T) {
	t.Parallel()
	path := file(t, "batch.csv", "PO_NUMBER\n1\n2\n")
	var last error
	for row, err := range mustOpen(t, path).Rows() {
		last = err
		if row.Line != 2 {
			continue
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("3\n"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	checkError(t, last, path, ErrChanged, 0, "changed in the meantime")
}
