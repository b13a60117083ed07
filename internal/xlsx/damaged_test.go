package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
)

// readThrough reads the first sheet of a workbook that can be seen.
func readThrough(t *testing.T, workbook string) error {
	t.Helper()
	f := openFile(t, []byte(workbook))
	w, err := Open(f)
	if err != nil {
		return err
	}
	r, err := w.NewReader(f)
	if err != nil {
		return err
	}
	_, err = r.Inspect(w.Sheets[0], 1, 0, func(*Row) error { return nil })
	return err
}

// openFile writes a file and opens it.
func openFile(t testing.TB, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.xlsx")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// list makes a workbook with texts under a header.
func list(texts ...string) *xlsxtest.Book {
	data := `<row r="1">` + xlsxtest.Inline("A1", "PO_NUMBER") + xlsxtest.Inline("B1", "Note") + `</row>`
	for i, text := range texts {
		data += fmt.Sprintf(`<row r="%d">%s</row>`, i+2, xlsxtest.Inline(fmt.Sprintf("A%d", i+2), text))
	}
	return xlsxtest.WithRows(data)
}

// TestErrors: each bad workbook is one clear line.
func TestErrors(t *testing.T) {
	t.Parallel()
	const main, types, rels = "xl/workbook.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
	one := func() *xlsxtest.Book { return list("1", "2") }
	good := string(one().Bytes())
	long := strings.Repeat("x", MaxCellBytes+1)
	for name, tt := range map[string]struct {
		file string
		err  error
		row  int
		msg  string
	}{
		"magic only":           {"PK\x03\x04rest", ErrDamaged, 0, "the workbook is damaged: not a valid zip file"},
		"cut":                  {good[:len(good)-100], ErrDamaged, 0, "damaged"},
		"empty zip":            {"PK\x05\x06" + strings.Repeat("\x00", 18), ErrUnsupported, 0, "a zip archive and not a workbook"},
		"another zip":          {string((&xlsxtest.Book{Parts: map[string]string{}}).Set("a.txt", "PO\n1\n").Bytes()), ErrUnsupported, 0, "a zip archive and not a workbook"},
		"OpenDocument":         {string((&xlsxtest.Book{Parts: map[string]string{}}).Set("mimetype", "application/vnd.oasis.opendocument.spreadsheet").Bytes()), ErrUnsupported, 0, "it is an OpenDocument spreadsheet (ODS)"},
		"a letter":             {build(one().Replace(types, "spreadsheetml.sheet.main", "wordprocessingml.document.main")), ErrUnsupported, 0, "another kind of document"},
		"binary workbook":      {build(one().Replace(types, xlsxtest.TypeXLSX, "application/vnd.ms-excel.sheet.binary.macroEnabled.main")), ErrUnsupported, 0, "it is a binary workbook (XLSB)"},
		"template":             {build(one().Replace(types, "sheet.main", "template.main")), ErrUnsupported, 0, "template"},
		"add-in":               {build(one().Replace(types, xlsxtest.TypeXLSX, "application/vnd.ms-excel.addin.macroEnabled.main+xml")), ErrUnsupported, 0, "add-in"},
		"no document":          {build(one().Replace("_rels/.rels", "relationships/officeDocument", "relationships/other")), ErrUnsupported, 0, "not a workbook"},
		"no content types":     {build(one().Drop(types)), ErrDamaged, 0, "lacks a part, [Content_Types].xml"},
		"no main part":         {build(one().Drop(main)), ErrDamaged, 0, "lacks a part, xl/workbook.xml"},
		"no relationships":     {build(one().Drop(rels)), ErrDamaged, 0, "lacks a part"},
		"no sheet":             {build(one().Drop(xlsxtest.SheetOne)), ErrDamaged, 0, "lacks a part, xl/worksheets/sheet1.xml"},
		"no styles":            {build(one().Relate("styles", "styles.xml", "").Drop("xl/styles.xml")), ErrDamaged, 0, "lacks a part, xl/styles.xml"},
		"no texts":             {build(one().SharedStrings().Drop("xl/sharedStrings.xml")), ErrDamaged, 0, "lacks a part"},
		"outside":              {build(one().Replace(rels, `"worksheets/`, `"../../../../etc/`)), ErrDamaged, 0, "lacks a part, etc/sheet1.xml"},
		"a sheet that is none": {build(one().Replace(xlsxtest.SheetOne, "<worksheet ", "<chartsheet ").Replace(xlsxtest.SheetOne, "</worksheet", "</chartsheet")), ErrDamaged, 0, "no worksheet"},
		"many sheets":          {manySheets(one()), ErrTooLarge, 0, "more than 10000 sheets"},
		"many formats":         {manyFormats(one()), ErrTooLarge, 0, "more than 4096 number formats"},
		"many relations":       {build(one().Replace(rels, "</Relationships>", strings.Repeat(`<Relationship Id="a" Target="b"/>`, maxRelationships)+"</Relationships>")), ErrTooLarge, 0, "more than 100000 relationships"},
		"shared sheet":         {build(one().Replace(main, "<sheets>", `<sheets><sheet name="x" r:id="rId1"/>`)), ErrDamaged, 0, "two of its sheets share a part"},
		"bad checksum":         {rotten(one()), ErrDamaged, 0, "damaged: checksum error"},
		"zip password":         {strings.ReplaceAll(good, "PK\x01\x02\x14\x00\x14\x00\x08\x00", "PK\x01\x02\x14\x00\x14\x00\x09\x00"), ErrProtected, 0, "password"},
		"lost part":            {good[:4] + strings.Replace(good[4:], "PK\x03\x04", "PK\x03\x05", 1), ErrDamaged, 0, "not a valid zip file"},
		"part twice":           {build(one().Set("XL/Workbook.xml", "x")), ErrDamaged, 0, "it has a part twice"},
		"overlapping":          {overlapping(), ErrDamaged, 0, "its parts are larger than it is"},
		"large part":           {strings.ReplaceAll(good, entry(good, xlsxtest.SheetOne), large(good, xlsxtest.SheetOne)), ErrTooLarge, 0, "larger than 4000 MB"},
		"bomb of relations":    {build(one().Replace(rels, "</Relationships>", strings.Repeat(`<Relationship Id="a" Target="`+long[:1<<19]+`"/>`, maxSmallPartBytes>>19+1)+"</Relationships>")), ErrTooLarge, 0, "larger than 64 MB"},

		"cut sheet":           {build(one().Set(xlsxtest.SheetOne, `<worksheet><sheetData><row r="1">`+xlsxtest.Inline("A1", "PO")+`</row><row r="2">`)), ErrDamaged, 2, `sheet "Orders": row 2: the workbook is damaged`},
		"cut behind the rows": {build(one().Replace(xlsxtest.SheetOne, "</worksheet>", "")), ErrDamaged, 0, "ends in the middle"},
		"cut in a tag":        {build(one().Replace(xlsxtest.SheetOne, "</worksheet>", "</works")), ErrDamaged, 0, "ends in the middle"},
		"cut in a comment":    {build(one().Replace(xlsxtest.SheetOne, "</worksheet>", "</worksheet><!--->")), ErrDamaged, 0, "ends in the middle"},
		"crossed tags":        {build(one().Replace(xlsxtest.SheetOne, "</c></row>", "</row></c>")), ErrDamaged, 1, "tags do not match"},
		"closing attributes":  {build(one().Replace(xlsxtest.SheetOne, "</c>", `</c a="b">`)), ErrDamaged, 1, "tags do not match"},
		"closed twice":        {build(one().Replace(xlsxtest.SheetOne, "</worksheet>", "</worksheet></worksheet>")), ErrDamaged, 0, "tags do not match"},
		"two roots":           {build(one().Replace(xlsxtest.SheetOne, "</worksheet>", "</worksheet><a/>")), ErrDamaged, 0, "more than one root"},
		"text behind":         {build(one().Replace(xlsxtest.SheetOne, "</worksheet>", "</worksheet>x")), ErrDamaged, 0, "text outside"},
		"no XML":              {build(one().Set(xlsxtest.SheetOne, "PO_NUMBER\n1\n")), ErrDamaged, 0, "text outside"},
		"no content":          {build(one().Set(xlsxtest.SheetOne, "")), ErrDamaged, 0, "ends in the middle"},
		"malformed tag":       {build(one().Replace(xlsxtest.SheetOne, `<c r="A2"`, `<c r=A2`)), ErrDamaged, 2, "a tag is malformed"},
		"tag in a tag":        {build(one().Replace(xlsxtest.SheetOne, `<c r="A2"`, `<c r="<"`)), ErrDamaged, 2, "a tag is malformed"},
		"unknown reference":   {build(one().Replace(xlsxtest.SheetOne, `PO_NUMBER`, `&ponumber;`)), ErrDamaged, 1, "a reference to nothing"},
		"document type": {build(one().Replace(xlsxtest.SheetOne, `<worksheet`, `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><worksheet`)), ErrDamaged, 0,
			"declares a document type"},
		"document type in texts": {build(one().SharedStrings().Replace("xl/sharedStrings.xml", `<sst`, `<!DOCTYPE x><sst`)), ErrDamaged, 0, "declares a document type"},
		"deep":                   {build(one().Replace(xlsxtest.SheetOne, "<sheetViews>", strings.Repeat("<a>", maxXMLDepth))), ErrDamaged, 0, "nested too deeply"},
		"UTF-16":                 {build(one().Set(xlsxtest.SheetOne, "\xFF\xFE"+"<\x00")), ErrEncoding, 0, "not UTF-8 but UTF-16"},
		"another encoding":       {build(one().Replace(xlsxtest.SheetOne, "UTF-8", "windows-1252")), ErrEncoding, 0, "not UTF-8 but windows-1252"},

		"rows out of order":  {build(xlsxtest.WithRows(`<row r="5">` + xlsxtest.Inline("A5", "PO") + `</row><row r="4"/>`)), ErrDamaged, 5, "out of order"},
		"row twice":          {build(xlsxtest.WithRows(`<row r="5">` + xlsxtest.Inline("A5", "PO") + `</row><row r="5"/>`)), ErrDamaged, 5, "out of order"},
		"row 0":              {build(xlsxtest.WithRows(`<row r="0"/>`)), ErrDamaged, 0, "out of order"},
		"row that is none":   {build(xlsxtest.WithRows(`<row r="x"/>`)), ErrDamaged, 0, "out of order"},
		"row past the last":  {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A1", "PO") + `</row><row r="1048577"/>`)), ErrDamaged, 1, "out of order"},
		"rows without end":   {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A1", "PO") + `</row><row r="1048576"/><row/>`)), ErrDamaged, 1048576, "out of order"},
		"cells out of order": {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("B1", "PO") + `<c r="A1"/></row>`)), ErrDamaged, 1, "a cell is out of order"},
		"cell twice":         {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("B1", "PO") + `<c r="B1"/></row>`)), ErrDamaged, 1, "a cell is out of order"},
		"cell of another":    {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("A2", "PO") + `</row>`)), ErrDamaged, 1, "a cell is out of order"},
		"cell past the last": {build(xlsxtest.WithRows(`<row r="1">` + xlsxtest.Inline("XFE1", "PO") + `</row>`)), ErrTooLarge, 1, "more than 16384 cells"},
		"cells without end":  {build(xlsxtest.WithRows(`<row r="1"><c r="XFD1"/><c/></row>`)), ErrTooLarge, 1, "more than 16384 cells"},
		"unknown kind":       {build(xlsxtest.WithRows(`<row r="1"><c r="A1" t="x"/></row>`)), ErrDamaged, 1, "unknown kind"},
		"text not there":     {build(xlsxtest.WithRows(`<row r="1"><c r="A1" t="s"><v>1</v></c></row>`).SharedStrings(`<si><t>PO</t></si>`)), ErrDamaged, 1, "a text that is not there"},
		"text before all":    {build(xlsxtest.WithRows(`<row r="1"><c r="A1" t="s"><v>-1</v></c></row>`).SharedStrings(`<si><t>PO</t></si>`)), ErrDamaged, 1, "a text that is not there"},
		"long cell":          {build(list("1", long)), ErrTooLarge, 3, "longer than 1048576 bytes"},
		"long cell, in runs": {build(list("1", "").Replace(xlsxtest.SheetOne, "<t></t>", strings.Repeat("<r><t>"+long[:1<<18]+"</t></r>", 5))), ErrTooLarge, 3, "longer than 1048576 bytes"},
		"long text":          {build(list("1").SharedStrings("<si><t>" + long + "</t></si>")), ErrTooLarge, 0, "longer than 1048576 bytes"},
		"long tag":           {build(list("1").Replace(xlsxtest.SheetOne, "<sheetViews>", `<sheetViews a="`+long+`">`)), ErrTooLarge, 0, "longer than 1048576 bytes"},
		"long row":           {build(xlsxtest.WithRows(`<row r="1">` + strings.Repeat(`<c><is><t>`+long[:1<<20-1]+`</t></is></c>`, 9) + `</row>`)), ErrTooLarge, 1, "a row is longer than 8388608 bytes"},
		"long gap":           {build(xlsxtest.WithRows(strings.Repeat("<!--"+long[:1<<20-10]+"-->", 9) + `<row/>`)), ErrTooLarge, 0, "longer than 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := readThrough(t, tt.file)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if !errors.Is(err, tt.err) || e.Row != tt.row || !strings.Contains(err.Error(), tt.msg) {
				t.Errorf("got %v (row %d, %v)", err, e.Row, e.Err)
			}
			if text := err.Error() + e.Hint; strings.ContainsFunc(text, unicode.IsControl) || len(text) > 1000 {
				t.Errorf("not one clear line: %q", text)
			}
		})
	}
}

