package fastlane

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// source is where a value of a request is found that is another one for another order, or for another
// session: a token that the page carries, an identity that stands in it.
type source struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
	Path path   `json:"path,omitempty"`
}

// The kinds of sources.
const (
	fromNumber = "number" // the order's number
	fromNow    = "now"    // the time, in milliseconds
	fromMeta   = "meta"   // content of the meta element of that name
	fromInput  = "input"  // value of the hidden input of that name
	fromData   = "data"   // an attribute: tag, id and name of it
	fromScript = "script" // what a script in the page gives that name
	fromCookie = "cookie" // the cookie of that name
	fromLookup = "lookup" // an earlier answer of the portal, at the path
)

var sourceKinds = []string{fromNumber, fromNow, fromMeta, fromInput, fromData, fromScript, fromCookie, fromLookup}

// ofPage says whether the order's page has to be there before the value is known.
func (s source) ofPage() bool { return s.Kind != fromNumber && s.Kind != fromNow }

// ofLoad says whether the value may be another one at each load of the same page.
func (s source) ofLoad() bool { return s.ofPage() && s.Kind != fromLookup }

// surroundings are what the values of a request are found in.
type surroundings struct {
	number  string
	page    []foundValue // that the page carries; none: it is not there yet
	cookies map[string]string
	lookup  any // nil: there is none
	now     int64
}

// minToken is the length from which on what two places have in common is no chance.
const minToken = 4

// value finds the value of a source; false where it is not there, or is ambiguous.
func (s surroundings) value(of source) (string, bool) {
	switch of.Kind {
	case fromNumber:
		return s.number, true
	case fromNow:
		return strconv.FormatInt(s.now, 10), true
	case fromCookie:
		value, ok := s.cookies[of.Name]
		return value, ok
	case fromLookup:
		return lookupValue(s.lookup, of.Path)
	}
	first, found := "", false
	for _, v := range s.page {
		if v.source.Kind == of.Kind && v.source.Name == of.Name {
			if found && v.text != first && of.Kind == fromScript {
				return "", false
			}
			if !found {
				first, found = v.text, true
			}
		}
	}
	return first, found
}

func lookupValue(value any, at path) (string, bool) {
	for _, key := range at {
		o, isObject := value.(map[string]any)
		if array, isArray := value.([]any); isArray && key == eachOf && len(array) == 1 { // what was looked for alone
			value = array[0]
			continue
		}
		if !isObject {
			return "", false
		}
		value = o[key]
	}
	return scalar(value)
}

// foundValue is a value with its source.
type foundValue struct {
	source source
	text   string
}

// valuesIn are the values that a page carries for its scripts.
func valuesIn(root *html.Node) []foundValue {
	var list []foundValue
	add := func(kind, name, text string) {
		if name != "" && text != "" && len(name) <= maxSourceName && len(text) <= maxSourceText {
			list = append(list, foundValue{source{Kind: kind, Name: name}, text})
		}
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.DataAtom {
		case atom.Meta:
			name := attr(n, "name")
			if name == "" {
				name = attr(n, "property")
			}
			add(fromMeta, name, attr(n, "content"))
			continue
		case atom.Input:
			if strings.EqualFold(attr(n, "type"), "hidden") {
				add(fromInput, attr(n, "name"), attr(n, "value"))
			}
		case atom.Script:
			if _, external := lookup(n, "src"); !external {
				for _, m := range assigned.FindAllStringSubmatch(textContent(n), maxAssigned) {
					add(fromScript, m[1], unquoted(m[2]))
				}
			}
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "data-") {
				add(fromData, n.Data+"#"+attr(n, "id")+"@"+a.Key, a.Val)
			}
		}
	}
	return list
}

// Bounds of what is taken from a page.
const (
	maxSourceName = 200
	maxSourceText = 8 << 10
	maxAssigned   = 5000 // of a script
)

// assigned finds what scripts and data give a name: name: "value", "name": 7, name = 'value'.
var assigned = regexp.MustCompile(`([A-Za-z_$][\w$-]{0,80})["']?\s*[:=]\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\d+)`)

func unquoted(literal string) string {
	if literal[0] != '"' && literal[0] != '\'' {
		return literal
	}
	inner := literal[1 : len(literal)-1]
	if !strings.Contains(inner, `\`) {
		return inner
	}
	if text, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.ReplaceAll(inner, `\/`, `/`), `\'`, `'`) + `"`); err == nil {
		return text
	}
	return inner
}

// sourcesOf are the sources that have a value, those that tokens are mostly in first.
func (s surroundings) sourcesOf(value string) []source {
	var list []source
	if value == s.number {
		list = append(list, source{Kind: fromNumber})
	}
	if value == "" {
		return list
	}
	for _, kind := range []string{fromMeta, fromInput, fromData, fromScript} {
		for _, v := range s.page {
			if v.source.Kind == kind && v.text == value && !slices.ContainsFunc(list, v.source.equal) {
				if first, ok := s.value(v.source); ok && first == value {
					list = append(list, v.source)
				}
			}
		}
	}
	for name, text := range s.cookies {
		if text == value && len(value) >= minToken {
			list = append(list, source{Kind: fromCookie, Name: name})
		}
	}
	if s.lookup != nil {
		walkJSON(s.lookup, nil, func(at path, v any) {
			if text, ok := scalar(v); ok && text == value {
				src := source{Kind: fromLookup, Path: slices.Clone(at)}
				if first, ok := s.value(src); ok && first == value {
					list = append(list, src)
				}
			}
		})
	}
	return list
}

func (s source) equal(o source) bool {
	return s.Kind == o.Kind && s.Name == o.Name && slices.Equal(s.Path, o.Path)
}

// cookieValues are the texts of cookies as scripts read them.
func cookieValues(cookies map[string]string) map[string]string {
	values := map[string]string{}
	for name, value := range cookies {
		values[name] = value
		if plain, err := url.PathUnescape(value); err == nil {
			values[name] = plain
		}
	}
	return values
}
