package download

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/poactor/poactor/po"
)

// headBytes is how much of a file's beginning is looked at.
const headBytes = 32 << 10

// Check says whether what came is what was promised: as long as announced (-1:
// nothing was announced), and not a page of the portal, like a sign-in or an
// error, in the place of a file. name is the file's, contentType and
// disposition are the answer's header fields, empty where there are none, and
// head is the content's beginning. The cause is empty if all is well; detail
// says in words what is wrong.
//
// Types are not held against names: people do attach a JPEG called .pdf.
func Check(name, contentType, disposition string, head []byte, announced, got int64) (cause po.Cause, detail string) {
	switch {
	case announced >= 0 && got < announced:
		return po.DownloadIncomplete, fmt.Sprintf("%d of %d bytes came", got, announced)
	case announced >= 0 && got > announced:
		return po.DownloadRejected, fmt.Sprintf("%d bytes came where %d were announced", got, announced)
	}
	declared, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	declared = strings.TrimSpace(declared)
	ext := strings.ToLower(path.Ext(name))
	attached := dispositionKind(disposition) == "attachment"
	switch {
	case isMarkup(declared, head) && !markupIsFine(ext, declared, attached, head):
		return po.DownloadRejected, "a web page came in the place of the file"
	case isJSON(declared, head) && !jsonIsFine(ext, declared, attached):
		return po.DownloadRejected, "a JSON message came in the place of the file"
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

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Fields(list) {
		m[s] = true
	}
	return m
}

var (
	// markup are the extensions of files that are web pages or look like it.
	markup = set(".htm .html .xhtml .shtml .mht .mhtml .xml .xsl .svg")
	// text are those of files in which anything may stand that is text.
	text = set(".txt .csv .tsv .md .log .eml")
	// jsons are those of files that are JSON.
	jsons = set(".json .jsonl .ndjson .geojson .ipynb .har")
	// binary are those of files that are never text. The formats of Word and
	// Excel before 2007 are not among them: much software writes HTML there.
	binary = set(".pdf .docx .docm .xlsx .xlsm .xlsb .pptx .pptm .ppt .odt .ods .odp .msg .zip .7z .rar .gz .tgz .tar .p7m .p7s " +
		".png .jpg .jpeg .gif .bmp .tif .tiff .webp .heic .mp3 .mp4 .mov .avi .exe .dwg .vsd .vsdx .mpp")
)

// markupIsFine says whether a file with the extension may be a web page.
func markupIsFine(ext, declared string, attached bool, head []byte) bool {
	switch {
	case binary[ext]:
		return false
	case attached: // the portal says that it is a file
		return true
	case markup[ext]:
		return !signIn.Match(head)
	case ext == ".xls" || ext == ".doc":
		return bytes.Contains(head, []byte("urn:schemas-microsoft-com:office"))
	}
	return text[ext] && !htmlTypes[declared]
}

// jsonIsFine says whether a file with the extension may be JSON.
func jsonIsFine(ext, declared string, attached bool) bool {
	switch {
	case binary[ext]:
		return false
	case attached, jsons[ext], text[ext]:
		return true
	}
	return !jsonType(declared)
}

var (
	htmlTypes = map[string]bool{"text/html": true, "application/xhtml+xml": true}
	signIn    = regexp.MustCompile(`(?i)<input\b[^>]{0,500}\btype\s*=\s*["']?password`)
	// preamble is what may stand before the first element of a page.
	preamble = regexp.MustCompile(`(?s)^(?:\s+|<!--.*?-->|<\?xml.*?\?>)+`)
)

// isMarkup says whether the content is a web page: by its looks, or declared
// as one and not evidently something else.
func isMarkup(declared string, head []byte) bool {
	looks := sniff(head)
	return looks == "text/html" || htmlTypes[declared] && strings.HasPrefix(looks, "text/")
}

// sniff is the content's type by its looks, without parameters; HTML is found
// behind byte order marks, comments and XML declarations, also in UTF-16.
func sniff(head []byte) string {
	rest := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		rest = bytes.ReplaceAll(head[2:], []byte{0}, nil) // good enough to see tags
	}
	rest = rest[len(preamble.Find(rest)):]
	kind, _, _ := strings.Cut(http.DetectContentType(rest), ";")
	if kind == "text/html" || len(rest) == 0 {
		return kind
	}
	kind, _, _ = strings.Cut(http.DetectContentType(head), ";")
	return kind
}

func jsonType(declared string) bool {
	return declared == "application/json" || strings.HasSuffix(declared, "+json") || declared == "text/json"
}

var jsonStart = regexp.MustCompile(`^(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]])`)

// isJSON says whether the content is JSON: by its looks, or declared as such
// and text.
func isJSON(declared string, head []byte) bool {
	return jsonStart.Match(head) || jsonType(declared) && strings.HasPrefix(sniff(head), "text/")
}
