package xlsx

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// maxXMLDepth bounds the nesting of elements; Excel's own parts need some ten.
const maxXMLDepth = 256

// span is a range of bytes.
type span struct{ from, to int }

// xmlKind is the kind of a token.
type xmlKind int

const (
	xmlText  xmlKind = iota
	xmlOpen          // <a>
	xmlEmpty         // <a/>
	xmlClose         // </a>
	xmlOther         // a comment, an instruction, the byte order mark
)

// xmlToken is a tag, or what stands between two.
type xmlToken struct {
	kind  xmlKind
	span       // in the scanner's raw bytes
	name  span // of a tag, its prefix included
	level int  // of a tag's element: 1 for the root
	cdata bool // a text that is taken literally
}

// opens reports whether a tag opens an element.
func (t xmlToken) opens() bool { return t.kind == xmlOpen || t.kind == xmlEmpty }

// xmlAttr is an attribute of a tag.
type xmlAttr struct{ name, value span }

// xmlScanner cuts XML into tokens and keeps every byte. encoding/xml cannot be
// used: what it reads it cannot write back as it was. Entities are not
// declared, so they cannot be expanded: a document type is refused.
type xmlScanner struct {
	r      *bufio.Reader
	raw    []byte    // what was read since it was last emptied
	attrs  []xmlAttr // of the last tag
	prefix string    // of the root's name, with its colon
	begun  bool
	rooted bool   // the root has been opened
	names  []byte // of the elements that are open, one behind the other
	ends   []int  // where each ends in names
}

func newXMLScanner(r io.Reader) *xmlScanner {
	return &xmlScanner{r: bufio.NewReaderSize(r, 64<<10)}
}

// next adds a token to the raw bytes; io.EOF behind the last.
func (s *xmlScanner) next() (xmlToken, error) {
	if !s.begun {
		s.begun = true
		if mark, err := s.byteOrderMark(); mark || err != nil {
			return xmlToken{kind: xmlOther, span: span{0, len(s.raw)}}, err
		}
	}
	from := len(s.raw)
	head, err := s.r.Peek(2)
	switch {
	case len(head) == 0 && errors.Is(err, io.EOF):
		return xmlToken{}, s.end()
	case len(head) == 0:
		return xmlToken{}, err
	case head[0] != '<':
		return s.text(from)
	case len(head) == 2 && head[1] == '!':
		return s.declaration(from)
	case len(head) == 2 && head[1] == '?':
		return s.instruction(from)
	}
	return s.tag(from)
}

// byteOrderMark takes a byte order mark and reports whether there is one.
func (s *xmlScanner) byteOrderMark() (bool, error) {
	head, err := s.r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	utf16 := bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF"))
	if utf16 || bytes.IndexByte(head, 0) >= 0 {
		return false, foreignEncoding("UTF-16")
	}
	if string(head) != "\xEF\xBB\xBF" {
		return false, nil
	}
	s.raw = append(s.raw, head...)
	_, err = s.r.Discard(len(head))
	return true, err
}

func foreignEncoding(name string) *Error {
	return &Error{Msg: "a part of the workbook is not UTF-8 but " + printable(name), Hint: hintSaveAgain, Err: ErrEncoding}
}

// end is the error of a document that has been read through.
func (s *xmlScanner) end() error {
	if !s.rooted || len(s.ends) > 0 {
		return damaged("a part of it ends in the middle")
	}
	return io.EOF
}

// until reads to a byte, which is taken too.
func (s *xmlScanner) until(delim byte, from int) ([]byte, error) {
	at := len(s.raw)
	for {
		chunk, err := s.r.ReadSlice(delim)
		s.raw = append(s.raw, chunk...)
		switch {
		case len(s.raw)-from > MaxCellBytes:
			return nil, longText()
		case len(s.raw) > MaxRowBytes:
			return nil, longRow()
		case err == nil:
			return s.raw[at:], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return s.raw[at:], err
		}
	}
}

// text takes what stands before the next tag.
func (s *xmlScanner) text(from int) (xmlToken, error) {
	_, err := s.until('<', from)
	switch {
	case err == nil:
		s.raw = s.raw[:len(s.raw)-1]
		err = s.r.UnreadByte()
	case errors.Is(err, io.EOF):
		err = nil
	}
	t := xmlToken{kind: xmlText, span: span{from, len(s.raw)}}
	if err == nil && len(s.ends) == 0 && len(bytes.TrimSpace(s.raw[from:])) > 0 {
		err = damaged("text outside of XML")
	}
	return t, err
}

// declaration takes a comment or a CDATA section.
func (s *xmlScanner) declaration(from int) (xmlToken, error) {
	const comment, cdata = "<!--", "<![CDATA["
	head, err := s.r.Peek(len(cdata))
	if err != nil && !errors.Is(err, io.EOF) {
		return xmlToken{}, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(comment)):
		return xmlToken{kind: xmlOther, span: span{from, len(s.raw)}}, s.through(comment, "-->", from)
	case string(head) == cdata && len(s.ends) > 0:
		err := s.through(cdata, "]]>", from)
		return xmlToken{kind: xmlText, span: span{from, len(s.raw)}, cdata: true}, err
	}
	return xmlToken{}, damaged("it declares a document type")
}

// through takes what begins with one text and ends with another.
func (s *xmlScanner) through(begin, end string, from int) error {
	for {
		_, err := s.until(end[len(end)-1], from)
		switch {
		case errors.Is(err, io.EOF):
			return damaged("a part of it ends in the middle")
		case err != nil:
			return err
		case len(s.raw)-from >= len(begin)+len(end) && bytes.HasSuffix(s.raw, []byte(end)):
			return nil
		}
	}
}

// instruction takes <?…?>; that at the beginning may tell the encoding.
func (s *xmlScanner) instruction(from int) (xmlToken, error) {
	if err := s.through("<?", "?>", from); err != nil {
		return xmlToken{}, err
	}
	t := xmlToken{kind: xmlOther, span: span{from, len(s.raw)}}
	const xml = "<?xml "
	if !bytes.HasPrefix(s.raw[from:], []byte(xml)) {
		return t, nil
	}
	if err := s.attributes(from+len(xml)-1, len(s.raw)-len("?>")); err != nil {
		return t, err
	}
	if v, ok := s.attr("encoding"); ok && !strings.EqualFold(v, "utf-8") && !strings.EqualFold(v, "us-ascii") {
		return t, foreignEncoding(v)
	}
	return t, nil
}
