package fastlane

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// selectors are those of one kind that a portal's definition has; none matches nothing.
type selectors []cascadia.SelectorGroup

// compile reads CSS selectors. The error names one that means something else here than in
// a browser, or nothing.
func compile(list []string) (selectors, error) {
	var all selectors
	for _, text := range list {
		group, err := compileOne(text)
		if err != nil {
			return nil, err
		}
		all = append(all, group)
	}
	return all, nil
}

func compileOne(text string) (cascadia.SelectorGroup, error) {
	plain, pseudo := withoutIs(text)
	if pseudo != "" {
		return nil, fmt.Errorf("the selector %q needs a browser: it has :%s", text, pseudo)
	}
	group, err := cascadia.ParseGroup(plain)
	if err != nil {
		return nil, fmt.Errorf("the selector %q needs a browser", text)
	}
	return group, nil
}

// structural are the pseudo-classes that the elements of a page alone decide, and that mean the
// same to cascadia as to browsers.
var structural = []string{"not", "has", "is", "where", "first-child", "last-child", "only-child", "nth-child", "nth-last-child",
	"first-of-type", "last-of-type", "only-of-type", "nth-of-type", "nth-last-of-type", "root"}

// withoutIs writes :is(…) and :where(…), which cascadia does not know, as :not(:not(…)),
// which is the same. unknown is a pseudo-class that is not structural.
func withoutIs(s string) (plain, unknown string) {
	var b strings.Builder
	depth, closeTwice := 0, map[int]bool{}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			b.WriteString(s[i:min(i+2, len(s))])
			i++
			continue
		case '\'', '"':
			end := quoted(s[i:])
			b.WriteString(s[i : i+end])
			i += end - 1
			continue
		case '(':
			depth++
		case ')':
			if closeTwice[depth] {
				closeTwice[depth] = false
				b.WriteByte(')')
			}
			depth--
		case ':':
			name := strings.ToLower(s[i+1 : i+1+pseudoLength(s[i+1:])])
			if !slices.Contains(structural, name) {
				return "", name
			}
			if name == "is" || name == "where" {
				closeTwice[depth+1] = true
				b.WriteString(":not(:not")
				i += len(name)
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// quoted is how many bytes the string takes that s begins with.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

func pseudoLength(s string) int {
	i := 0
	for i < len(s) && (s[i] == '-' || 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z') {
		i++
	}
	return i
}

// all are the elements that any of the selectors matches, in the page's order.
func (l selectors) all(root *html.Node) []*html.Node {
	if len(l) == 0 {
		return nil
	}
	var list []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && slices.ContainsFunc(l, func(g cascadia.SelectorGroup) bool { return g.Match(n) }) {
			list = append(list, n)
		}
	}
	return list
}

// any says whether an element is there that any of the selectors matches.
func (l selectors) any(root *html.Node) bool {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && slices.ContainsFunc(l, func(g cascadia.SelectorGroup) bool { return g.Match(n) }) {
			return true
		}
	}
	return false
}
