package batch

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// charset is the encoding of a batch.
type charset int

const (
	charsetUTF8 charset = iota
	charsetWindows1252
	charsetUTF16LE
	charsetUTF16BE
)

func (c charset) String() string {
	return [...]string{"UTF-8", "Windows-1252", "UTF-16LE", "UTF-16BE"}[c]
}

// unit is the number of bytes of an ASCII character: every character that
// has a meaning in CSV is one unit.
func (c charset) unit() int {
	if c == charsetUTF16LE || c == charsetUTF16BE {
		return 2
	}
	return 1
}

func (c charset) order() binary.AppendByteOrder {
	if c == charsetUTF16BE {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// value is the first unit of raw, which is not shorter than one.
func (c charset) value(raw []byte) uint16 {
	switch c {
	case charsetUTF16LE:
		return binary.LittleEndian.Uint16(raw)
	case charsetUTF16BE:
		return binary.BigEndian.Uint16(raw)
	default:
		return uint16(raw[0])
	}
}

// decode gives the text of raw bytes; what cannot be read becomes U+FFFD.
func (c charset) decode(raw []byte) string {
	switch c {
	case charsetUTF8:
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	case charsetWindows1252:
		return decode1252(raw)
	}
	units := make([]uint16, 0, len(raw)/2)
	for ; len(raw) >= 2; raw = raw[2:] {
		units = append(units, c.value(raw))
	}
	return string(utf16.Decode(units))
}

func decode1252(raw []byte) string {
	var b strings.Builder
	b.Grow(len(raw))
	for _, c := range raw {
		b.WriteRune(charmap.Windows1252.DecodeByte(c))
	}
	return b.String()
}

// lacks gives the first character of a text that the encoding does not have.
func (c charset) lacks(text string) (rune, bool) {
	if c != charsetWindows1252 {
		return 0, false
	}
	for _, r := range text {
		if _, ok := charmap.Windows1252.EncodeRune(r); !ok {
			return r, true
		}
	}
	return 0, false
}

// encode appends the bytes of valid text to dst. What it lacks must not come to
// it: it becomes a question mark.
func (c charset) encode(dst []byte, text string) []byte {
	switch c {
	case charsetUTF8:
		return append(dst, text...)
	case charsetWindows1252:
		return encode1252(dst, text)
	}
	for _, r := range text {
		if r <= 0xFFFF {
			dst = c.order().AppendUint16(dst, uint16(r))
			continue
		}
		high, low := utf16.EncodeRune(r)
		dst = c.order().AppendUint16(dst, uint16(high))
		dst = c.order().AppendUint16(dst, uint16(low))
	}
	return dst
}

func encode1252(dst []byte, text string) []byte {
	for _, r := range text {
		switch b, ok := charmap.Windows1252.EncodeRune(r); {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		case ok:
			dst = append(dst, b)
		default:
			dst = append(dst, '?')
		}
	}
	return dst
}
