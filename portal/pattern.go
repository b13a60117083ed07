package portal

import (
	"fmt"
	"regexp"
	"strings"
)

// maxPatternBytes bounds what a regular expression may cost.
const maxPatternBytes = 1000

func longPattern() string { return fmt.Sprintf("is longer than %d bytes", maxPatternBytes) }

const patternHint = "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"

// patternFault is regexp's own word on it, on one line and without the pattern.
func patternFault(err error) string {
	text := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	text, _, _ = strings.Cut(text, ": `")
	return oneLine(text)
}

func namePatternFault(pattern string) (fault, hint string) {
	if len(pattern) > maxPatternBytes {
		return longPattern(), ""
	}
	re, err := regexp.Compile(pattern)
	switch {
	case err != nil:
		return "is not a regular expression: " + patternFault(err), patternHint
	case re.NumSubexp() == 0:
		return "has no group", "put the part that is the name in ( )"
	}
	return "", ""
}
