package fastlane

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// features are what a page is built of, each once.
type features map[string]bool

// parts are their hashes, in order.
func (f features) parts() []uint64 {
	list := make([]uint64, 0, len(f))
	for text := range f {
		sum := sha256.Sum256([]byte(text))
		list = append(list, binary.BigEndian.Uint64(sum[:]))
	}
	slices.Sort(list)
	return list
}

// shapeOf tells pages apart that are built in another way: which kinds of elements stand
// within which, with which attributes and states, and which kinds of data their scripts find.
// How many there are of a kind makes no difference, but for documents one or several.
func shapeOf(d document, documents int) (parts []uint64, edition string) {
	f, scripts := features{}, features{}
	f[fmt.Sprintf("documents %d", min(documents, 2))] = true
	for n := range d.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		kind := kindOf(n)
		if up := parentOf(n); up != nil {
			kind = kindOf(up) + " > " + kind
		}
		f[kind] = true
		for _, a := range n.Attr {
			f[kind+" "+a.Key+"="+stateOf(a.Key, a.Val)] = true
		}
		switch n.DataAtom {
		case atom.Script:
			if src, ok := lookup(n, "src"); ok {
				scripts[src] = true
			} else {
				scriptFeatures(f, attr(n, "type"), textContent(n))
			}
		case atom.Link:
			if strings.EqualFold(attr(n, "rel"), "modulepreload") {
				scripts[attr(n, "href")] = true
			}
		}
	}
	return f.parts(), fmt.Sprintf("%x", scripts.parts())
}

// kindOf is an element's tag and classes.
func kindOf(n *html.Node) string {
	classes := strings.Fields(digits.ReplaceAllString(attr(n, "class"), "#"))
	slices.Sort(classes)
	return n.Data + "." + strings.Join(slices.Compact(classes), ".")
}

var (
	digits = regexp.MustCompile(`\d+`)
	// word is a value that names a state or a kind, rather than a thing.
	word = regexp.MustCompile(`^[a-z][a-z_-]{0,19}$`)
)

// stateOf is what an attribute's value says of a page's shape: names, addresses and texts say
// nothing, states do.
func stateOf(name, value string) string {
	switch name {
	case "class":
		return ""
	case "href", "src", "srcset", "title", "alt", "content", "placeholder", "aria-label", "value", "action", "style", "nonce", "integrity":
		return kindOfText(value, false)
	case "id", "for", "name", "aria-controls", "aria-labelledby", "aria-describedby":
		return digits.ReplaceAllString(value, "#")
	}
	return kindOfText(value, true)
}

func kindOfText(value string, states bool) string {
	switch value = strings.TrimSpace(value); {
	case value == "", value == "0", value == "1", value == "[]", value == "{}":
		return value
	case states && word.MatchString(value):
		return value
	case digits.ReplaceAllString(value, "") == "":
		return "#"
	}
	return "…"
}

// scriptFeatures are those of a script in the page: of data its keys and states, of code how
// it reads but for its literals.
func scriptFeatures(f features, kind, text string) {
	if strings.Contains(kind, "json") {
		var data any
		if d := json.NewDecoder(bytes.NewReader([]byte(text))); d.Decode(&data) == nil {
			dataFeatures(f, "", data)
			return
		}
	}
	tokens := token.FindAllString(text, -1)
	for i, t := range tokens {
		switch c := t[0]; {
		case c == '"', c == '\'', c == '`':
			tokens[i] = `"` + kindOfText(t[1:len(t)-1], true) + `"`
		case '0' <= c && c <= '9':
			tokens[i] = kindOfText(t, true)
		}
	}
	const window = 4
	for i := range max(1, len(tokens)-window+1) {
		f["script "+strings.Join(tokens[i:min(i+window, len(tokens))], " ")] = true
	}
}

// token is a part of a script: a literal, a name, or a sign.
var token = regexp.MustCompile("\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`|[0-9][0-9.]*|[\\pL_$][\\pL\\pN_$]*|[^\\s]")

func dataFeatures(f features, path string, data any) {
	switch v := data.(type) {
	case map[string]any:
		for key, value := range v {
			dataFeatures(f, path+"."+digits.ReplaceAllString(key, "#"), value)
		}
		if len(v) == 0 {
			f["data "+path+" {}"] = true
		}
	case []any:
		for _, value := range v {
			dataFeatures(f, path+"[]", value)
		}
		if len(v) == 0 {
			f["data "+path+" []"] = true
		}
	case string:
		f["data "+path+" "+kindOfText(v, true)] = true
	case float64:
		f["data "+path+" "+kindOfText(fmt.Sprint(v), true)] = true
	default:
		f[fmt.Sprintf("data %s %v", path, v)] = true
	}
}
