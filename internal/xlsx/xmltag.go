package xlsx

import (
	"bytes"
	"errors"
	"io"
)

// tag takes a tag and keeps account of the elements that are open.
func (s *xmlScanner) tag(from int) (xmlToken, error) {
	if err := s.tagBytes(from); err != nil {
		return xmlToken{}, err
	}
	t := xmlToken{kind: xmlOpen, span: span{from, len(s.raw)}, name: span{from + 1, len(s.raw) - 1}}
	switch {
	case s.raw[from+1] == '/':
		t.kind, t.name.from = xmlClose, from+2
	case s.raw[t.name.to-1] == '/':
		t.kind = xmlEmpty
		t.name.to--
	}
	end := t.name.to
	for t.name.to = t.name.from; t.name.to < end && !isXMLSpace(s.raw[t.name.to]); {
		t.name.to++
	}
	if err := s.attributes(t.name.to, end); err != nil {
		return t, err
	}
	return t, s.nest(&t)
}

// tagBytes reads to the > that ends a tag, which is not in quotes.
func (s *xmlScanner) tagBytes(from int) error {
	for quote := byte(0); ; {
		chunk, err := s.until('>', from)
		if errors.Is(err, io.EOF) {
			return damaged("a part of it ends in the middle")
		}
		if err != nil {
			return err
		}
		for _, c := range chunk {
			switch {
			case c != '"' && c != '\'':
			case quote == 0:
				quote = c
			case quote == c:
				quote = 0
			}
		}
		if quote == 0 {
			return nil
		}
	}
}

// attributes cuts a part of the raw bytes into attributes.
func (s *xmlScanner) attributes(from, to int) error {
	s.attrs = s.attrs[:0]
	for {
		begin := s.skipSpace(from, to)
		if begin == to {
			return nil
		}
		a := xmlAttr{name: span{begin, begin}}
		for a.name.to < to && s.raw[a.name.to] != '=' && !isXMLSpace(s.raw[a.name.to]) {
			a.name.to++
		}
		at := s.skipSpace(a.name.to, to)
		if begin == from || at == to || s.raw[at] != '=' {
			return damaged("a tag is malformed")
		}
		if at = s.skipSpace(at+1, to); at == to || s.raw[at] != '"' && s.raw[at] != '\'' {
			return damaged("a tag is malformed")
		}
		length := bytes.IndexByte(s.raw[at+1:to], s.raw[at])
		if length < 0 || bytes.IndexByte(s.raw[at+1:at+1+length], '<') >= 0 {
			return damaged("a tag is malformed")
		}
		a.value = span{at + 1, at + 1 + length}
		s.attrs = append(s.attrs, a)
		from = a.value.to + 1
	}
}

func (s *xmlScanner) skipSpace(from, to int) int {
	for from < to && isXMLSpace(s.raw[from]) {
		from++
	}
	return from
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isXMLName reports whether a name is none of the ways to hide a tag in one.
func isXMLName(name []byte) bool {
	for _, c := range name {
		if c == '<' || c == '"' || c == '\'' || c == '=' || c == '/' {
			return false
		}
	}
	return len(name) > 0
}

// nest opens or closes the element of a tag.
func (s *xmlScanner) nest(t *xmlToken) error {
	name := s.raw[t.name.from:t.name.to]
	if !isXMLName(name) {
		return damaged("a tag is malformed")
	}
	depth := len(s.ends)
	if t.kind == xmlClose {
		return s.close(t, name)
	}
	t.level = depth + 1
	switch {
	case depth == 0 && s.rooted:
		return damaged("it has more than one root")
	case depth == 0:
		s.rooted = true
		s.prefix = string(name[:bytes.IndexByte(name, ':')+1])
	case depth == maxXMLDepth:
		return damaged("it is nested too deeply")
	}
	if t.kind == xmlOpen {
		s.names = append(s.names, name...)
		s.ends = append(s.ends, len(s.names))
	}
	return nil
}

func (s *xmlScanner) close(t *xmlToken, name []byte) error {
	depth := len(s.ends)
	if depth == 0 || len(s.attrs) > 0 {
		return damaged("its tags do not match")
	}
	from := 0
	if depth > 1 {
		from = s.ends[depth-2]
	}
	if !bytes.Equal(s.names[from:], name) {
		return damaged("its tags do not match")
	}
	t.level = depth
	s.names, s.ends = s.names[:from], s.ends[:depth-1]
	return nil
}

// is reports whether a tag has a name, in the namespace of the root.
func (s *xmlScanner) is(t xmlToken, local string) bool {
	name := s.raw[t.name.from:t.name.to]
	n := len(s.prefix)
	return len(name) == n+len(local) && string(name[n:]) == local && string(name[:n]) == s.prefix
}

// attr gives an attribute of the last tag, which is there and well-formed.
func (s *xmlScanner) attr(name string) (string, bool) {
	at, ok := s.attrSpan(name)
	if !ok {
		return "", false
	}
	text, ok := unescape(nil, s.raw[at.from:at.to])
	return string(text), ok
}

// attrSpan says where the value of an attribute of the last tag is.
func (s *xmlScanner) attrSpan(name string) (span, bool) {
	for _, a := range s.attrs {
		if string(s.raw[a.name.from:a.name.to]) == name {
			return a.value, true
		}
	}
	return span{}, false
}

// attribute says where a whole attribute of the last tag is, the space before
// it included; if it is not there, where it could be.
func (s *xmlScanner) attribute(t xmlToken, name string) span {
	for _, a := range s.attrs {
		if string(s.raw[a.name.from:a.name.to]) == name {
			return span{a.name.from - 1, a.value.to + 1}
		}
	}
	return span{t.name.to, t.name.to}
}

// integer gives an attribute of the last tag; 0 if it is not there or no
// number.
func (s *xmlScanner) integer(name string) int {
	at, _ := s.attrSpan(name)
	n, _ := digits(s.raw[at.from:at.to])
	return n
}

// digits reads a number of up to nine digits; false if it is none.
func digits(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// relationshipID gives the attribute that names a relationship, r:id with whatever
// prefix.
func (s *xmlScanner) relationshipID() string {
	for _, a := range s.attrs {
		name := s.raw[a.name.from:a.name.to]
		if i := bytes.IndexByte(name, ':'); i > 0 && string(name[i+1:]) == "id" {
			return string(s.raw[a.value.from:a.value.to])
		}
	}
	return ""
}

// skipElement reads the rest of an element that is of no interest, whose tag is t.
func (s *xmlScanner) skipElement(t xmlToken) error {
	if t.kind != xmlOpen {
		return nil
	}
	return s.skip(t.level)
}

// skip reads the rest of an element that has been opened.
func (s *xmlScanner) skip(level int) error {
	for {
		t, err := s.next()
		if err != nil {
			return err
		}
		if t.kind == xmlClose && t.level == level {
			return nil
		}
	}
}
