package portal

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
)

// maxSelectorBytes bounds what the recursive parsers below get to read.
const maxSelectorBytes = 4096

// selectorFault says why a browser would refuse a CSS selector; empty: nothing is
// known against it. Cascadia knows the grammar, but takes jQuery's extensions and
// not all that browsers take today. So attributes and pseudo-classes, where they
// differ, are looked at here, and cascadia sees them replaced by plain ones. Which
// pseudo-classes there are only the browser knows: it has the last word.
func selectorFault(selector string) string {
	switch {
	case strings.TrimSpace(selector) == "":
		return "is empty"
	case len(selector) > maxSelectorBytes:
		return fmt.Sprintf("is longer than %d bytes", maxSelectorBytes)
	}
	plain, fault := plainSelector(selector)
	if fault != "" {
		return fault
	}
	if _, err := cascadia.ParseGroup(plain); err != nil {
		return "is not a CSS selector"
	}
	return ""
}

// plainSelector writes a selector in the part of CSS that cascadia and all
// browsers agree on. The result has the same structure and another meaning.
func plainSelector(s string) (plain, fault string) {
	var b strings.Builder
	for i := 0; i < len(s); {
		part, length, fault := plainPart(s[i:])
		if fault != "" {
			return "", fault
		}
		b.WriteString(part)
		i += length
	}
	return b.String(), ""
}

// plainPart does plainSelector for the first part of s, length bytes of it.
func plainPart(s string) (part string, length int, fault string) {
	switch s[0] {
	case '\\':
		n := min(2, len(s))
		return s[:n], n, ""
	case '"', '\'':
		return "", 0, "has a quote outside of [ ]"
	case '#':
		if digitID.MatchString(s) {
			return "", 0, "has an id that begins with a digit: write [id='…']"
		}
	case '*':
		if strings.HasPrefix(s, "*|") { // any namespace
			return "", 2, ""
		}
	case '[':
		end := closing(s)
		if end < 0 {
			return "", 0, "has a [ that is not closed"
		}
		if !attribute.MatchString(s[:end]) {
			return "", 0, "has " + quote(s[:end]) + ", which is not like [name], [name='value'] or [name*='part']"
		}
		return "[x]", end, ""
	case ':':
		return plainPseudo(s)
	}
	return s[:1], 1, ""
}

// plainPseudo does plainPart for a pseudo-class.
func plainPseudo(s string) (part string, length int, fault string) {
	name := strings.ToLower(pseudoName.FindString(s[1:]))
	length = 1 + len(name)
	switch {
	case strings.HasPrefix(s, "::") || slices.Contains(pseudoElements(), name):
		return "", 0, "has a pseudo-element, which can not be found on a page"
	case name == "":
		return "", 0, "has a : without a name"
	case slices.Contains(jQuery(), name):
		return "", 0, fmt.Sprintf("has :%s, which jQuery knows and no browser does", name)
	case length == len(s) || s[length] != '(':
		return ":root", length, ""
	}
	end := closing(s[length:])
	if end < 0 {
		return "", 0, "has a ( that is not closed"
	}
	part, fault = plainFunction(name, strings.TrimSpace(s[length+1:length+end-1]))
	return part, length + end, fault
}

// plainFunction does plainPart for a pseudo-class with an argument.
func plainFunction(name, argument string) (part, fault string) {
	if argument == "" {
		return "", fmt.Sprintf("has :%s() with nothing in it", name)
	}
	switch name {
	case "is", "where", "not", "-webkit-any", "-moz-any":
		inner, fault := plainSelector(argument)
		return ":not(" + inner + ")", fault
	case "has":
		inner, fault := plainSelector(argument)
		parts := splitList(inner)
		for i := range parts {
			parts[i] = "* " + parts[i] // so that a leading > + or ~ has something before it
		}
		return ":not(" + strings.Join(parts, ",") + ")", fault
	case "nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type":
		position := nthOf.FindStringSubmatch(argument)
		switch {
		case position == nil, position[1] != "" && strings.HasSuffix(name, "of-type"):
			return "", fmt.Sprintf("has %s, which is not like :%s(2) or :%s(2n+1)", quote(":"+name+"("+argument+")"), name, name)
		case position[1] == "":
			return ":root", ""
		}
		inner, fault := plainSelector(position[1])
		return ":not(" + inner + ")", fault
	}
	return ":root", ""
}

var (
	digitID    = regexp.MustCompile(`^#-?[0-9]`)
	pseudoName = regexp.MustCompile(`^-?[a-zA-Z][\w-]*`)
	// attribute is [name], or [name OPERATOR value], a value being a string or
	// an identifier, with an i for upper and lower case alike.
	attribute = regexp.MustCompile(`^\[\s*(?:(?:\*|[\w-]+)?\|)?` + identifier +
		`\s*(?:[~|^$*]?=\s*(?:'(?:[^'\\\n]|\\(?s:.))*'|"(?:[^"\\\n]|\\(?s:.))*"|` + identifier + `)(?:\s*[iI])?\s*)?\]$`)
	// nthOf is An+B, or a selector too.
	nthOf = regexp.MustCompile(`(?is)^(?:even|odd|[+-]?\d+|[+-]?\d*n(?:\s*[+-]\s*\d+)?)(?:\s+of\s+(.+))?$`)
)

// identifier is a CSS identifier.
const identifier = `(?:--|-?(?:[a-zA-Z_]|[^\x00-\x7f]|\\.))(?:[\w-]|[^\x00-\x7f]|\\.)*`

// closing returns how many bytes the bracket that s begins with takes, its
// end included; -1 if it has none.
func closing(s string) int {
	depth, quote := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// splitList splits a selector list at the commas outside of brackets.
func splitList(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

// jQuery lists the pseudo-classes of jQuery, and of cascadia, that are not CSS.
func jQuery() []string {
	return strings.Fields(`animated button checkbox contains containsown eq even file first gt haschild has-text header
		hidden image input last lt matches matchesown odd parent password radio reset selected submit text visible`)
}

// pseudoElements are those that a single colon may stand before.
func pseudoElements() []string {
	return []string{"after", "before", "first-letter", "first-line"}
}
