// Package shell writes texts as words of a shell, for commands that people paste.
package shell

import (
	"regexp"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainWord is what no shell takes for anything but itself.
var plainWord = regexp.MustCompile(`^[\pL\pN_+:./\\-]+$`)

// Word is a text as a shell takes it for one word, and for nothing else: it may come
// from a list that somebody else has made.
func Word(text string) string {
	switch {
	case runtime.GOOS == "windows" && !plainWord.MatchString(text):
		return `"` + text + `"`
	case runtime.GOOS == "windows", plainWord.MatchString(text) && !strings.Contains(text, `\`):
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// IsPastable reports whether a text can be shown, and a shell of the system goos takes what
// Word makes of it for just that. On Windows nothing keeps both shells from replacing
// variables, and one of them takes typographic quotes for its own.
func IsPastable(goos, text string) bool {
	hidden := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
	return !strings.ContainsFunc(text, hidden) && (goos != "windows" || !strings.ContainsAny(text, "\"“”„$`%!"))
}
