package batch

import (
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestEscapeFormulas(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"Acme":                  "Acme",
		"3-2":                   "3-2",
		"=cmd|' /C calc'!A0":    "'=cmd|' /C calc'!A0",
		"+1":                    "'+1",
		"-x.pdf":                "'-x.pdf",
		"@SUM(A1)":              "'@SUM(A1)",
		"＝1":                    "'＝1",
		"＠x":                    "'＠x",
		"  =1":                  "  '=1",
		"\u200b=1":              "\u200b'=1",
		"'=1":                   "''=1",
		"'Acme":                 "'Acme",
		"a.pdf; =1+1":           "a.pdf; '=1+1",
		`a,"=1"`:                `a,"'=1"`,
		"a|+1":                  "a|'+1",
		"https://x.example?a=1": "https://x.example?a=1",
	} {
		if got := escapeFormulas(oneLine(s)); got != want {
			t.Errorf("guard(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"\t=1":         " =1",
		"a\r\nb\x00":   "a  b ",
		"a\u2028b\x85": "a b\uFFFD",
		"x\u0085y":     "x y",
	} {
		if got := oneLine(s); got != want {
			t.Errorf("clean(%q) = %q, want %q", s, got, want)
		}
	}
	for text, want := range map[string]int{"a": maxTextUnits, "ß": maxTextUnits, "😀": maxTextUnits - 1} {
		got := truncate(strings.Repeat(text, 40000))
		if n := len(utf16.Encode([]rune(got))); n != want || !strings.HasSuffix(got, text+"…") {
			t.Errorf("%s: %d units", text, n)
		}
	}
	if fits := strings.Repeat("😀", maxTextUnits/2); truncate(fits) != fits {
		t.Error("a text that fits is cut")
	}
}

// TestEscapedTextIsNoFormula: whatever a text is cut at, no part of it begins a formula,
// and it can be had back.
func TestEscapedTextIsNoFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]rune("=+-@＝＋－＠,;|\"\t\r\n'' ab\u200b\u00a0"))
		s := rapid.OneOf(rapid.StringOf(alphabet), rapid.String()).Draw(t, "s")
		g := escapeFormulas(s)
		if back := unescapeFormulas(g); back != s {
			t.Fatalf("%q became %q and then %q", s, g, back)
		}
		for cell := range strings.FieldsFuncSeq(g, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if cell = trim(cell); strings.IndexAny(cell, formulaStarts) == 0 {
				t.Fatalf("%q holds a formula: %q", g, cell)
			}
		}
	})
}
