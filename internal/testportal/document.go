package testportal

import (
	"archive/zip"
	"bytes"
	_ "embed" // the sample of an Outlook message
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"strings"
	"time"
	"unicode/utf16"
)

// made is the time that documents carry, so that their bytes are always the same.
var made = time.Date(2025, 3, 14, 9, 26, 53, 0, time.UTC)

// encodePNG stores the pixels as they are, for speed and for the size.
func encodePNG(img *image.Gray) []byte {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.NoCompression}
	_ = enc.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}

// pdf makes a document of two pages: lines of text, and a picture. The text
// must be ASCII without parentheses and backslashes.
func pdf(text []string, img *image.Gray) []byte {
	var words strings.Builder
	words.WriteString("BT /F1 14 Tf 72 760 Td 20 TL\n")
	for _, line := range text {
		fmt.Fprintf(&words, "(%s) Tj T*\n", line)
	}
	words.WriteString("ET")
	picture := "q 451 0 0 700 72 70 cm /Im1 Do Q"
	size := img.Rect.Size()

	var b bytes.Buffer
	b.Grow(len(img.Pix) + 2000)
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	object := func(head string, stream []byte) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\n", len(offsets), head)
		if stream != nil {
			b.WriteString("stream\n")
			b.Write(stream)
			b.WriteString("\nendstream\n")
		}
		b.WriteString("endobj\n")
	}
	object("<< /Type /Catalog /Pages 2 0 R >>", nil)
	object("<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 /MediaBox [0 0 595 842] >>", nil)
	object("<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 7 0 R >> >> /Contents 4 0 R >>", nil)
	object(fmt.Sprintf("<< /Length %d >>", words.Len()), []byte(words.String()))
	object("<< /Type /Page /Parent 2 0 R /Resources << /XObject << /Im1 8 0 R >> >> /Contents 6 0 R >>", nil)
	object(fmt.Sprintf("<< /Length %d >>", len(picture)), []byte(picture))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", nil)
	object(fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Length %d >>",
		size.X, size.Y, len(img.Pix)), img.Pix)

	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, xref)
	return b.Bytes()
}

// entry is one file of an archive.
type entry struct {
	name string
	body []byte
}

// archive stores entries uncompressed: what is large in them does not shrink.
func archive(entries []entry) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		part, _ := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store, Modified: made})
		_, _ = part.Write(e.body) // a buffer takes everything
	}
	_ = w.Close()
	return b.Bytes()
}

// bundle makes a ZIP archive with a document and a note.
func bundle(text []string, document []byte) []byte {
	return archive([]entry{
		{"readme.txt", []byte(strings.Join(text, "\r\n") + "\r\n")},
		{"drawings/plan.pdf", document},
	})
}

// sampleMSG is a message as Outlook saves it, with a picture attached. Its subject and
// its text hold the two numbers below.
//
//go:embed assets/sample.msg
var sampleMSG []byte

const (
	sampleOrder      = "Purchase order 00000000"
	sampleAttachment = "Attachment 00000000"
)

// msg makes an Outlook message of an order, whose number has eight digits like the
// sample's: the sample with the numbers of order and file. The padding, which makes
// messages differ in size, follows the last sector, where readers do not look.
func msg(order string, id int, padding []byte) []byte {
	b := bytes.ReplaceAll(sampleMSG, utf16LE(sampleOrder), utf16LE("Purchase order "+order))
	b = bytes.ReplaceAll(b, utf16LE(sampleAttachment), utf16LE(fmt.Sprintf("Attachment %08d", id)))
	return append(b, padding...)
}

