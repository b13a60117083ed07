package download

import (
	"bytes"
	"regexp"
	"unicode/utf16"

	"github.com/gabriel-vasile/mimetype"
)

// kind is what content is by its looks.
type kind struct {
	is    form
	mime  *mimetype.MIME
	plain []byte // the beginning as UTF-8, without a byte order mark; nil if it is not text
	lines bool   // text in lines of fields
}

// form is the rough kind of content.
type form int

const (
	kindBinary form = iota
	kindText        // of no markup
	kindHTML
	kindXML
	kindJSON
)

// pdfWithin is how far into a file a reader looks for the beginning of a PDF.
const pdfWithin = 1024

var (
	pdfStart = []byte("%PDF-")
	// preamble is what may stand before the first element of a page.
	preamble = regexp.MustCompile(`(?s)^(?:\s+|<!--.*?-->|<\?xml.*?\?>)+`)
	// htmlStart are the beginnings by which browsers know a page (WHATWG MIME
	// Sniffing), and those of pages without their frame.
	htmlStart = regexp.MustCompile(`(?i)^<(?:` +
		`!doctype\s+html|html|head|script|iframe|h[1-6]|div|font|table|a|style|title|b|body|br|p|` +
		`form|meta|center|span|link|base|frameset` +
		`)\b`)
	// looseHTML begins with an element that XML of its own may have as well.
	looseHTML = regexp.MustCompile(`(?i)^\s*<(?:font|table|a|style|title|b|body|p|form|center|span|link|base)\b`)
	// xmlStart is a declaration, or an element or a document type behind comments.
	xmlStart = regexp.MustCompile(`(?i)^(?:<\?xml\b|` +
		`(?:<!--.*?-->\s*)*<(?:!doctype\s+)?[a-z_][\w.-]*(?::[\w.-]+)?(?:[\s/>]|\[))`)
	jsonStart = regexp.MustCompile(`^\s*(?:\{\s*["}]|\[\s*[\[{"\]])`)
)

// kindOf tells content by its beginning.
func kindOf(head []byte) kind {
	plain := toPlain(head)
	first := plain[len(preamble.Find(plain)):]
	html := htmlStart.Match(first)
	if i := bytes.Index(head[:min(len(head), pdfWithin)], pdfStart); i >= 0 && !html {
		return kind{mime: mimetype.Lookup("application/pdf")}
	}
	k := kind{mime: mimetype.Detect(head)}
	if !isText(k.mime) && !html {
		return k
	}
	k.plain = plain
	switch {
	case k.mime.Is("text/rtf"):
		k.is, k.lines = kindText, true
	case html:
		k.is = kindHTML
	case jsonStart.Match(plain):
		k.is = kindJSON
	case xmlStart.Match(bytes.TrimSpace(plain)):
		k.is = kindXML
	default:
		k.is = kindText
		k.lines = k.mime.Is("text/csv") || k.mime.Is("text/tab-separated-values") || bytes.Count(plain, []byte{'\t'}) > 1
	}
	return k
}

func isText(m *mimetype.MIME) bool {
	for ; m != nil; m = m.Parent() {
		if m.Is("text/plain") {
			return true
		}
	}
	return false
}

// toPlain makes UTF-8 without a byte order mark of a text's beginning; what is no
// UTF-16 stays as it is.
func toPlain(head []byte) []byte {
	big := bytes.HasPrefix(head, []byte("\xfe\xff"))
	if !big && !bytes.HasPrefix(head, []byte("\xff\xfe")) {
		return bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(head)/2)
	for i := 2; i+1 < len(head); i += 2 {
		low, high := head[i], head[i+1]
		if big {
			low, high = high, low
		}
		units = append(units, uint16(high)<<8|uint16(low))
	}
	return []byte(string(utf16.Decode(units)))
}

// extension is the one that files of the kind have; empty if it is not clear.
// Of text the portal knows more.
func (k kind) extension(contentType string) string {
	if k.mime == nil { // an empty file
		return ""
	}
	if ext := textTypes[mediaType(contentType)]; k.text() && ext != "" {
		return ext
	}
	switch {
	case k.is == kindHTML:
		return ".html"
	case k.is == kindXML && k.mime.Is("text/plain"):
		return ".xml"
	case k.is == kindJSON && k.mime.Is("text/plain"):
		return ".json"
	case k.mime.Is("application/x-ole-storage"):
		return oleTypes[mediaType(contentType)]
	}
	return k.mime.Extension()
}

// textTypes are what files of a type that is text are called.
var textTypes = map[string]string{
	"text/csv":                  ".csv",
	"text/tab-separated-values": ".tsv",
	"text/xml":                  ".xml",
	"application/xml":           ".xml",
	"text/html":                 ".html",
	"application/json":          ".json",
	"message/rfc822":            ".eml",
	"text/calendar":             ".ics",
	"text/vcard":                ".vcf",
	"text/markdown":             ".md",
	"text/rtf":                  ".rtf",
	"application/rtf":           ".rtf",
	"image/svg+xml":             ".svg",
	"application/xhtml+xml":     ".html",
}

// oleTypes are those of files in the container of Office before 2007.
var oleTypes = map[string]string{
	"application/msword":            ".doc",
	"application/vnd.ms-excel":      ".xls",
	"application/vnd.ms-powerpoint": ".ppt",
	"application/vnd.ms-outlook":    ".msg",
	"application/vnd.visio":         ".vsd",
	"application/vnd.ms-project":    ".mpp",
}

func (k kind) text() bool { return k.is != kindBinary }

// unknown says that nothing is known of content that is not text.
func (k kind) unknown() bool { return k.is == kindBinary && k.mime.Is("application/octet-stream") }

// words names what came, for people.
func (k kind) words() string {
	switch k.is {
	case kindHTML:
		return "a web page"
	case kindXML:
		return "an XML message"
	case kindJSON:
		return "a JSON message"
	case kindText:
		return "plain text"
	}
	return "something else"
}
