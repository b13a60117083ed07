package batch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestWorkbookErrors: each bad workbook is one clear line.
func TestWorkbookErrors(t *testing.T) {
	t.Parallel()
	const main, types, rels = "xl/workbook.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
	one := func() *book { return orders("1", "2") }
	good := string(one().bytes())
	long := strings.Repeat("x", maxCellBytes+1)
	for name, tt := range map[string]struct {
		file string
		err  error
		line int
		msg  string
	}{
		"magic only":           {"PK\x03\x04rest", ErrDamaged, 0, "the workbook is damaged: not a valid zip file"},
		"cut":                  {good[:len(good)-100], ErrDamaged, 0, "damaged"},
		"empty zip":            {"PK\x05\x06" + strings.Repeat("\x00", 18), ErrWorkbook, 0, "a zip archive and not a workbook"},
		"another zip":          {string((&book{parts: map[string]string{}}).set("a.txt", "PO\n1\n").bytes()), ErrWorkbook, 0, "a zip archive and not a workbook"},
		"OpenDocument":         {string((&book{parts: map[string]string{}}).set("mimetype", "application/vnd.oasis.opendocument.spreadsheet").bytes()), ErrWorkbook, 0, "it is an OpenDocument spreadsheet (ODS)"},
		"a letter":             {build(one().replace(types, "spreadsheetml.sheet.main", "wordprocessingml.document.main")), ErrWorkbook, 0, "another kind of document"},
		"binary workbook":      {build(one().replace(types, typeXLSX, "application/vnd.ms-excel.sheet.binary.macroEnabled.main")), ErrWorkbook, 0, "it is a binary workbook (XLSB)"},
		"template":             {build(one().replace(types, "sheet.main", "template.main")), ErrWorkbook, 0, "template"},
		"add-in":               {build(one().replace(types, typeXLSX, "application/vnd.ms-excel.addin.macroEnabled.main+xml")), ErrWorkbook, 0, "add-in"},
		"no document":          {build(one().replace("_rels/.rels", "relationships/officeDocument", "relationships/other")), ErrWorkbook, 0, "not a workbook"},
		"no content types":     {build(one().drop(types)), ErrDamaged, 0, "lacks a part, [Content_Types].xml"},
		"no main part":         {build(one().drop(main)), ErrDamaged, 0, "lacks a part, xl/workbook.xml"},
		"no relationships":     {build(one().drop(rels)), ErrDamaged, 0, "lacks a part"},
		"no sheet":             {build(one().drop(sheetOne)), ErrDamaged, 0, "lacks a part, xl/worksheets/sheet1.xml"},
		"no styles":            {build(one().relate("styles", "styles.xml", "").drop("xl/styles.xml")), ErrDamaged, 0, "lacks a part, xl/styles.xml"},
		"no texts":             {build(one().texts().drop("xl/sharedStrings.xml")), ErrDamaged, 0, "lacks a part"},
		"outside":              {build(one().replace(rels, `"worksheets/`, `"../../../../etc/`)), ErrDamaged, 0, "lacks a part, etc/sheet1.xml"},
		"a sheet that is none": {build(one().replace(sheetOne, "<worksheet ", "<chartsheet ").replace(sheetOne, "</worksheet", "</chartsheet")), ErrDamaged, 0, "no worksheet"},
		"no sheets":            {build(newBook()), ErrEmpty, 0, "empty workbook"},
		"empty sheets":         {build(newBook([2]string{"a", ""}, [2]string{"b", `<row r="1"/>`})), ErrEmpty, 0, "empty workbook"},
		"no rows at all":       {build(one().set(sheetOne, `<worksheet/>`)), ErrEmpty, 0, "empty workbook"},
		"all hidden":           {build(one().replace(main, ` sheetId`, ` state="hidden" sheetId`)), ErrEmpty, 0, "empty workbook"},
		"empty preferred":      {build(newBook([2]string{"a", "<row/>"}, [2]string{"PO_data", ``})), ErrEmpty, 0, `sheet "PO_data": empty sheet`},
		"many sheets":          {manySheets(one()), ErrTooLong, 0, "more than 10000 sheets"},
		"many formats":         {manyFormats(one()), ErrTooLong, 0, "more than 4096 number formats"},
		"many relations":       {build(one().replace(rels, "</Relationships>", strings.Repeat(`<Relationship Id="a" Target="b"/>`, maxRelations)+"</Relationships>")), ErrTooLong, 0, "more than 100000 relationships"},
		"shared sheet":         {build(one().replace(main, "<sheets>", `<sheets><sheet name="x" r:id="rId1"/>`)), ErrDamaged, 0, "two of its sheets share a part"},
		"no column": {build(rows(`<row r="1">` + inline("A1", "Order") + inline("C1", "a\nb") + `<c r="Z1" s="2"/></row>`)), ErrNoColumn, 0,
			`sheet "Orders": no PO_NUMBER column; the columns are "Order", "", "a b"`},
		"hostile names":     {build(newBook([2]string{"a&#10;&quot;&#x202E;" + long[:99], `<row r="1">` + inline("A1", "x") + `</row>`})), ErrNoColumn, 0, `sheet "a \"\u202e`},
		"bad checksum":      {rotten(one()), ErrDamaged, 0, "damaged: checksum error"},
		"password":          {encrypted(t), ErrProtected, 0, "the workbook is protected by a password"},
		"password, far":     {ole + strings.Repeat("x", 64<<10-len(ole)-5) + utf16LE("EncryptedPackage"), ErrProtected, 0, "password"},
		"zip password":      {strings.ReplaceAll(good, "PK\x01\x02\x14\x00\x14\x00\x08\x00", "PK\x01\x02\x14\x00\x14\x00\x09\x00"), ErrProtected, 0, "password"},
		"lost part":         {good[:4] + strings.Replace(good[4:], "PK\x03\x04", "PK\x03\x05", 1), ErrDamaged, 0, "not a valid zip file"},
		"part twice":        {build(one().set("XL/Workbook.xml", "x")), ErrDamaged, 0, "it has a part twice"},
		"overlapping":       {overlapping(), ErrDamaged, 0, "its parts are larger than it is"},
		"large part":        {strings.ReplaceAll(good, entry(good, sheetOne), large(good, sheetOne)), ErrTooLong, 0, "larger than 4000 MB"},
		"bomb of relations": {build(one().replace(rels, "</Relationships>", strings.Repeat(`<Relationship Id="a" Target="`+long[:1<<19]+`"/>`, maxSmallPartBytes>>19+1)+"</Relationships>")), ErrTooLong, 0, "larger than 64 MB"},

		"cut sheet":           {build(one().set(sheetOne, `<worksheet><sheetData><row r="1">`+inline("A1", "PO")+`</row><row r="2">`)), ErrDamaged, 2, `sheet "Orders": row 2: the workbook is damaged`},
		"cut behind the rows": {build(one().replace(sheetOne, "</worksheet>", "")), ErrDamaged, 0, "ends in the middle"},
		"cut in a tag":        {build(one().replace(sheetOne, "</worksheet>", "</works")), ErrDamaged, 0, "ends in the middle"},
		"cut in a comment":    {build(one().replace(sheetOne, "</worksheet>", "</worksheet><!--->")), ErrDamaged, 0, "ends in the middle"},
		"crossed tags":        {build(one().replace(sheetOne, "</c></row>", "</row></c>")), ErrDamaged, 1, "tags do not match"},
		"closing attributes":  {build(one().replace(sheetOne, "</c>", `</c a="b">`)), ErrDamaged, 1, "tags do not match"},
		"closed twice":        {build(one().replace(sheetOne, "</worksheet>", "</worksheet></worksheet>")), ErrDamaged, 0, "tags do not match"},
		"two roots":           {build(one().replace(sheetOne, "</worksheet>", "</worksheet><a/>")), ErrDamaged, 0, "more than one root"},
		"text behind":         {build(one().replace(sheetOne, "</worksheet>", "</worksheet>x")), ErrDamaged, 0, "text outside"},
		"no XML":              {build(one().set(sheetOne, "PO_NUMBER\n1\n")), ErrDamaged, 0, "text outside"},
		"no content":          {build(one().set(sheetOne, "")), ErrDamaged, 0, "ends in the middle"},
		"malformed tag":       {build(one().replace(sheetOne, `<c r="A2"`, `<c r=A2`)), ErrDamaged, 2, "a tag is malformed"},
		"tag in a tag":        {build(one().replace(sheetOne, `<c r="A2"`, `<c r="<"`)), ErrDamaged, 2, "a tag is malformed"},
		"unknown reference":   {build(one().replace(sheetOne, `PO_NUMBER`, `&ponumber;`)), ErrDamaged, 1, "a reference to nothing"},
		"document type": {build(one().replace(sheetOne, `<worksheet`, `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><worksheet`)), ErrDamaged, 0,
			"declares a document type"},
		"document type in texts": {build(one().texts().replace("xl/sharedStrings.xml", `<sst`, `<!DOCTYPE x><sst`)), ErrDamaged, 0, "declares a document type"},
		"deep":                   {build(one().replace(sheetOne, "<sheetViews>", strings.Repeat("<a>", maxXMLDepth))), ErrDamaged, 0, "nested too deeply"},
		"UTF-16":                 {build(one().set(sheetOne, "\xFF\xFE"+utf16LE("<worksheet/>"))), ErrEncoding, 0, "not UTF-8 but UTF-16"},
		"another encoding":       {build(one().replace(sheetOne, "UTF-8", "windows-1252")), ErrEncoding, 0, "not UTF-8 but windows-1252"},

		"rows out of order":  {build(rows(`<row r="5">` + inline("A5", "PO") + `</row><row r="4"/>`)), ErrDamaged, 5, "out of order"},
		"row twice":          {build(rows(`<row r="5">` + inline("A5", "PO") + `</row><row r="5"/>`)), ErrDamaged, 5, "out of order"},
		"row 0":              {build(rows(`<row r="0"/>`)), ErrDamaged, 0, "out of order"},
		"row that is none":   {build(rows(`<row r="x"/>`)), ErrDamaged, 0, "out of order"},
		"row past the last":  {build(rows(`<row r="1">` + inline("A1", "PO") + `</row><row r="1048577"/>`)), ErrDamaged, 1, "out of order"},
		"rows without end":   {build(rows(`<row r="1">` + inline("A1", "PO") + `</row><row r="1048576"/><row/>`)), ErrDamaged, 1048576, "out of order"},
		"cells out of order": {build(rows(`<row r="1">` + inline("B1", "PO") + `<c r="A1"/></row>`)), ErrDamaged, 1, "a cell is out of order"},
		"cell twice":         {build(rows(`<row r="1">` + inline("B1", "PO") + `<c r="B1"/></row>`)), ErrDamaged, 1, "a cell is out of order"},
		"cell of another":    {build(rows(`<row r="1">` + inline("A2", "PO") + `</row>`)), ErrDamaged, 1, "a cell is out of order"},
		"cell past the last": {build(rows(`<row r="1">` + inline("XFE1", "PO") + `</row>`)), ErrTooLong, 1, "more than 16384 cells"},
		"cells without end":  {build(rows(`<row r="1"><c r="XFD1"/><c/></row>`)), ErrTooLong, 1, "more than 16384 cells"},
		"unknown kind":       {build(rows(`<row r="1"><c r="A1" t="x"/></row>`)), ErrDamaged, 1, "unknown kind"},
		"text not there":     {build(rows(`<row r="1"><c r="A1" t="s"><v>1</v></c></row>`).texts(`<si><t>PO</t></si>`)), ErrDamaged, 1, "a text that is not there"},
		"text before all":    {build(rows(`<row r="1"><c r="A1" t="s"><v>-1</v></c></row>`).texts(`<si><t>PO</t></si>`)), ErrDamaged, 1, "a text that is not there"},
		"long cell":          {build(orders("1", long)), ErrTooLong, 3, "longer than 1048576 bytes"},
		"long cell, in runs": {build(orders("1", "").replace(sheetOne, "<t></t>", strings.Repeat("<r><t>"+long[:1<<18]+"</t></r>", 5))), ErrTooLong, 3, "longer than 1048576 bytes"},
		"long text":          {build(orders("1").texts("<si><t>" + long + "</t></si>")), ErrTooLong, 0, "longer than 1048576 bytes"},
		"long tag":           {build(orders("1").replace(sheetOne, "<sheetViews>", `<sheetViews a="`+long+`">`)), ErrTooLong, 0, "longer than 1048576 bytes"},
		"long row":           {build(rows(`<row r="1">` + strings.Repeat(`<c><is><t>`+long[:1<<20-1]+`</t></is></c>`, 9) + `</row>`)), ErrTooLong, 1, "a row is longer than 8388608 bytes"},
		"long gap":           {build(rows(strings.Repeat("<!--"+long[:1<<20-10]+"-->", 9) + `<row/>`)), ErrTooLong, 0, "longer than 8388608 bytes"},
		"no room":            {build(rows(`<row r="1">` + inline("A1", "PO") + inline("XFD1", "x") + `</row>`)), ErrTooLong, 0, "no room for the status columns"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "batch.xlsx", tt.file)
			_, err := Open(path, parse)
			checkError(t, err, path, tt.err, tt.line, tt.msg)
		})
	}
}

