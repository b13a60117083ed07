package batch

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// sample is how much of a file's beginning is looked at for its kind.
const sample = 4 << 10

// magics are the beginnings of files that people take for a CSV file.
var magics = []struct {
	bytes string
	err   Error
}{
	{ole, Error{Msg: "XLS is not supported", Hint: "save it as XLSX or CSV", Err: ErrWorkbook}},
	{"\x00\x00\xFE\xFF", Error{Msg: "the encoding is UTF-32", Hint: hintUTF8, Err: ErrEncoding}},
	{"\xFF\xFE\x00\x00", Error{Msg: "the encoding is UTF-32", Hint: hintUTF8, Err: ErrEncoding}},
}

const (
	hintUTF8   = "save it as CSV UTF-8"
	hintCSV    = "give a CSV or XLSX file"
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

// sniff finds the encoding of a file and the length of its byte order mark.
// Without a mark it reads the whole file: an export that begins in plain ASCII
// may show its first accent in its last row.
func sniff(r io.Reader) (charset, int, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(sample)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, err
	}
	if err := refuse(head, br); err != nil {
		return 0, 0, err
	}
	for _, m := range boms {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.charset, len(m.bytes), nil
		}
	}
	if c, ok := unmarkedUTF16(head); ok {
		return c, 0, nil
	}
	c, err := oneByteCharset(br)
	return c, 0, err
}

// refuse is the error of a file of another kind, which begins with head; nil
// if it may be CSV.
func refuse(head []byte, whole io.Reader) error {
	for _, m := range magics {
		if !bytes.HasPrefix(head, []byte(m.bytes)) {
			continue
		}
		if m.bytes == ole {
			encrypted, err := isEncrypted(whole)
			if err != nil {
				return err
			}
			if encrypted {
				return errProtected()
			}
		}
		e := m.err
		return &e
	}
	return nil
}

// unmarkedUTF16 recognises UTF-16 without a mark: Latin text has a zero in
// every other byte.
func unmarkedUTF16(head []byte) (charset, bool) {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(head) / 2
	switch {
	case pairs > 0 && zeros[0] == 0 && 2*zeros[1] > pairs:
		return charsetUTF16LE, true
	case pairs > 0 && zeros[1] == 0 && 2*zeros[0] > pairs:
		return charsetUTF16BE, true
	}
	return 0, false
}

// tally counts what tells UTF-8 from Windows-1252.
type tally struct {
	line      int
	last      byte
	nul       int // line of the first NUL
	undefined int // line of the first byte that Windows-1252 does not define
	valid     int // UTF-8 sequences of more than one byte
	invalid   int // bytes that are not UTF-8
}

// oneByteCharset decides by majority, so that one bad byte in a large UTF-8
// export does not turn all its accents into rubbish.
func oneByteCharset(r io.Reader) (charset, error) {
	t, err := count(r)
	switch {
	case err != nil:
		return 0, err
	case t.nul > 0:
		return 0, &Error{Line: t.nul, Msg: "binary file: it holds NUL bytes", Hint: hintCSV, Err: ErrBinary}
	case t.invalid == 0, t.valid > t.invalid:
		return charsetUTF8, nil
	case t.undefined > 0:
		return 0, &Error{Line: t.undefined, Msg: "unreadable encoding: neither UTF-8, UTF-16 nor Windows-1252",
			Hint: hintUTF8, Err: ErrEncoding}
	}
	return charsetWindows1252, nil
}

func count(r io.Reader) (tally, error) {
	t := tally{line: 1}
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
func (t *tally) add(b []byte, end bool) []byte {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			t.ascii(b[0])
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
			t.high(c)
		}
		b = b[size:]
	}
	return nil
}

func (t *tally) ascii(c byte) {
	switch {
	case c == '\r', c == '\n' && t.last != '\r':
		t.line++
	case c == 0 && t.nul == 0:
		t.nul = t.line
	}
	t.last = c
}

func (t *tally) high(c byte) {
	t.last = c
	switch c {
	case 0x81, 0x8D, 0x8F, 0x90, 0x9D: // https://encoding.spec.whatwg.org/#windows-1252 maps them to C1 controls
		if t.undefined == 0 {
			t.undefined = t.line
		}
	}
}
