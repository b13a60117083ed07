package po

import "strings"

// Clip cuts a text for people to at most n bytes, at a rune's border, and marks
// the cut with an ellipsis.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
