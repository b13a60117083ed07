package batch

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
)

// TestOtherKinds: what a file is that is no list, whatever its name says, and
// what to do.
func TestOtherKinds(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte("PO_NUMBER\n1\n")); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	const html = "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><body><table><tr><td>PO Number</td></tr></table></body></html>"
	for name, tt := range map[string]struct {
		text string
		err  error
		line int
		msg  string
		hint string
	}{
		"HTML":             {html, ErrOtherKind, 0, "it is a web page (HTML)", "open it in Excel and save it as XLSX"},
		"HTML, mark":       {"\uFEFF\r\n <!DOCTYPE html>\n<html>", ErrOtherKind, 0, "it is a web page (HTML)", "sign-in page"},
		"HTML, UTF-16":     {"\xFF\xFE" + utf16LE(html), ErrOtherKind, 0, "it is a web page (HTML)", "save it as XLSX"},
		"HTML, a table":    {"<TABLE border=1><tr><td>PO Number</td></tr></TABLE>", ErrOtherKind, 0, "it is a web page (HTML)", "XLSX"},
		"XHTML":            {"<?xml version='1.0'?><html>", ErrOtherKind, 0, "it is a web page (HTML)", "XLSX"},
		"SpreadsheetML":    {"<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", ErrOtherKind, 0, "Excel 2003 (SpreadsheetML)", "save it as XLSX"},
		"XML":              {"<?xml version=\"1.0\"?>\n<orders/>", ErrOtherKind, 0, "it is an XML file", "CSV or XLSX"},
		"MHTML":            {"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary=\"x\"\r\n", ErrOtherKind, 0, "it is a web archive (MHTML)", "save it as XLSX"},
		"MHTML, a browser": {"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n", ErrOtherKind, 0, "it is a web archive (MHTML)", "XLSX"},
		"PDF":              {"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", ErrBinary, 0, "it is a PDF document", "export the list again"},
		"gzip":             {zipped.String(), ErrBinary, 0, "it is compressed (gzip)", "unpack it"},
		"XLS":              {ole + strings.Repeat("\x00", 512) + utf16LE("Workbook"), ErrWorkbook, 0, "it is an older Excel workbook (XLS)", "save it as XLSX"},
		"XLS, 1993":        {"\x09\x08\x08\x00\x00\x05\x05\x00", ErrWorkbook, 0, "it is an older Excel workbook (XLS)", "save it as XLSX"},
		"DOC":              {ole + strings.Repeat("\x00", 512) + utf16LE("WordDocument"), ErrWorkbook, 0, "it is a Word document", "export"},
		"JSON":             {"[\n {\"po\": 1}\n]", ErrOtherKind, 0, "it is a JSON file", "export"},
		"Google shortcut":  {`{"url": "https://docs.google.com/open?id=1", "doc_id": "1"}`, ErrOtherKind, 0, "it is only a link to a Google sheet", "download it"},
		"Numbers":          {string((&xlsxtest.Book{Parts: map[string]string{}}).Set("Index/Document.iwa", "x").Bytes()), ErrWorkbook, 0, "it is an Apple Numbers document", "export it from Numbers"},
		"zip with a list":  {string((&xlsxtest.Book{Parts: map[string]string{}}).Set("orders.csv", "PO\n1\n").Bytes()), ErrWorkbook, 0, "it is a zip archive", "unpack it"},
		"a NUL":            {"PO_NUMBER,Title\n4500000001,ok\n4500000002,File \x00\n", ErrBinary, 3, "a NUL character, which no text has: the list was damaged here", "export the list again"},
		"binary":           {"\x01\x02\x00\x00\xFF\xFE\x03", ErrBinary, 1, "it is a binary file", "export the list again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "batch.csv", tt.text)
			_, err := Open(path, parse)
			checkError(t, err, path, tt.err, tt.line, tt.msg)
			if e, ok := err.(*Error); ok && !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("hint %q", e.Hint)
			}
		})
	}
}

// UTF-16 without a mark is read, even where most of it is not Latin.
func TestUnmarkedUTF16(t *testing.T) {
	t.Parallel()
	text := "PO_NUMBER;\u4f9b\u5e94\u5546;\u5907\u6ce8\r\n" + strings.Repeat("1;\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b;\u4e5d\u5341\u4e00\u5929\r\n", 40)
	for want, text := range map[string]string{"UTF-16LE": utf16LE(text), "UTF-16BE": utf16BE(text)} {
		b := open(t, text)
		if got := b.Describe(); !strings.HasPrefix(got, want+" without a byte order mark, semicolons, header in line 1") {
			t.Errorf("%s: %s", want, got)
		}
		if err := os.Remove(b.path); err != nil {
			t.Fatal(err)
		}
	}
}
