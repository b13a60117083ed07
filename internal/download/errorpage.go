package download

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

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
		if xmlError.Match(k.plain) || xmlFault.Match(k.plain) ||
			!xmls[ext] && len(head) < errorBytes && xmlField.Match(k.plain) {
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
	signIn = regexp.MustCompile(`(?is)` +
		`<input\b[^>]{0,500}\btype\s*=\s*["']?password|` +
		// A form that goes to a sign-in service, or comes from it.
		`<input\b[^>]{0,500}\bname\s*=\s*["']?(?:SAMLRequest|SAMLResponse|wresult|j_username)\b|` +
		`<meta\b[^>]{0,200}\bhttp-equiv\s*=\s*["']?refresh\b[^>]{0,200}` +
		`\b(?:log-?in|sign-?in|logon|sso|saml2?|oauth2?|authorize)\b|` +
		`<title>\s*(?:sign[ -]?in|log[ -]?in|log[ -]?on|` +
		`anmelde\w*|einloggen|connexion|se connecter|iniciar sesi[oó]n|inloggen|accedi|entrar)\b`)
	title      = regexp.MustCompile(`(?is)<title[^>]*>(.{0,200}?)</title>|<h1[^>]*>(.{0,200}?)</h1>`)
	errorTitle = regexp.MustCompile(`(?i)^(?:` +
		`(?:http )?(?:status |error )?[45]\d\d\b|` +
		`(?:an )?error(?:\s*[:!#-]|\s+\d|\s+page|\s+occurred|\s+has\b|\s*$)|` +
		`oops|sorry|access denied|forbidden|unauthori[sz]ed|` +
		`not found|(?:page|file|document|object) not found|` +
		`(?:your )?(?:session|token|link|url)\b.{0,30}\b(?:expired|timed out|invalid)|` +
		// What the statuses from 500 on are called, and 429.
		`internal server error|service unavailable|bad (?:request|gateway)|` +
		`gateway time-?out|too many requests|runtime error|server error|` +
		`fehler\b|erreur\b|errore\b|` +
		// Cloudflare's checks of the browser.
		`just a moment|attention required)`)
	// xmlError begins with an element that is called an error.
	xmlError = regexp.MustCompile(`(?is)^\s*(?:<\?xml.*?\?>|<!--.*?-->|<!doctype[^>]*>|\s+)*` +
		`<(?:[\w.-]+:)?(?:errors?|errorresponse|errormessage|faults?|exceptions?|` +
		`exceptionreport|serviceexception(?:report)?|problem|apierror)[\s/>]`)
	// xmlFault is SOAP's.
	xmlFault = regexp.MustCompile(`(?is)<(?:[\w.-]+:)?envelope\b.*?<(?:[\w.-]+:)?body\b[^>]*>\s*<(?:[\w.-]+:)?fault\b`)
	// xmlField is an element that is called an error, wherever it stands.
	xmlField = regexp.MustCompile(`(?i)<(?:[\w.-]+:)?` +
		`(?:errors?|error-?_?code|error-?_?message|faultcode|faultstring|exception)[\s>]`)
	// errorText are the words that error answers begin with.
	errorText = regexp.MustCompile(`(?i)^[\W_]*(?:an? |the |your )?(?:` +
		`(?:internal |fatal |unexpected |application )?(?:error|exception)\b|sorry\b|` +
		// It is not allowed.
		`access (?:is )?denied|permission denied|forbidden|unauthori[sz]ed|` +
		`not (?:found|authori[sz]ed|allowed|logged in|signed in)|` +
		`you (?:are not|do not have|have (?:exceeded|reached)|must|need to|can only)\b|` +
		`(?:session|token|link|url|request|signature|download|licen[cs]e|ticket)\b.{0,40}` +
		`\b(?:expired|timed out|invalid|not valid|failed|limit)|` +
		// The server cannot, or not now.
		`(?:internal )?server error|service (?:temporarily )?unavailable|` +
		`bad (?:request|gateway)|gateway time-?out|too many requests|rate limit|quota|` +
		`please (?:try|log|sign|wait|contact)|` +
		// The document is not there.
		`(?:file|document|attachment|object|page|resource|record)\b.{0,60}` +
		`\b(?:not (?:be )?(?:found|available|exist|reachable|accessible)|` +
		`locked|does ?n[o']t exist|no longer)|` +
		`fail(?:ed|ure)\b|unable to|can(?:not|'t| not)\b|could not|invalid\b|no such\b|` +
		// What programs print as they fail.
		`traceback\b|java\.|javax\.|com\.\S*exception|system\.\S*exception|ora-\d+|null\s*$|undefined\s*$|` +
		// A status and nothing else.
		`http(?:/\d(?:\.\d)?)? ?(?:error |status )?:? ?[45]\d\d|(?:error |status |code )?[45]\d\d\b|` +
		`fehler\b|erreur\b|errore\b|zugriff verweigert|acc[eè]s refus)`)
	// refusalText are those of them that no document would begin with.
	refusalText = regexp.MustCompile(`(?i)^[\W_]*(?:` +
		`error[: ]|sorry,|` +
		`access (?:is )?denied|permission denied|forbidden\s*$|unauthori[sz]ed|` +
		`(?:your )?(?:session|token|link|url|request|signature)\b.{0,40}\b(?:expired|timed out|invalid)|` +
		`internal server error|service (?:temporarily )?unavailable|bad gateway|gateway time-?out|` +
		`too many requests|rate limit|` +
		`http(?:/\d(?:\.\d)?)? ?(?:error |status )?:? ?[45]\d\d)`)
)

// errorWords are what the answers of interfaces consist of that tell an error
// (RFC 9457 and its like); the value says whether one of them makes it an error.
var errorWords = map[string]bool{
	"error": true, "errors": true, "exception": true, "fault": true,
	"errorcode": true, "errormessage": true, "errordescription": true, "faultstring": true,

	"code": false, "status": false, "statuscode": false, "statustext": false,
	"message": false, "msg": false, "messages": false, "detail": false, "details": false,
	"title": false, "type": false, "instance": false, "reason": false, "description": false,
	"timestamp": false, "path": false, "requestid": false, "traceid": false, "correlationid": false,
	"trace": false, "success": false, "ok": false, "result": false, "data": false,
	"erroruri": false, "help": false, "url": false, "name": false, "severity": false,
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
