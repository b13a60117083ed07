package xlsx

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// references are those that XML has without being told.
var references = map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// unescape appends text with its references resolved; false if one is none.
func unescape(dst, text []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(dst, text...), true
		}
		end := bytes.IndexByte(text[i:], ';')
		if end < 0 {
			return dst, false
		}
		r, ok := reference(string(text[i+1 : i+end]))
		if !ok {
			return dst, false
		}
		dst = utf8.AppendRune(append(dst, text[:i]...), r)
		text = text[i+end+1:]
	}
}

// reference gives the character of what stands between & and ;.
func reference(name string) (rune, bool) {
	if r, ok := references[name]; ok {
		return r, true
	}
	if len(name) < 2 || len(name) > 8 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n > 0 && n <= utf8.MaxRune
}

// escapedLen is the length of _xHHHH_, which stands for a UTF-16 unit in the
// strings of a workbook (ECMA-376 part 1, 22.9.2.19).
const escapedLen = len("_xHHHH_")

// escaped reads one; false if s does not begin with one.
func escaped(s []byte) (uint16, bool) {
	if len(s) < escapedLen || s[0] != '_' || s[1] != 'x' || s[escapedLen-1] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[2:escapedLen-1]), 16, 16)
	return uint16(n), err == nil
}

// unescapeUnits resolves them in place.
func unescapeUnits(s []byte) []byte {
	i := bytes.Index(s, []byte("_x"))
	if i < 0 {
		return s
	}
	out := s[:i]
	for s = s[i:]; len(s) > 0; {
		u, ok := escaped(s)
		if !ok {
			out = append(out, s[0])
			s = s[1:]
			continue
		}
		r := rune(u)
		s = s[escapedLen:]
		if low, ok := escaped(s); ok && utf16.IsSurrogate(r) && utf16.DecodeRune(r, rune(low)) != utf8.RuneError {
			r = utf16.DecodeRune(r, rune(low))
			s = s[escapedLen:]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// escape appends text that a workbook reads back as it is.
func escape(dst []byte, text string) []byte {
	for i, r := range text {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == 0xFFFE || r == 0xFFFF: // which XML cannot have
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case r == '_' && isEscaped(text[i:]):
			dst = append(dst, "_x005F_"...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

func isEscaped(s string) bool {
	_, ok := escaped([]byte(s[:min(len(s), escapedLen)]))
	return ok
}

// richText reads the rest of an element that has been opened and appends its text:
// that of its runs, without the reading aids of Japanese. in says that the
// element itself is a run.
func (s *xmlScanner) richText(dst []byte, level int, in bool) ([]byte, error) {
	from := len(dst)
	for {
		t, err := s.next()
		switch {
		case err != nil:
			return dst, err
		case t.kind == xmlClose && t.level == level:
			return append(dst[:from], unescapeUnits(dst[from:])...), nil
		case t.kind == xmlOpen && s.is(t, "rPh"):
			err = s.skip(t.level)
		case t.kind == xmlOpen && s.is(t, "t"):
			in = true
		case t.kind == xmlClose:
			in = false
		case t.kind == xmlText && in:
			dst, err = s.appendText(dst, t)
		}
		if err != nil {
			return dst, err
		}
		if len(dst)-from > MaxCellBytes {
			return dst, longText()
		}
	}
}

// appendText appends what a text token says.
func (s *xmlScanner) appendText(dst []byte, t xmlToken) ([]byte, error) {
	text := s.raw[t.from:t.to]
	if t.cdata {
		return append(dst, text[len("<![CDATA["):len(text)-len("]]>")]...), nil
	}
	dst, ok := unescape(dst, text)
	if !ok {
		return dst, damaged("a text holds a reference to nothing")
	}
	return dst, nil
}
