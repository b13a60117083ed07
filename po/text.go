package po

import (
	"strings"
	"unicode"
)

// Clip cuts a text for people to at most n bytes, at a rune's border, and marks
// the cut with an ellipsis.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// invisible reports whether a character is a space, or one that a terminal or an editor
// could act on instead of showing it.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
}
