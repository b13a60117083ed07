package download

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
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
	htmlStart = regexp.MustCompile(`(?i)^<(?:!doctype\s+html|html|head|script|iframe|h[1-6]|div|font|table|a|style|title|b|body|br|p|form|meta|center|span|link|base|frameset)\b`)
	// looseHTML begins with an element that XML of its own may have as well.
	looseHTML = regexp.MustCompile(`(?i)^\s*<(?:font|table|a|style|title|b|body|p|form|center|span|link|base)\b`)
	xmlStart  = regexp.MustCompile(`(?i)^(?:<\?xml\b|(?:<!--.*?-->\s*)*<(?:!doctype\s+)?[a-z_][\w.-]*(?::[\w.-]+)?(?:[\s/>]|\[))`)
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
var textTypes = map[string]string{"text/csv": ".csv", "text/tab-separated-values": ".tsv", "text/xml": ".xml", "application/xml": ".xml", "text/html": ".html",
	"application/json": ".json", "message/rfc822": ".eml", "text/calendar": ".ics", "text/vcard": ".vcf", "text/markdown": ".md", "text/rtf": ".rtf", "application/rtf": ".rtf",
	"image/svg+xml": ".svg", "application/xhtml+xml": ".html"}

// oleTypes are those of files in the container of Office before 2007.
var oleTypes = map[string]string{"application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
	"application/vnd.ms-outlook": ".msg", "application/vnd.visio": ".vsd", "application/vnd.ms-project": ".mpp"}

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

// errorBytes is the longest text that is taken for an error's answer for the
// words that it begins with. shortBytes is the longest that is one under a name
// that promises prose, where such words may well be the document's.
const (
	errorBytes = 4 << 10
	shortBytes = 512
)

// problem says in words that a text is a sign-in page or an error's answer, and so
// not what a name with the extension promised; empty if it is not.
func (k kind) problem(ext string, head []byte) string {
	switch k.is {
	case kindHTML:
		if signIn.Match(k.plain) {
			return "a sign-in page came in the place of the file"
		}
		for _, t := range title.FindAllSubmatch(k.plain, 4) {
			if errorTitle.Match(bytes.TrimSpace(bytes.Join(t[1:], nil))) {
				return "an error page came in the place of the file"
			}
		}
	case kindXML:
		if xmlError.Match(k.plain) || xmlFault.Match(k.plain) || !xmls[ext] && len(head) < errorBytes && xmlField.Match(k.plain) {
			return "an error's answer in XML came in the place of the file"
		}
	case kindJSON:
		if len(head) < errorBytes && jsonError(k.plain, !jsons[ext]) {
			return "an error's answer in JSON came in the place of the file"
		}
	case kindText:
		limit := errorBytes
		switch {
		case prose[ext]:
			limit = shortBytes
		case known(ext) && k.lines:
			return ""
		}
		if len(head) <= limit && errorText.Match(k.plain) && (!prose[ext] || refusalText.Match(k.plain)) {
			return "an error's answer came in the place of the file"
		}
	}
	return ""
}

