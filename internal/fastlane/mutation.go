package fastlane

import (
	"maps"
	"net/url"
	"regexp"
	"slices"

	"github.com/poactor/poactor/po"
)

// isMutation says whether a call may change something, by the rules of GraphQL: some text of it, wherever
// it stands, names such an operation outside of all braces.
func isMutation(c po.Call) bool {
	if value, err := parseJSON([]byte(c.Body)); err == nil {
		found := false
		walkJSON(value, nil, func(_ path, v any) {
			text, _ := v.(string)
			found = found || operates(text)
		})
		return found
	}
	form, err := url.ParseQuery(c.Body)
	return operates(c.Body) || err == nil && slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(form))...), operates)
}

func operates(text string) bool {
	depth := 0
	for _, t := range graphQL.FindAllString(text, -1) {
		switch t {
		case "{":
			depth++
		case "}":
			depth--
		case "mutation", "subscription":
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

// graphQL is a comment, a text, a brace or a name.
var graphQL = regexp.MustCompile("#[^\r\n]*|\"\"\"(?s:.*?)\"\"\"|" +
	"\"(?:[^\"\\\\\r\n]|\\\\.)*\"|" +
	"[{}]|[A-Za-z_][A-Za-z_0-9]*")
