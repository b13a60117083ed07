package batch

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sample is how much of a file's beginning is looked at for its kind.
const sample = 4 << 10

const (
	hintUTF8   = "save it as CSV UTF-8"
	hintCSV    = "give a CSV or XLSX file"
	hintExport = "export the list again, as CSV or XLSX"
	hintHeader = "give a CSV or XLSX file with a column PO_NUMBER"
)

// boms are the byte order marks.
var boms = []struct {
	bytes   string
	charset charset
}{
	{"\xEF\xBB\xBF", charsetUTF8},
	{"\xFF\xFE", charsetUTF16LE},
	{"\xFE\xFF", charsetUTF16BE},
}

// detectCharset finds the encoding of a file and the length of its byte order mark.
// Without a mark it reads the whole file: an export that begins in plain ASCII
// may show its first accent in its last row.
func detectCharset(r io.Reader) (charset, int, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(sample)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, err
	}
	if err := checkSignature(head, br); err != nil {
		return 0, 0, err
	}
	for _, m := range boms {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.charset, len(m.bytes), checkTextFormat(m.charset.decode(head[len(m.bytes):]))
		}
	}
	if c, ok := unmarkedUTF16(head); ok {
		return c, 0, checkTextFormat(c.decode(head))
	}
	if err := checkTextFormat(charsetUTF8.decode(head)); err != nil {
		return 0, 0, err
	}
	c, err := oneByteCharset(br)
	return c, 0, err
}

// unmarkedUTF16 recognises UTF-16 without a mark by its ASCII characters, of
// which every second byte is zero. No list is without: delimiters, digits, line
// ends.
func unmarkedUTF16(head []byte) (charset, bool) {
	var ascii [2]int // little and big endian
	pairs := len(head) / 2
	for i := range pairs {
		first, second := head[2*i], head[2*i+1]
		switch {
		case isText(first) && second == 0:
			ascii[0]++
		case first == 0 && isText(second):
			ascii[1]++
		}
	}
	for i, c := range []charset{charsetUTF16LE, charsetUTF16BE} {
		if 5*ascii[i] > pairs && ascii[i] > ascii[1-i] && !strings.ContainsFunc(c.decode(head[:2*pairs]), isBinary) {
			return c, true
		}
	}
	return 0, false
}

// isText reports whether a byte is an ASCII character that a list may have.
func isText(b byte) bool { return b >= ' ' && b < 0x7F || b == '\t' || b == '\r' || b == '\n' }

// isBinary reports characters that no text has.
func isBinary(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }

// byteCounts counts what tells UTF-8 from Windows-1252.
type byteCounts struct {
	line      int
	last      byte
	nul       int // line of the first NUL
	controls  int // other characters that no text has
	undefined int // line of the first byte that Windows-1252 does not define
	valid     int // UTF-8 sequences of more than one byte
	invalid   int // bytes that are not UTF-8
}

// oneByteCharset decides by majority, so that one bad byte in a large UTF-8
// export does not turn all its accents into rubbish.
func oneByteCharset(r io.Reader) (charset, error) {
	t, err := countBytes(r)
	switch {
	case err != nil:
		return 0, err
	case t.nul > 0:
		return 0, t.binaryError()
	case t.invalid == 0, t.valid > t.invalid:
		return charsetUTF8, nil
	case t.undefined > 0:
		return 0, &Error{Line: t.undefined, Msg: "unreadable encoding: neither UTF-8, UTF-16 nor Windows-1252",
			Hint: hintUTF8, Err: ErrEncoding}
	}
	return charsetWindows1252, nil
}

// binaryError is the error of a file with NUL bytes: one of another kind, or a text
// that was damaged on its way.
func (t *byteCounts) binaryError() error {
	if t.controls > 0 {
		const msg = "it is a binary file, of a kind that is not known here"
		return &Error{Line: t.nul, Msg: msg, Hint: hintExport, Err: ErrBinary}
	}
	return damagedText(t.nul)
}

// damagedText is the error of a NUL character in what otherwise is text.
func damagedText(line int) error {
	const msg = "a NUL character, which no text has: the list was damaged here"
	return &Error{Line: line, Msg: msg, Hint: hintExport, Err: ErrBinary}
}

func countBytes(r io.Reader) (byteCounts, error) {
	t := byteCounts{line: 1}
	buf := make([]byte, 64<<10)
	for n := 0; ; {
		m, err := io.ReadFull(r, buf[n:])
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return t, err
		}
		rest := t.add(buf[:n+m], end)
		if end {
			return t, nil
		}
		n = copy(buf, rest)
	}
}

// add counts the bytes of b and returns the begun character at its end, which
// needs more bytes unless this is the end.
func (t *byteCounts) add(b []byte, end bool) []byte {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			t.addASCII(b[0])
			b = b[1:]
			continue
		}
		if !end && !utf8.FullRune(b) {
			return b
		}
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			t.invalid++
		} else {
			t.valid++
		}
		for _, c := range b[:size] {
			t.addHigh(c)
		}
		b = b[size:]
	}
	return nil
}

func (t *byteCounts) addASCII(c byte) {
	switch {
	case c == '\r', c == '\n' && t.last != '\r':
		t.line++
	case c == 0 && t.nul == 0:
		t.nul = t.line
	case c > 0 && isBinary(rune(c)):
		t.controls++
	}
	t.last = c
}

func (t *byteCounts) addHigh(c byte) {
	t.last = c
	switch c {
	case 0x81, 0x8D, 0x8F, 0x90, 0x9D: // https://encoding.spec.whatwg.org/#windows-1252 maps them to C1 controls
		if t.undefined == 0 {
			t.undefined = t.line
		}
	}
}
