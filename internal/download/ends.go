package download

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
)

// missingEnd says in words that a document is not whole by its format; empty if it
// is, or if its format does not tell.
func missingEnd(k kind, head, tail []byte, size int64) string {
	switch {
	case k.isPDF():
		return pdfEnd(head, tail, size)
	case k.isZIP():
		return zipEnd(tail, size)
	}
	return ""
}

// hasEnd reports whether content of a kind shows whether it is whole.
func (k kind) hasEnd() bool { return k.isPDF() || k.isZIP() }

func (k kind) isPDF() bool { return !k.text() && k.mime.Is("application/pdf") }

// isZIP includes the documents that are ZIP archives, like those of Office.
func (k kind) isZIP() bool {
	if k.text() {
		return false
	}
	for m := k.mime; m != nil; m = m.Parent() {
		if m.Is("application/zip") {
			return true
		}
	}
	return false
}

var (
	pdfLast = []byte("%%EOF")
	// pdfObject begins what a later version of a PDF adds behind the end of the one
	// before it.
	pdfObject = regexp.MustCompile(`(?:^|[\r\n])\d+[ \t]+\d+[ \t]+obj\b`)
	// pdfLinear is the length of a PDF that is made to be shown before it is whole:
	// such a one has an end near its beginning as well.
	pdfLinear = regexp.MustCompile(`/Linearized\b[^>]{0,200}?/L\s+(\d+)|/L\s+(\d+)[^>]{0,200}?/Linearized\b`)
)

func pdfEnd(head, tail []byte, size int64) string {
	i := bytes.LastIndex(tail, pdfLast)
	if m := pdfLinear.FindSubmatch(head[:min(len(head), 2*pdfWithin)]); m != nil && len(tail)-max(i, 0) > pdfWithin {
		if long, err := strconv.ParseInt(string(m[1])+string(m[2]), 10, 64); err == nil && size < long {
			return fmt.Sprintf("the PDF is cut off: %d of its %d bytes came", size, long)
		}
	}
	if i < 0 || pdfObject.Match(tail[i:]) || bytes.Contains(tail[i:], pdfStart) {
		return fmt.Sprintf("the PDF is cut off: it has no end (%%%%EOF) after %d bytes", size)
	}
	return ""
}

// The end of a ZIP archive: the signature of the record, its length without the
// comment, and where in it the size and the place of the directory stand, which a
// record in the format ZIP64 has elsewhere.
const (
	zipLast      = "PK\x05\x06"
	zipLastBytes = 22
	zip64        = 0xffffffff
)

func zipEnd(tail []byte, size int64) string {
	for rest := tail; ; {
		i := bytes.LastIndex(rest, []byte(zipLast))
		if i < 0 {
			return fmt.Sprintf("the archive is cut off: it has no directory after %d bytes", size)
		}
		if len(tail)-i >= zipLastBytes {
			record := tail[i:]
			length, place := binary.LittleEndian.Uint32(record[12:]), binary.LittleEndian.Uint32(record[16:])
			at := size - int64(len(tail)-i) // of the record in the file
			if length == zip64 || place == zip64 || int64(length)+int64(place) <= at {
				return ""
			}
		}
		rest = rest[:i]
	}
}