// utf16LE is text as a message holds it.
func utf16LE(text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

const (
	xmlHead      = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	relationsNS  = "http://schemas.openxmlformats.org/package/2006/relationships"
	typesNS      = "http://schemas.openxmlformats.org/package/2006/content-types"
	officeNS     = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	wordML       = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	spreadsheet  = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	drawingML    = "application/vnd.openxmlformats-officedocument.drawing+xml"
	emuPerPixel  = 9525
	pictureWidth = 400 * emuPerPixel
	pictureHigh  = 520 * emuPerPixel
)

// contentTypes lists the types of an Office package's parts, given as pairs.
func contentTypes(overrides ...string) []byte {
	var b strings.Builder
	b.WriteString(xmlHead + `<Types xmlns="` + typesNS + `"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>`)
	for i := 0; i < len(overrides); i += 2 {
		fmt.Fprintf(&b, `<Override PartName="%s" ContentType="%s"/>`, overrides[i], overrides[i+1])
	}
	b.WriteString("</Types>")
	return []byte(b.String())
}

// relations lists the targets of a part, given as pairs of type and target.
// Their ids are rId1, rId2 and so on.
func relations(pairs ...string) []byte {
	var b strings.Builder
	b.WriteString(xmlHead + `<Relationships xmlns="` + relationsNS + `">`)
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `<Relationship Id="rId%d" Type="%s/%s" Target="%s"/>`, i/2+1, officeNS, pairs[i], pairs[i+1])
	}
	b.WriteString("</Relationships>")
	return []byte(b.String())
}

// picture is the DrawingML of the picture rId1 with a size.
func picture() string {
	return fmt.Sprintf(`<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="1" name="scan.png"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="rId1"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>`+
		`<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>`, pictureWidth, pictureHigh)
}

// docx makes a Word document with lines of text and a picture.
func docx(text []string, image []byte) []byte {
	var b strings.Builder
	b.WriteString(xmlHead + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="` + officeNS + `" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ` +
		`xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"><w:body>`)
	for _, line := range text {
		b.WriteString(`<w:p><w:r><w:t xml:space="preserve">` + line + `</w:t></w:r></w:p>`)
	}
	fmt.Fprintf(&b, `<w:p><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/><wp:docPr id="1" name="scan"/>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">%s</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`,
		pictureWidth, pictureHigh, picture())
	b.WriteString(`</w:body></w:document>`)
	return archive([]entry{
		{"[Content_Types].xml", contentTypes("/word/document.xml", wordML+"document.main+xml")},
		{"_rels/.rels", relations("officeDocument", "word/document.xml")},
		{"word/document.xml", []byte(b.String())},
		{"word/_rels/document.xml.rels", relations("image", "media/image1.png")},
		{"word/media/image1.png", image},
	})
}

// xlsx makes a workbook with lines of text in its first column and a picture.
func xlsx(text []string, image []byte) []byte {
	const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	var b strings.Builder
	b.WriteString(xmlHead + `<worksheet xmlns="` + main + `" xmlns:r="` + officeNS + `"><sheetData>`)
	for i, line := range text {
		fmt.Fprintf(&b, `<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>`, i+1, i+1, line)
	}
	b.WriteString(`</sheetData><drawing r:id="rId1"/></worksheet>`)
	drawing := fmt.Sprintf(xmlHead+`<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="%s">`+
		`<xdr:oneCellAnchor><xdr:from><xdr:col>2</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>1</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:ext cx="%d" cy="%d"/>%s<xdr:clientData/></xdr:oneCellAnchor></xdr:wsDr>`,
		officeNS, pictureWidth, pictureHigh, strings.ReplaceAll(strings.Replace(picture(), ` xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`, "", 1), "pic:", "xdr:"))
	return archive([]entry{
		{"[Content_Types].xml", contentTypes("/xl/workbook.xml", spreadsheet+"sheet.main+xml",
			"/xl/worksheets/sheet1.xml", spreadsheet+"worksheet+xml", "/xl/drawings/drawing1.xml", drawingML)},
		{"_rels/.rels", relations("officeDocument", "xl/workbook.xml")},
		{"xl/workbook.xml", []byte(xmlHead + `<workbook xmlns="` + main + `" xmlns:r="` + officeNS + `"><sheets><sheet name="Order" sheetId="1" r:id="rId1"/></sheets></workbook>`)},
		{"xl/_rels/workbook.xml.rels", relations("worksheet", "worksheets/sheet1.xml")},
		{"xl/worksheets/sheet1.xml", []byte(b.String())},
		{"xl/worksheets/_rels/sheet1.xml.rels", relations("drawing", "../drawings/drawing1.xml")},
		{"xl/drawings/drawing1.xml", []byte(drawing)},
		{"xl/drawings/_rels/drawing1.xml.rels", relations("image", "../media/image1.png")},
		{"xl/media/image1.png", image},
	})
}
