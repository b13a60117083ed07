package fastlane

import (
	"net/url"
	"regexp"
	"strings"
)

// leaf is a value within a text: where it stands, and what it is without its writing.
type leaf struct {
	from, to int
	value    string
	escapes  []string // the writings that it may have
	name     string   // of a field of a query
}

// addressLeaves are the parts of a path and the values of a query.
func addressLeaves(address string) []leaf {
	var list []leaf
	start := strings.Index(address, "://")
	if start < 0 {
		return nil
	}
	start += 3
	if slash := strings.IndexAny(address[start:], "/?"); slash >= 0 {
		start += slash
	} else {
		return nil
	}
	address, _, _ = strings.Cut(address, "#")
	query, from := false, start
	add := func(to int) {
		raw, name := address[from:to], ""
		if query {
			if eq := strings.IndexByte(raw, '='); eq >= 0 {
				name = raw[:eq]
				from += eq + 1
				raw = address[from:to]
			} else {
				return
			}
		}
		l := leaf{from: from, to: to, name: name, escapes: []string{"", escapeComponent, escapePath}}
		if query {
			l.escapes = append(l.escapes, escapeForm)
			l.value, _ = url.QueryUnescape(raw)
		} else {
			l.value, _ = url.PathUnescape(raw)
		}
		if raw != "" {
			list = append(list, l)
		}
	}
	for i := start; i < len(address); i++ {
		switch c := address[i]; {
		case c == '?' && !query:
			add(i)
			query, from = true, i+1
		case c == '/' && !query, c == '&' && query:
			add(i)
			from = i + 1
		}
	}
	add(len(address))
	return list
}

// formLeaves are the values of a form.
func formLeaves(body string) []leaf {
	var list []leaf
	from := 0
	for part := range strings.SplitSeq(body, "&") {
		if eq := strings.IndexByte(part, '='); eq >= 0 && eq+1 < len(part) {
			value, _ := url.QueryUnescape(part[eq+1:])
			list = append(list, leaf{from: from + eq + 1, to: from + len(part), value: value, name: part[:eq],
				escapes: []string{"", escapeForm, escapeComponent}})
		}
		from += len(part) + 1
	}
	return list
}

// jsonLeaves are the strings and numbers of JSON.
func jsonLeaves(body string) []leaf {
	var list []leaf
	for _, at := range jsonLiteral.FindAllStringIndex(body, -1) {
		raw := body[at[0]:at[1]]
		if raw[0] != '"' {
			list = append(list, leaf{from: at[0], to: at[1], value: raw, escapes: []string{""}})
			continue
		}
		value, err := parseJSON([]byte(raw))
		if text, ok := value.(string); err == nil && ok && text != "" {
			list = append(list, leaf{from: at[0] + 1, to: at[1] - 1, value: text, escapes: []string{escapeJSON}})
		}
	}
	return list
}

var jsonLiteral = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?`)

// headerLeaves is a field's value, without a word before it.
func headerLeaves(value string) []leaf {
	from := strings.LastIndexByte(value, ' ') + 1
	if value == "" || strings.ContainsAny(value, ",;") {
		return nil
	}
	return []leaf{{from: from, to: len(value), value: value[from:], escapes: []string{""}}}
}
