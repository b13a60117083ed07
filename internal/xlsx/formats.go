package xlsx

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a workbook's formats
// (https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3).
const (
	maxStyles        = 65490
	maxFormatCode    = 255
	maxCustomFormats = 4096 // Excel has 250; each is held as the places of its digits
)

// builtInDates are the formats of dates that a workbook need not spell out
// (ECMA-376 part 1, 18.8.30). How 14 and 22 look is up to the reader's country:
// the way that is the same everywhere is taken.
var builtInDates = map[int]string{14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
	18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
	20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0"}

func builtInFormat(id int) numberFormat {
	if 27 <= id && id <= 36 || 50 <= id && id <= 58 { // dates in Asian countries
		return numberFormat{date: builtInDates[14]}
	}
	return numberFormat{date: builtInDates[id]}
}

// numberFormats reads the part of a workbook that has its styles.
func (a *archive) numberFormats(p parts) (*numberFormats, error) {
	f := &numberFormats{from1904: p.from1904}
	if p.styles == "" {
		return f, nil
	}
	var ids []int
	custom := map[int]numberFormat{}
	section := ""
	err := a.each(p.styles, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
		switch {
		case !t.opens():
		case t.level == 2:
			section = string(s.raw[t.name.from:t.name.to])
		case t.level == 3 && s.is(t, "numFmt"):
			if len(custom) == maxCustomFormats {
				return &Error{Msg: fmt.Sprintf("more than %d number formats", maxCustomFormats), Hint: hintCSV, Err: ErrTooLarge}
			}
			code, _ := s.attr("formatCode")
			custom[s.integer("numFmtId")] = parseFormat(code)
		case t.level == 3 && s.is(t, "xf") && section == s.prefix+"cellXfs" && len(ids) < maxStyles:
			ids = append(ids, s.integer("numFmtId"))
		}
		return nil
	})
	f.styles = make([]numberFormat, len(ids))
	for i, id := range ids {
		format, ok := custom[id]
		if !ok {
			format = builtInFormat(id)
		}
		f.styles[i] = format
	}
	return f, err
}

// parseFormat reads the code of a format, of which the first section, that of
// positive numbers, counts.
func parseFormat(code string) numberFormat {
	if len(code) > maxFormatCode {
		return numberFormat{}
	}
	var places []digitPlace
	plain, digits, literals := false, 0, 0
	for rest := code; rest != "" && rest[0] != ';'; {
		literal, special, n := formatToken(rest)
		rest = rest[n:]
		switch {
		case literal != "":
			places = append(places, digitPlace{literal: literal})
			literals++
		case special == "0" || special == "#":
			places = append(places, digitPlace{optional: special == "#"})
			digits++
		case strings.ContainsAny(special, "ymdhsYMDHS") && !isCondition(special):
			return numberFormat{date: code}
		case special != "" && !strings.HasPrefix(special, "["):
			plain = true // separators, decimals, percent, General
		}
	}
	if plain || digits == 0 || digits == 1 && literals == 0 {
		return numberFormat{}
	}
	return numberFormat{places: places}
}

// formatToken cuts the next token of n bytes off a format: text that is shown
// as it is, or something special.
func formatToken(s string) (literal, special string, n int) {
	_, size := utf8.DecodeRuneInString(s)
	switch s[0] {
	case '"':
		text, _, _ := strings.Cut(s[1:], `"`)
		return text, "", min(len(s), len(text)+2)
	case '\\':
		_, second := utf8.DecodeRuneInString(s[1:])
		return s[1 : 1+second], "", 1 + second
	case '_', '*': // a space as wide as the next character, or as many of them as fit
		_, second := utf8.DecodeRuneInString(s[1:])
		return "", "", 1 + second
	case '[':
		text, _, _ := strings.Cut(s, "]")
		return "", text, min(len(s), len(text)+1)
	}
	if strings.ContainsRune("-()/:$+!^&'~{}<>= ", rune(s[0])) {
		return s[:size], "", size
	}
	return "", s[:size], size
}

// isCondition tells [Red], [>5] and [$-409] from [h], [mm] and [ss].
func isCondition(special string) bool {
	return strings.HasPrefix(special, "[") && strings.Trim(special[1:], "hmsHMS") != ""
}
