package download

import (
	"bytes"
	"fmt"
	"mime"
	"path"
	"strings"

	"github.com/poactor/poactor/po"
)

const (
	// headBytes is how much of a file's beginning is looked at.
	headBytes = 32 << 10
	// tailBytes is how much of its end is: an archive's directory of up to 64 KB
	// of comment, and what servers leave behind a PDF.
	tailBytes = 66 << 10
)

// content is what came of a file, and what was said of it.
type content struct {
	name        string // by which it is judged, see expectedName
	contentType string // of the answer; empty where there is none
	disposition string // of the answer; empty where there is none
	head, tail  []byte // the beginning, and the end; they overlap in a small file
	announced   int64  // its length as the portal gave it; -1: it did not
	size        int64
}

// check says whether what came is what was promised: as long as announced, not
// text or a page of the portal in the place of a document, and whole as far as
// its format tells. The cause is empty if all is well; detail says in words what
// is wrong.
//
// A format that is not text is not held against another one: people do attach a
// JPEG called .pdf.
func check(c content) (cause po.Cause, detail string) {
	switch {
	case c.announced >= 0 && c.size < c.announced:
		return po.DownloadIncomplete, fmt.Sprintf("%d of %d bytes came", c.size, c.announced)
	case c.announced >= 0 && c.size > c.announced:
		return po.DownloadRejected, fmt.Sprintf("%d bytes came where %d were announced", c.size, c.announced)
	case c.size == 0: // the caller's to judge
		return "", ""
	}
	k := kindOf(c.head)
	if detail := c.mismatch(k); detail != "" {
		return po.DownloadRejected, detail
	}
	if detail := missingEnd(k, c.head, c.tail, c.size); detail != "" {
		return po.DownloadIncomplete, detail
	}
	return "", ""
}

// dispositionKind is the first word of a Content-Disposition.
func dispositionKind(disposition string) string {
	if kind, _, err := mime.ParseMediaType(disposition); err == nil {
		return kind
	}
	kind, _, _ := strings.Cut(disposition, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// mediaType is a Content-Type without its parameters.
func mediaType(contentType string) string {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	return strings.TrimSpace(kind)
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Fields(list) {
		m[s] = true
	}
	return m
}

// What file names promise by their extensions.
var (
	// webPages are web pages.
	webPages = set(".htm .html .xhtml .shtml .mht .mhtml")
	// xmls are XML of some kind.
	xmls = set(".xml .xsl .xslt .xsd .svg .rdf .gpx .kml")
	// prose is text in which anything may stand.
	prose = set(".txt .text .md .log")
	// tables are text in lines of fields, or of another form of its own.
	tables = set(".csv .tsv .tab .eml .ics .vcf .edi .x12 .rtf")
	// jsons are JSON.
	jsons = set(".json .jsonl .ndjson .geojson .ipynb .har")
	// office are formats of Office before 2007, in whose place much software
	// writes a web page, XML or lines of fields.
	office = set(".xls .doc .xlt .dot")
	// binaries are formats that are never text.
	binaries = set(`
		.pdf .docx .docm .dotx .xlsx .xlsm .xlsb .xltx .pptx .pptm .ppt .pps .ppsx
		.odt .ods .odp .odg .pages .numbers .msg
		.zip .7z .rar .gz .tgz .bz2 .xz .tar
		.png .jpg .jpeg .jpe .gif .bmp .tif .tiff .webp .heic .heif .avif
		.mp3 .mp4 .m4a .mov .avi .wmv .mkv .wav
		.exe .msi .dwg .vsd .vsdx .mpp .one .epub .psd .dcm`)
)

// binaryType says whether a Content-Type is that of a format which is never text.
// application/octet-stream says nothing.
func binaryType(declared string) bool {
	switch {
	case strings.HasPrefix(declared, "image/"):
		return !strings.HasSuffix(declared, "+xml")
	case strings.HasPrefix(declared, "audio/"), strings.HasPrefix(declared, "video/"):
		return true
	}
	return binaryTypes[declared] ||
		strings.HasPrefix(declared, "application/vnd.openxmlformats-") ||
		strings.HasPrefix(declared, "application/vnd.oasis.opendocument.")
}

var binaryTypes = set(`
	application/pdf application/x-pdf
	application/zip application/x-zip-compressed application/x-7z-compressed
	application/vnd.rar application/x-rar-compressed
	application/gzip application/x-gzip application/x-tar
	application/vnd.ms-outlook application/vnd.ms-powerpoint application/x-msdownload`)

// mismatch says in words why content of a kind is not what was promised; empty
// if it may be. Whatever came as a sign-in page or as an error's answer is never
// what was promised, whatever the name.
func (c content) mismatch(k kind) string {
	ext := strings.ToLower(path.Ext(c.name))
	declared := mediaType(c.contentType)
	attached := dispositionKind(c.disposition) == "attachment"
	if strings.HasPrefix(declared, "multipart/") && !k.text() && ext != ".mht" && ext != ".mhtml" && ext != ".eml" {
		return "the portal sent several parts in the place of the file"
	}
	if !k.text() {
		return c.binaryMismatch(k, ext)
	}
	if why := k.problem(ext, c.head); why != "" {
		return why
	}
	switch {
	case binaries[ext], !known(ext) && binaryType(declared):
		return k.words() + " came in the place of the file"
	case office[ext]:
		if !attached && k.is == kindHTML && !bytes.Contains(c.head, []byte("urn:schemas-microsoft-com:office")) ||
			k.is == kindJSON || k.is == kindText && !k.lines {
			return k.words() + " came in the place of the file"
		}
	case k.is == kindHTML && (tables[ext] || jsons[ext] || xmls[ext] && !looseHTML.Match(k.plain)):
		return k.words() + " came in the place of the file"
	case k.is == kindHTML || htmlTypes[declared]:
		if !attached && !webPages[ext] && !(known(ext) && !htmlTypes[declared]) {
			return kind{is: kindHTML}.words() + " came in the place of the file"
		}
	case k.is == kindJSON || jsonType(declared):
		if !attached && (!known(ext) || tables[ext]) && jsonType(declared) {
			return kind{is: kindJSON}.words() + " came in the place of the file"
		}
	}
	return ""
}

// binaryMismatch is mismatch for what is not text. Compression that nothing spoke of is
// the portal's mistake, and no document; nor is a PDF that no reader knows.
func (c content) binaryMismatch(k kind, ext string) string {
	switch {
	case !binaries[ext] && !office[ext], c.name == "":
		return ""
	case k.mime.Is("application/gzip") && ext != ".gz" && ext != ".tgz",
		k.mime.Is("application/zstd"), k.mime.Is("application/zlib"):
		return "the portal sent the file compressed, and did not say so"
	case ext == ".pdf" && k.unknown():
		return "what came is no PDF"
	}
	return ""
}

// known says whether an extension promises some format.
func known(ext string) bool {
	return webPages[ext] || xmls[ext] || prose[ext] || tables[ext] || jsons[ext] || office[ext] || binaries[ext]
}

var htmlTypes = set("text/html application/xhtml+xml")

func jsonType(declared string) bool {
	return declared == "application/json" || strings.HasSuffix(declared, "+json") || declared == "text/json"
}