// TestBombOfTexts: empty texts count, as a few MB of a workbook can hold a
// thousand million of them.
func TestBombOfTexts(t *testing.T) {
	t.Parallel()
	const most = maxTextsBytes / textBytes
	all := &texts{chunks: [][]byte{nil}, places: [][]textPlace{nil}, count: most - 1}
	if !all.add(nil) || all.add(nil) {
		t.Error("empty texts have another bound")
	}
	// Long ones count as the chunks that they need.
	all = &texts{}
	n := 0
	for all.add(make([]byte, chunkBytes/2+1)) {
		n++
	}
	if most := maxTextsBytes / chunkBytes; n < most-1 || n > most {
		t.Errorf("%d texts of half a chunk, of which %d fit", n, most)
	}
}

func build(b *book) string { return string(b.bytes()) }

// rotten is a workbook whose sheet does not have the sum that it should.
func rotten(b *book) string {
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(b.parts[sheetOne])))
	return strings.ReplaceAll(build(b), string(sum), "\x01\x02\x03\x04")
}

// encrypted is a workbook with a password.
func encrypted(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var out bytes.Buffer
	if err := f.Write(&out, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
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
func manySheets(b *book) string {
	var list, related strings.Builder
	for i := range maxSheets {
		fmt.Fprintf(&list, `<sheet r:id="m%d"/>`, i)
		fmt.Fprintf(&related, `<Relationship Id="m%d" Type="x/worksheet" Target="m%d.xml"/>`, i, i)
	}
	return build(b.replace("xl/workbook.xml", "<sheets>", "<sheets>"+list.String()).replace("xl/_rels/workbook.xml.rels", "</Relationships>", related.String()+"</Relationships>"))
}

// manyFormats is a workbook with more number formats than there may be.
func manyFormats(b *book) string {
	codes := map[int]string{}
	for i := range maxCustom + 1 {
		codes[200+i] = "0"
	}
	return build(b.styles(codes, 0))
}