var (
	// signIn is a page that asks who you are: for a password, or on the way to where
	// that is asked.
	signIn = regexp.MustCompile(`(?is)<input\b[^>]{0,500}\btype\s*=\s*["']?password` +
		`|<input\b[^>]{0,500}\bname\s*=\s*["']?(?:SAMLRequest|SAMLResponse|wresult|j_username)\b` +
		`|<meta\b[^>]{0,200}\bhttp-equiv\s*=\s*["']?refresh\b[^>]{0,200}\b(?:log-?in|sign-?in|logon|sso|saml2?|oauth2?|authorize)\b` +
		`|<title>\s*(?:sign[ -]?in|log[ -]?in|log[ -]?on|anmelde\w*|einloggen|connexion|se connecter|iniciar sesi[oó]n|inloggen|accedi|entrar)\b`)
	title      = regexp.MustCompile(`(?is)<title[^>]*>(.{0,200}?)</title>|<h1[^>]*>(.{0,200}?)</h1>`)
	errorTitle = regexp.MustCompile(`(?i)^(?:(?:http )?(?:status |error )?[45]\d\d\b|(?:an )?error(?:\s*[:!#-]|\s+\d|\s+page|\s+occurred|\s+has\b|\s*$)|oops|sorry|access denied|forbidden|unauthori[sz]ed|not found|` +
		`(?:page|file|document|object) not found|(?:your )?(?:session|token|link|url)\b.{0,30}\b(?:expired|timed out|invalid)|internal server error|service unavailable|bad (?:request|gateway)|` +
		`gateway time-?out|too many requests|runtime error|server error|fehler\b|erreur\b|errore\b|just a moment|attention required)`)
	xmlError = regexp.MustCompile(`(?is)^\s*(?:<\?xml.*?\?>|<!--.*?-->|<!doctype[^>]*>|\s+)*<(?:[\w.-]+:)?` +
		`(?:errors?|errorresponse|errormessage|faults?|exceptions?|exceptionreport|serviceexception(?:report)?|problem|apierror)[\s/>]`)
	xmlFault = regexp.MustCompile(`(?is)<(?:[\w.-]+:)?envelope\b.*?<(?:[\w.-]+:)?body\b[^>]*>\s*<(?:[\w.-]+:)?fault\b`)
	xmlField = regexp.MustCompile(`(?i)<(?:[\w.-]+:)?(?:errors?|error-?_?code|error-?_?message|faultcode|faultstring|exception)[\s>]`)
	// errorText are the words that error answers begin with.
	errorText = regexp.MustCompile(`(?i)^[\W_]*(?:an? |the |your )?(?:(?:internal |fatal |unexpected |application )?(?:error|exception)\b|sorry\b|access (?:is )?denied|permission denied|forbidden|` +
		`unauthori[sz]ed|not (?:found|authori[sz]ed|allowed|logged in|signed in)|you (?:are not|do not have|have (?:exceeded|reached)|must|need to|can only)\b|` +
		`(?:session|token|link|url|request|signature|download|licen[cs]e|ticket)\b.{0,40}\b(?:expired|timed out|invalid|not valid|failed|limit)|` +
		`(?:internal )?server error|service (?:temporarily )?unavailable|bad (?:request|gateway)|gateway time-?out|too many requests|rate limit|quota|please (?:try|log|sign|wait|contact)|` +
		`(?:file|document|attachment|object|page|resource|record)\b.{0,60}\b(?:not (?:be )?(?:found|available|exist|reachable|accessible)|locked|does ?n[o']t exist|no longer)|` +
		`fail(?:ed|ure)\b|unable to|can(?:not|'t| not)\b|could not|invalid\b|no such\b|traceback\b|java\.|javax\.|com\.\S*exception|system\.\S*exception|ora-\d+|null\s*$|undefined\s*$|` +
		`http(?:/\d(?:\.\d)?)? ?(?:error |status )?:? ?[45]\d\d|(?:error |status |code )?[45]\d\d\b|fehler\b|erreur\b|errore\b|zugriff verweigert|acc[eè]s refus)`)
	// refusalText are those of them that no document would begin with.
	refusalText = regexp.MustCompile(`(?i)^[\W_]*(?:error[: ]|sorry,|access (?:is )?denied|permission denied|forbidden\s*$|unauthori[sz]ed|(?:your )?(?:session|token|link|url|request|signature)\b.{0,40}\b(?:expired|timed out|invalid)|` +
		`internal server error|service (?:temporarily )?unavailable|bad gateway|gateway time-?out|too many requests|rate limit|http(?:/\d(?:\.\d)?)? ?(?:error |status )?:? ?[45]\d\d)`)
)

// errorWords are what the answers of interfaces consist of that tell an error
// (RFC 9457 and its like); the value says whether one of them makes it an error.
var errorWords = map[string]bool{
	"error": true, "errors": true, "exception": true, "fault": true, "errorcode": true, "errormessage": true, "errordescription": true, "faultstring": true,
	"code": false, "message": false, "msg": false, "messages": false, "status": false, "statuscode": false, "statustext": false, "detail": false, "details": false, "title": false, "type": false,
	"instance": false, "timestamp": false, "path": false, "requestid": false, "traceid": false, "correlationid": false, "trace": false, "success": false, "reason": false, "description": false,
	"erroruri": false, "ok": false, "result": false, "data": false, "help": false, "url": false, "name": false, "severity": false,
}

// jsonError says whether JSON tells an error and nothing else. A message alone is one
// where no JSON was promised.
func jsonError(text []byte, messages bool) bool {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) == nil && len(list) > 0 {
		text = list[0]
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil || len(fields) == 0 {
		return false
	}
	certain, hints := false, 0
	for name, value := range fields {
		name = strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
		is, word := errorWords[name]
		if !word {
			return false
		}
		certain = certain || is
		switch name {
		case "message", "msg", "detail", "title", "reason", "description":
			hints++
		case "success", "ok":
			certain = certain || string(value) == "false"
		case "status", "statuscode", "code":
			digits := strings.Trim(string(value), `"`)
			certain = certain || len(digits) == 3 && (digits[0] == '4' || digits[0] == '5')
		case "data", "result":
			if string(value) != "null" && len(value) > 2 {
				return false
			}
		}
	}
	return certain || messages && hints > 0 && hints == len(fields)
}
