package fastlane

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// template makes a text of fields: what stands in it for all orders, and what is a field's.
type template []part

// part is a text, or the value of a field in some writing.
type part struct {
	Text   string `json:"text,omitempty"`
	Field  string `json:"field,omitempty"`
	Escape string `json:"escape,omitempty"`
}

// The writings that a value may have in an address or a body.
const (
	escapeComponent = "component" // encodeURIComponent
	escapeForm      = "form"      // as in forms: a space is a plus
	escapePath      = "path"      // encodeURI of a part of a path
	escapeJSON      = "json"      // within a string of JSON
)

// unreserved are the characters that encodeURIComponent leaves, and those that encodeURI leaves besides.
const (
	unreserved = "-_.!~*'()"
	reserved   = ";,/?:@&=+$#"
)

func escaped(value, how string) string {
	switch how {
	case escapeComponent:
		return percent(value, unreserved)
	case escapePath:
		return percent(value, unreserved+reserved)
	case escapeForm:
		return url.QueryEscape(value)
	case escapeJSON:
		return quoteJSON(value)
	}
	return value
}

// percent writes all but letters, digits and the characters given as browsers' scripts do.
func percent(value, but string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte(but, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString(string([]byte{'%', digits[c>>4], digits[c&15]}))
		}
	}
	return b.String()
}

// fill makes the text; false where a field is not there.
func (t template) fill(fields map[string]string) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if p.Field == "" {
			b.WriteString(p.Text)
			continue
		}
		value, ok := fields[p.Field]
		if !ok {
			return "", false
		}
		b.WriteString(escaped(value, p.Escape))
	}
	return b.String(), true
}

// hasField says whether it is another text for another order.
func (t template) hasField() bool {
	return slices.ContainsFunc(t, func(p part) bool { return p.Field != "" })
}

// example is a text that a template is to make of fields.
type example struct {
	text   string
	fields map[string]string
}

// Bounds of what is tried.
const (
	maxTemplates   = 2000 // of one text
	maxOccurrences = 24   // of fields in it
	keptTemplates  = 4    // which all must agree from then on
)

// learnTemplates finds the templates that make each example's text of its fields, the simplest first;
// none where there are none.
func learnTemplates(examples []example) []template {
	if len(examples) == 0 {
		return nil
	}
	pivot := examples[0] // the longest says most
	for _, e := range examples {
		if len(e.text) > len(pivot.text) {
			pivot = e
		}
	}
	var found []template
	for _, t := range templatesOf(pivot) {
		if t.hasField() && allMade(t, examples) {
			if found = append(found, t); len(found) == keptTemplates {
				break
			}
		}
	}
	return found
}

func allMade(t template, examples []example) bool {
	return !slices.ContainsFunc(examples, func(e example) bool {
		text, ok := t.fill(e.fields)
		return !ok || text != e.text
	})
}

// occurrence is where a field's value stands in a text.
type occurrence struct {
	from, to int
	part     part
}

// templatesOf are the templates that make one example's text, those with fewer and longer fields first.
func templatesOf(e example) []template {
	all := occurrencesOf(e)
	var found []template
	var walk func(at int, t template)
	walk = func(at int, t template) {
		if len(found) >= maxTemplates {
			return
		}
		for _, o := range all {
			if o.from < at {
				continue
			}
			next := slices.Clone(t)
			if o.from > at {
				next = append(next, part{Text: e.text[at:o.from]})
			}
			walk(o.to, append(next, o.part))
		}
		whole := slices.Clone(t)
		if at < len(e.text) {
			whole = append(whole, part{Text: e.text[at:]})
		}
		found = append(found, whole)
	}
	walk(0, nil)
	literal := func(t template) (n int) {
		for _, p := range t {
			n += len(p.Text)
		}
		return n
	}
	slices.SortStableFunc(found, func(a, b template) int {
		return cmp.Or(cmp.Compare(literal(a), literal(b)), cmp.Compare(len(a), len(b)))
	})
	return found
}

// occurrencesOf finds the values of fields in a text, where they stand as wholes, the longest first.
func occurrencesOf(e example) []occurrence {
	var all []occurrence
	for _, field := range slices.Sorted(maps.Keys(e.fields)) {
		seen := map[string]bool{}
		for _, how := range []string{"", escapeComponent, escapePath, escapeForm} {
			value := escaped(e.fields[field], how)
			if value == "" || seen[value] {
				continue
			}
			seen[value] = true
			for from := 0; ; {
				i := strings.Index(e.text[from:], value)
				if i < 0 {
					break
				}
				at := from + i
				if standsAlone(e.text, at, at+len(value)) {
					all = append(all, occurrence{at, at + len(value), part{Field: field, Escape: how}})
				}
				from = at + 1
			}
		}
	}
	slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	all = all[:min(len(all), maxOccurrences)]
	slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(a.from, b.from) })
	return all
}

// standsAlone says whether a part of a text is no piece of a longer word or number.
func standsAlone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	first, _ := utf8.DecodeRuneInString(text[from:])
	last, _ := utf8.DecodeLastRuneInString(text[:to])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return (from == 0 || !sameClass(before, first)) && (to == len(text) || !sameClass(last, after))
}

func sameClass(a, b rune) bool {
	return unicode.IsDigit(a) && unicode.IsDigit(b) || unicode.IsLetter(a) && unicode.IsLetter(b)
}
