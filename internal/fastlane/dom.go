package fastlane

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attr is an attribute's value; empty where there is none.
func attr(n *html.Node, name string) string {
	value, _ := lookup(n, name)
	return value
}

func lookup(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Namespace == "" && strings.EqualFold(a.Key, name) {
			return a.Val, true
		}
	}
	return "", false
}

// closest is the nearest element, n or one above it, that is wanted; nil if there is none.
func closest(n *html.Node, wanted func(*html.Node) bool) *html.Node {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && wanted(n) {
			return n
		}
	}
	return nil
}

// isRow says whether an element is a row of a list by its kind.
func isRow(n *html.Node) bool {
	role := attr(n, "role")
	return n.DataAtom == atom.Li || n.DataAtom == atom.Tr || role == "row" || role == "listitem"
}

// parentOf is the element that an element is in; nil for the root.
func parentOf(n *html.Node) *html.Node {
	if n.Parent != nil && n.Parent.Type == html.ElementNode {
		return n.Parent
	}
	return nil
}

// isInside says whether an element is below another one, or is it.
func isInside(n, outer *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == outer {
			return true
		}
	}
	return false
}

// textContent is what the DOM calls so: all text, scripts included.
func textContent(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// silent are elements whose text nobody sees.
func silent(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Head, atom.Option:
		return true
	}
	return false
}

// hidden says whether an element is out of sight by what its markup says alone.
func hidden(n *html.Node) bool {
	if _, ok := lookup(n, "hidden"); ok {
		return true
	}
	style := strings.ReplaceAll(strings.ToLower(attr(n, "style")), " ", "")
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// inline are the elements that begin no new line by themselves.
func inline(n *html.Node) bool {
	switch n.DataAtom {
	case atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Button, atom.Cite, atom.Code, atom.Em, atom.Font, atom.I, atom.Img, atom.Input,
		atom.Kbd, atom.Label, atom.Mark, atom.Q, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Svg, atom.Time,
		atom.U, atom.Var, atom.Wbr, atom.Ins, atom.Del:
		return true
	}
	return n.DataAtom == 0 // of their own
}

// shownText is what people read of an element, as far as its markup tells: a space between what
// stands on one line, else a line break.
func shownText(n *html.Node, skip func(*html.Node) bool) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				b.WriteString(spaces(c.Data))
			case c.Type != html.ElementNode || silent(c) || hidden(c) || skip != nil && skip(c):
				b.WriteByte('\n')
			case inline(c):
				walk(c)
			default:
				b.WriteByte('\n')
				walk(c)
				b.WriteByte('\n')
			}
		}
	}
	walk(n)
	return b.String()
}

// words is the text of an element on one line, as a name.
func words(n *html.Node) string {
	text := strings.TrimSpace(spaces(shownText(n, nil)))
	if text == "" {
		text = strings.TrimSpace(spaces(textContent(n)))
	}
	return text
}

// isSpace are the characters that \s of JavaScript matches.
func isSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}

// spaces makes one space of each run of white space.
func spaces(s string) string {
	var b strings.Builder
	last := false
	for _, r := range s {
		if space := isSpace(r); !space {
			b.WriteRune(r)
			last = false
		} else if !last {
			b.WriteByte(' ')
			last = true
		}
	}
	return b.String()
}

// clip cuts a text to so many UTF-16 units, as scripts count.
func clip(s string, units int) string {
	if len(s) <= units {
		return s
	}
	u := utf16.Encode([]rune(s))
	return string(utf16.Decode(u[:min(units, len(u))]))
}

// plain makes texts comparable, as observe.js does.
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer("‘", "'", "’", "'", "ʼ", "'").Replace(s))
}

// squeezed is a text without white space.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if isSpace(r) {
			return -1
		}
		return r
	}, plain(s))
}

// hash is cyrb53, as observe.js has it.
func hash(text string) string {
	a, b := uint32(0xdeadbeef), uint32(0x41c6ce57)
	for _, c := range utf16.Encode([]rune(text)) {
		a = (a ^ uint32(c)) * 2654435761
		b = (b ^ uint32(c)) * 1597334677
	}
	a = (a^a>>16)*2246822507 ^ (b^b>>13)*3266489909
	b = (b^b>>16)*2246822507 ^ (a^a>>13)*3266489909
	return strconv.FormatUint(uint64(b&2097151)<<32+uint64(a), 36)
}
