// Package progress shows the events of a run: as plain lines for people and as
// JSON lines for programs. What comes from the portal or the batch is shown
// without anything that a terminal could take for a command.
package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/poactor/poactor/po"
)

// maxText is the longest piece of foreign text in a line, in characters.
const maxText = 160

// Clean makes foreign text safe for a terminal and short: Line, and what is too
// long is cut.
func Clean(s string) string {
	s = Line(s)
	if runes := []rune(s); len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return s
}

// Line makes text safe for a terminal and fit for one line: control and
// formatting characters (escape sequences, line ends, right-to-left marks)
// become spaces, and spaces are joined.
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unsafe(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// unsafe reports whether a terminal could act on r instead of showing it.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar ||
		r == '\u2028' || r == '\u2029'
}

// Total says in one line how orders stand: how many ended how, and how many
// are open.
func Total(counts map[po.Status]int, open int) string {
	sum := open
	var parts []string
	for _, status := range po.Statuses() {
		if n := counts[status]; n > 0 {
			sum += n
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	if open > 0 {
		parts = append(parts, fmt.Sprintf("%d open", open))
	}
	if sum == 0 {
		return "0 orders"
	}
	return Count(sum, "order") + ": " + strings.Join(parts, ", ")
}

// Count is a number with its noun: "1 file", "3 files".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Short rounds a duration to what a reader wants to see.
func Short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// MissingText says in one line which file is missing, why, and where it should be.
func MissingText(m po.Missing) string {
	text := Clean(m.Name) + ": " + why(m.Cause, m.Detail)
	if m.Answer != "" {
		text += "; the portal said: " + Line(m.Answer)
	}
	if m.URL != "" {
		text += ", " + Line(m.URL)
	}
	return text
}

// why is a cause with its words.
func why(cause po.Cause, detail string) string {
	if detail = Clean(detail); detail == "" || detail == string(cause) {
		return string(cause)
	}
	return string(cause) + ": " + detail
}
