package batch

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// formulaStarts begin a formula in Excel and LibreOffice, the full-width forms in
// Japanese and Chinese ones
// (https://owasp.org/www-community/attacks/CSV_Injection).
const formulaStarts = "=+-@＝＋－＠"

// separators may begin a cell where a program reads the file with another
// delimiter than ours, or does not see our quotes.
const separators = ",;\t|\"\r\n"

// maxTextUnits bounds the cells of ours, in UTF-16 units, which is what Excel
// counts: of a CSV file it spills a cell of more than 32,767 into the next
// rows, a workbook with one it calls damaged.
const maxTextUnits = 32000

// oneLine makes hostile text one valid line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// truncate shortens text to what a spreadsheet's cell can hold.
func truncate(s string) string {
	units, cut := 0, 0
	for i, r := range s {
		if units < maxTextUnits {
			cut = i
		}
		if units += utf16.RuneLen(r); units > maxTextUnits {
			return s[:cut] + "…"
		}
	}
	return s
}

// escapeFormulas puts an apostrophe before everything in s that could begin a
// formula. unescapeFormulas takes it off again, and nothing else.
//
// It is for workbooks too. There text is stored as text, which is no formula
// until somebody edits the cell, or saves the sheet as CSV and opens that: the
// apostrophe holds through both.
func escapeFormulas(s string) string {
	if !strings.ContainsAny(s, formulaStarts) {
		return s
	}
	var b strings.Builder
	start := true
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		if start && strings.ContainsRune(formulaStarts, r) {
			b.WriteByte('\'')
		}
		b.WriteString(s[:size])
		start = isCellStart(start, r)
		s = s[size:]
	}
	return b.String()
}

// unescapeFormulas is the inverse of escapeFormulas.
func unescapeFormulas(s string) string {
	if !strings.ContainsAny(s, formulaStarts) {
		return s
	}
	var b strings.Builder
	start := true
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		next, _ := utf8.DecodeRuneInString(s[size:])
		if !(start && r == '\'' && strings.ContainsRune(formulaStarts, next)) {
			b.WriteString(s[:size])
		}
		start = isCellStart(start, r)
		s = s[size:]
	}
	return b.String()
}

// isCellStart reports whether the character after r may be the first that counts
// of a cell, where r may be (start).
func isCellStart(start bool, r rune) bool {
	return strings.ContainsRune(separators, r) || start && (r == '\'' || invisible(r))
}