func build(b *xlsxtest.Book) string { return string(b.Bytes()) }

// rotten is a workbook whose sheet does not have the sum that it should.
func rotten(b *xlsxtest.Book) string {
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(b.Parts[xlsxtest.SheetOne])))
	return strings.ReplaceAll(build(b), string(sum), "\x01\x02\x03\x04")
}

// overlapping is an archive of which all parts are the same bytes.
func overlapping() string {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	part, err := w.CreateRaw(&zip.FileHeader{Name: "a0", CompressedSize64: 40000, UncompressedSize64: 40000})
	if err == nil {
		_, err = part.Write(make([]byte, 40000))
	}
	for i := range 5 {
		if err == nil {
			_, err = w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint("b", i), CompressedSize64: 40000})
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return out.String()
}

// entry finds the directory's entry of a part.
func entry(archive, name string) string {
	at := strings.LastIndex(archive, name)
	return archive[at-46 : at]
}

// large is such an entry of a part that claims 4 GB and more.
func large(archive, name string) string {
	e := []byte(entry(archive, name))
	binary.LittleEndian.PutUint32(e[24:], 0xFFFFFFFE)
	return string(e)
}

// manySheets is a workbook that lists more sheets than there may be.
func manySheets(b *xlsxtest.Book) string {
	var list, related strings.Builder
	for i := range maxSheets {
		fmt.Fprintf(&list, `<sheet r:id="m%d"/>`, i)
		fmt.Fprintf(&related, `<Relationship Id="m%d" Type="x/worksheet" Target="m%d.xml"/>`, i, i)
	}
	return build(b.Replace("xl/workbook.xml", "<sheets>", "<sheets>"+list.String()).Replace("xl/_rels/workbook.xml.rels", "</Relationships>", related.String()+"</Relationships>"))
}

// manyFormats is a workbook with more number formats than there may be.
func manyFormats(b *xlsxtest.Book) string {
	codes := map[int]string{}
	for i := range maxCustomFormats + 1 {
		codes[200+i] = "0"
	}
	return build(b.Styles(codes, 0))
}
