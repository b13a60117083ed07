package po

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// removed stands in the place of a secret.
const removed = "[removed]"

// minSecret is the least length of a value that is taken for a secret: shorter ones
// are words of any text.
const minSecret = 6

// secrets are what looks like one, wherever it stands in a text.
var secrets = []struct {
	look *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?`), removed}, // JWT
	{regexp.MustCompile(`(?i)\b(bearer|basic|negotiate|digest)\s+[\w.~+/=-]{12,}`), "$1 " + removed},
	{regexp.MustCompile(`(?i)([\w.-]*(?:token|secret|[cx]srf|session(?:[-_]?id)?|sid|signature|sig|passw\w*|api[-_]?key|auth|nonce)["']?` +
		`\s*[=:]\s*["']?)[\w.~+/%=-]{6,}`), "${1}" + removed},
}

// Letters and digits change often in what is random, and rarely in names of files. A UUID
// is an order's or a file's.
var (
	longWord = regexp.MustCompile(`[\w+/=-]{32,}`)
	change   = regexp.MustCompile(`(?i)\d[a-z]|[a-z]\d`)
	uuid     = regexp.MustCompile(`(?i)^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$`)
)

// MaskSecrets is a foreign text without the values given, the queries of addresses and
// what looks like a secret.
func MaskSecrets(text string, values ...string) string {
	values = slices.Clone(values)
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, v := range values {
		if len(v) >= minSecret {
			text = strings.ReplaceAll(text, v, removed)
		}
	}
	text = MaskAddresses(text)
	for _, s := range secrets {
		text = s.look.ReplaceAllString(text, s.by)
	}
	return longWord.ReplaceAllStringFunc(text, func(word string) string {
		if len(change.FindAllString(word, 5)) == 5 && !uuid.MatchString(word) {
			return removed
		}
		return word
	})
}

// maxAnswer is how much of what the portal said is kept, in bytes.
const maxAnswer = 240

// PortalAnswer is what the portal said, in one line for people and records: an HTTP
// status, and the beginning of the text that came with it, which is the portal's and
// hostile. values are secrets that may stand in it, like those of cookies. It is empty
// where there was no answer.
func PortalAnswer(status int, text string, values ...string) string {
	if status == 0 {
		return ""
	}
	line := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	if text = strings.Join(strings.FieldsFunc(MaskSecrets(text, values...), invisible), " "); text != "" {
		line += ": " + text
	}
	return Clip(line, maxAnswer)
}
