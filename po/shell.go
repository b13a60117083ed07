package po

import (
	"regexp"
	"runtime"
	"strings"
)

// plainWord is what no shell takes for anything but itself.
var plainWord = regexp.MustCompile(`^[\pL\pN_@%+=:,./\\-]+$`)

// ShellWord is a text as a shell takes it for one word, and for nothing else: it may come
// from a list that somebody else has made.
func ShellWord(text string) string {
	switch {
	case runtime.GOOS == "windows" && !plainWord.MatchString(text):
		return `"` + text + `"`
	case runtime.GOOS == "windows", plainWord.MatchString(text) && !strings.Contains(text, `\`):
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
