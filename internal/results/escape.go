package results

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// formulas begin a formula in a spreadsheet, the full-width forms in Japanese
// and Chinese ones (https://owasp.org/www-community/attacks/CSV_Injection).
const formulas = "=+-@＝＋－＠"

// separators may begin a cell where a program reads the manifest with another
// delimiter than ours, or does not see our quotes.
const separators = `,;|"`

// escape writes a text as the inside of a Go string, so that it is one
// printable line, with the characters escaped that could begin a formula.
func escape(s string) string {
	quoted := strconv.Quote(s)
	quoted = quoted[1 : len(quoted)-1]
	if !strings.ContainsAny(quoted, formulas) {
		return quoted
	}
	var b strings.Builder
	start := true
	for _, r := range quoted {
		switch {
		case start && strings.ContainsRune(formulas, r):
			fmt.Fprintf(&b, `\u%04x`, r)
			start = false
			continue
		case strings.ContainsRune(separators, r):
			start = true
		case !unicode.IsSpace(r):
			start = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unescape is the inverse of escape.
func unescape(s string) (string, error) { return strconv.Unquote(`"` + s + `"`) }
