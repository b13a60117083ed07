package batch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
)

// Hints for files that are no list, or none that is read here.
const (
	hintSaveXLSX = "open it in Excel and save it as XLSX"
	hintUnpack   = "unpack it and give the file that is in it"
)

// signatures are the beginnings of files that people take for a list.
var signatures = []struct {
	bytes string
	err   Error
}{
	{ole, Error{Msg: "it is an older Excel workbook (XLS)", Hint: hintSaveXLSX, Err: ErrWorkbook}},
	{"\x09\x08\x08\x00", Error{Msg: "it is an older Excel workbook (XLS)", Hint: hintSaveXLSX, Err: ErrWorkbook}},
	{"\x09\x08\x10\x00", Error{Msg: "it is an older Excel workbook (XLS)", Hint: hintSaveXLSX, Err: ErrWorkbook}},
	{"\x09\x04\x06\x00", Error{Msg: "it is an older Excel workbook (XLS)", Hint: hintSaveXLSX, Err: ErrWorkbook}},
	{"\x09\x02\x06\x00", Error{Msg: "it is an older Excel workbook (XLS)", Hint: hintSaveXLSX, Err: ErrWorkbook}},
	{"\x09\x00\x04\x00", Error{Msg: "it is an older Excel workbook (XLS)", Hint: hintSaveXLSX, Err: ErrWorkbook}},
	{"\x00\x00\xFE\xFF", Error{Msg: "the encoding is UTF-32", Hint: hintUTF8, Err: ErrEncoding}},
	{"\xFF\xFE\x00\x00", Error{Msg: "the encoding is UTF-32", Hint: hintUTF8, Err: ErrEncoding}},
	{"%PDF-", Error{Msg: "it is a PDF document", Hint: hintExport, Err: ErrBinary}},
	{"\x1F\x8B", Error{Msg: "it is compressed (gzip)", Hint: hintUnpack, Err: ErrBinary}},
	{"BZh91AY&SY", Error{Msg: "it is compressed (bzip2)", Hint: hintUnpack, Err: ErrBinary}},
	{"\xFD7zXZ\x00", Error{Msg: "it is compressed (xz)", Hint: hintUnpack, Err: ErrBinary}},
	{"\x28\xB5\x2F\xFD", Error{Msg: "it is compressed (zstd)", Hint: hintUnpack, Err: ErrBinary}},
	{"7z\xBC\xAF\x27\x1C", Error{Msg: "it is a 7z archive", Hint: hintUnpack, Err: ErrBinary}},
	{"Rar!\x1A", Error{Msg: "it is a RAR archive", Hint: hintUnpack, Err: ErrBinary}},
	{"\x89PNG", Error{Msg: "it is a picture", Hint: hintExport, Err: ErrBinary}},
	{"\xFF\xD8\xFF", Error{Msg: "it is a picture", Hint: hintExport, Err: ErrBinary}},
	{"GIF89a", Error{Msg: "it is a picture", Hint: hintExport, Err: ErrBinary}},
	{"PAR1\x15", Error{Msg: "it is a Parquet file", Hint: hintExport, Err: ErrBinary}},
	{"SQLite format 3\x00", Error{Msg: "it is an SQLite database", Hint: hintExport, Err: ErrBinary}},
}

// checkSignature is the error of a file of another kind, which begins with head; nil
// if it may be text.
func checkSignature(head []byte, whole io.Reader) error {
	for _, m := range signatures {
		if !bytes.HasPrefix(head, []byte(m.bytes)) {
			continue
		}
		e := m.err
		if m.bytes != ole {
			return &e
		}
		found, err := detectOLE(whole)
		switch {
		case err != nil:
			return err
		case found == oleEncrypted:
			return xlsx.Protected()
		case found == oleWord:
			e.Msg, e.Hint = "it is a Word document", hintExport
		}
		return &e
	}
	return nil
}

// isZip recognises what may be a workbook.
func isZip(f *os.File) (bool, error) {
	var head [4]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	begin := string(head[:n])
	return begin == "PK\x03\x04" || begin == "PK\x05\x06", nil
}

// textFormats are texts of other kinds, by how they begin, in lower case and
// without the space before.
var textFormats = []struct {
	begin *regexp.Regexp
	msg   string
	hint  string
}{
	{regexp.MustCompile(`^<\?xml[^>]*>(?s:.*)(urn:schemas-microsoft-com:office:spreadsheet|progid="excel\.sheet")`),
		"it is an XML spreadsheet of Excel 2003 (SpreadsheetML)", hintSaveXLSX},
	{regexp.MustCompile(`^<\?xml[^>]*>(?s:.*)urn:oasis:names:tc:opendocument`),
		"it is an OpenDocument spreadsheet", "save it as XLSX or CSV"},
	{regexp.MustCompile(`^<\?xml[^>]*>(?s:.*)<html`), htmlKind, htmlHint},
	{regexp.MustCompile(`^<\?xml`), "it is an XML file", hintExport},
	{regexp.MustCompile(`^(<!--(?s:.*?)-->\s*)?<(!doctype html|html|head|body|table|meta|div|script|style|title)\b`),
		htmlKind, htmlHint},
	{regexp.MustCompile(`^(?s:[a-z-]+:.*)\bcontent-type:\s*multipart/related`),
		"it is a web archive (MHTML)", hintSaveXLSX},
	{regexp.MustCompile(`^\{\\rtf`), "it is a formatted text (RTF)", hintExport},
	{regexp.MustCompile(`^\{\s*"(?s:.*)docs\.google\.com`),
		"it is only a link to a Google sheet", "open it and download it as Microsoft Excel or CSV"},
	{regexp.MustCompile(`^(\{\s*"|\[\s*\{)`), "it is a JSON file", hintExport},
	{regexp.MustCompile(`^id;p(wxl|calcooo)`), "it is a SYLK file", hintSaveXLSX},
}

const (
	htmlKind = "it is a web page (HTML), whatever its name says"
	htmlHint = "if it is a table, open it in Excel and save it as XLSX; if it is a sign-in page, export the list again"
)

// checkTextFormat is the error of a text of another kind, which begins with head; nil
// if it may be a list.
func checkTextFormat(head string) error {
	head = strings.ToLower(strings.TrimLeftFunc(head, invisible))
	for _, k := range textFormats {
		if k.begin.MatchString(head) {
			return &Error{Msg: k.msg, Hint: k.hint, Err: ErrOtherKind}
		}
	}
	return nil
}
