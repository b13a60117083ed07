package fastlane

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/poactor/poactor/internal/listing"
)

// Bounds of what is taken from a page, as of the browser's.
const (
	maxItems         = 5000
	maxNameChars     = 1024
	maxSupplierChars = 256
)

// link is an element of the list.
type link struct {
	el    *html.Node
	url   string // absolute; empty: only a click works
	click bool   // the address is not its document's
}

// links are the elements of the list, in the page's order, without what frames another one or is
// a part of one. doubt says why an address is not known.
func (r *Reader) links(d document) (list []link, doubt string) {
	var found []link
	set := map[*html.Node]bool{}
	for _, el := range r.selectors.links.all(d.root) {
		if d.signsOut(el) {
			continue
		}
		address, ok := r.target(d, el)
		if !ok {
			doubt = "an address in it needs a browser to be resolved"
		}
		set[el] = true
		found = append(found, link{el: el, url: address})
	}
	kept := slices.DeleteFunc(found, func(l link) bool {
		if l.url != "" {
			return false
		}
		for up := l.el.Parent; up != nil; up = up.Parent {
			if set[up] {
				return true // a part of another
			}
		}
		for _, other := range found { // the frame of another
			if other.url != "" && other.el != l.el && isInside(other.el, l.el) {
				return true
			}
		}
		return false
	})
	first := map[string]*html.Node{}
	unsure := map[string]bool{}
	for _, l := range kept {
		if l.url == "" {
			continue
		}
		if before, again := first[l.url]; !again {
			first[l.url] = l.el
		} else if differ(before, l.el) {
			unsure[l.url] = true
		}
	}
	for i, l := range kept {
		kept[i].click = l.url == "" || scripted(l.el) || unsure[l.url]
	}
	return kept, doubt
}

// scripted says whether an address is asked for otherwise than by following it.
func scripted(el *html.Node) bool {
	for _, name := range []string{"data-method", "data-turbo-method", "data-http-method"} {
		if method := attr(el, name); method != "" && !strings.EqualFold(method, "get") {
			return true
		}
	}
	return false
}

// differ says whether two elements with one address hand other data to a script.
func differ(a, b *html.Node) bool {
	for _, at := range a.Attr {
		value, ok := lookup(b, at.Key)
		if (at.Key == "onclick" || strings.HasPrefix(at.Key, "data-")) && !noise.MatchString(at.Key) && ok && value != at.Val {
			return true
		}
	}
	return false
}

// noise are attributes that change with each look at a page, or say how it is drawn.
var noise = regexp.MustCompile(`(?i)^(class|style|title|role|tabindex|target|rel|type|hidden|disabled|draggable|aria-.*|on(mouse|pointer|focus|blur|touch).*|data-(v-|test|cy$|qa$|track|ga-|analytics|toggle$|placement$|original-title$|react).*|_ng.*|ng-.*)$`)

// items are the links as package listing takes them.
func (r *Reader) items(links []link) []listing.Item {
	counts := map[*html.Node]int{}
	for _, l := range links {
		for up := l.el; up != nil && up.Type == html.ElementNode; up = up.Parent {
			counts[up]++
		}
	}
	items := make([]listing.Item, len(links))
	for i, l := range links {
		text := clip(spaces(textContent(rowOf(l.el, counts, len(links)))), 500)
		items[i] = listing.Item{Name: r.name(l.el, l.url), URL: l.url, Row: hash(text)}
		if l.click {
			items[i].URL = ""
		}
	}
	return items
}

// rowOf is the part of the page that is one element's alone: its row, mostly.
func rowOf(el *html.Node, counts map[*html.Node]int, links int) *html.Node {
	if links == 1 {
		if row := closest(el, isRow); row != nil {
			return row
		}
		return el
	}
	row := el
	for up := parentOf(row); up != nil && counts[up] <= 1; up = parentOf(row) {
		row = up
	}
	return row
}

func (r *Reader) name(el *html.Node, address string) string {
	for _, place := range r.portal.Attachments.Name {
		var value string
		switch place {
		case "text":
			value = words(el)
		case "url":
			u, err := url.Parse(address)
			if address == "" || err != nil {
				continue
			}
			path := u.EscapedPath()
			value = path[strings.LastIndexByte(path, '/')+1:]
			if plain, err := url.PathUnescape(value); err == nil {
				value = plain
			}
		default:
			value = trim(attr(el, place))
		}
		if value != "" {
			return clip(value, maxNameChars)
		}
	}
	return ""
}

func trim(s string) string { return strings.TrimFunc(s, isSpace) }

// target is an attachment's address: the first attribute that holds one of the web. ok is
// false where only a browser could say which it is.
func (r *Reader) target(d document, el *html.Node) (address string, ok bool) {
	for _, name := range r.portal.Attachments.Target {
		value := trim(attr(el, name))
		if value == "" || forScripts.MatchString(value) {
			continue
		}
		return d.resolve(value)
	}
	return "", true
}

// forScripts are addresses that only mean something to a page's scripts.
var forScripts = regexp.MustCompile(`(?i)^(#|javascript:|about:|blob:|data:)`)

// document is a page that is read.
type document struct {
	root *html.Node
	base *url.URL
	utf8 bool
}

// plainAddress is an address that everybody reads alike, but for what escape knows.
var plainAddress = regexp.MustCompile("^[^\\x00-\\x1f\\\\\\[\\]|^{}\x7f]*$")

// resolve makes an address absolute, as browsers do.
func (d document) resolve(value string) (address string, ok bool) {
	if !plainAddress.MatchString(value) {
		return "", false
	}
	query := strings.IndexByte(value, '?')
	if query >= 0 && !d.utf8 && strings.ContainsFunc(value[query:], func(r rune) bool { return r > 0x7f }) {
		return "", false
	}
	u, err := url.Parse(escape(value))
	if err != nil || u.User != nil {
		return "", false
	}
	u = d.base.ResolveReference(u)
	if u.Scheme == "http" || u.Scheme == "https" {
		u.Host = strings.TrimSuffix(strings.ToLower(u.Host), map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
		if u.Path == "" {
			u.Path = "/"
		}
	}
	return u.String(), true
}

// escape writes what browsers write of characters that have no place in an address.
func escape(value string) string {
	var b strings.Builder
	query := false
	for i := range len(value) {
		c := value[i]
		query = query || c == '?'
		switch {
		case c == '#':
			return b.String() + value[i:] // it makes no difference
		case c <= ' ', c == '"', c == '<', c == '>', c > 0x7e, c == '`' && !query, c == '\'' && query:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// signOutPath is a link that signs the user out: no document, whatever it is called.
var signOutPath = regexp.MustCompile(`(?i)/(log-?_?out|sign-?_?out|log-?_?off|sign-?_?off|sessions?/(destroy|end|delete))/?$`)

func (d document) signsOut(el *html.Node) bool {
	address, ok := d.resolve(trim(attr(el, "href")))
	if !ok {
		return false
	}
	u, err := url.Parse(address)
	return err == nil && signOutPath.MatchString(u.EscapedPath())
}

func (r *Reader) supplier(d document) string {
	for _, s := range r.selectors.supplier {
		for _, el := range (selectors{s}).all(d.root) {
			if value := words(el); value != "" {
				return clip(value, maxSupplierChars)
			}
		}
	}
	return ""
}

// heading says whether an element is a heading.
func heading(n *html.Node) bool {
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Legend:
		return true
	}
	return attr(n, "role") == "heading"
}
