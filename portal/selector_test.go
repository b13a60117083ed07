package portal

import (
	"strings"
	"testing"
)

// The tables below were run through document.querySelector of Chromium as well:
// it takes every one of the first but
// those of-tomorrow, and refuses every one of the second but
// those that the end leaves open (it closes them), "a &" and pseudo-elements
// (they are valid and find nothing).
func goodSelectors() []string {
	return []string{
		"a", "*", "a.b#c", "a, b", "a > b", "a + b", "a ~ b", "a b", "a>b", " a ", "li:first-child",
		"a[href]", "a[href*='attachment']", "a[href*='attachment' i]", "a[href=abc]", "[data-x~=b]", "[lang|=en]",
		"[title='a]b']", `[title="a'b"]`, `[title='a\'b']`, "[ title = 'a' ]", "[*|title]", "[aria-label$=' file attachment' i]",
		"input[type=password]", "[data-testid*='supplier'] span", "a:not([href^='#'])", "a:not(b, c > d)", ":not(a *)",
		"a:has(> b)", "a:has(b, + c)", "a:has(> b > c)", "a:not(:has(a, button))", ":is(a, b)[x]", ":where(a b) > c", "a:is(b):hover",
		"li:nth-child(2)", "li:nth-child(2n + 1)", "li:nth-child(-n+3)", "li:nth-child(even of .x)", "li:nth-last-of-type(odd)",
		"input:checked", "a:any-link", ":root", "p:lang(de)", "p:dir(rtl)", "button:disabled", "a:HOVER", "dialog:modal", "details:open",
		"li:last-child", "a:target-current", "video:picture-in-picture", "a:target-before", "x-a:state(open)", ":heading", "input:user-invalid",
		"a:of-tomorrow", "a:of-tomorrow(x, 'y)')", "a,\nb", "a\n>\r\n\tb", "a:not(\n\tb,\n\tc\n)", "li:nth-child(2\nof\n.x)", "[ title\n=\n'a' ]",
		`#\31 a`, `.a\:b`, "ünder", ".größe", "*|a", "a:-webkit-any-link", "_x", "--x",
	}
}

func badSelectors() []string {
	return []string{
		"", " ", "a[", "a[href*=", "a[]", "a[=b]", "a[href*='x]", "a[href='x'",
		"a[href*=/req/]", "a[href!='x']", "a[href#=x]", "a[href='x' z]", "a[href='x' s]", "a[1]", "a[href=1]", "a[a b]",
		"a:contains('x')", "a:visible", "a:eq(1)", "a:first", "a:nth-child(x)", "a:nth-child()", "a:nth-of-type(2 of b)", ":not()", ":has()",
		":input", "a:matches(b)", "a:haschild(b)", "a:last", "a:", "a: hover", "[x='a\nb']",
		"a >", "a > > b", ",a", "a,", "a,,b", "> a", "a {", "a;b", "a{color:red}", "#1a", ".1a", "#", ".", "a..b", "a b)", "(a)", "a:not(b",
		"//a[@href]", "/html/body", "a'b", "$x", "@a", "a &", "a::before", "a:after", "1a",
		"a:not(", "a:is([)", "a:has(> > b)", `a\`,
	}
}

func TestSelectorFault(t *testing.T) {
	t.Parallel()
	for _, s := range goodSelectors() {
		if fault := selectorFault(s); fault != "" {
			t.Errorf("%q %s", s, fault)
		}
	}
	for _, s := range badSelectors() {
		if selectorFault(s) == "" {
			t.Errorf("%q is taken", s)
		}
	}
	if got := selectorFault(strings.Repeat(":not(", 10_000)); got != "is longer than 4096 bytes" {
		t.Error(got)
	}
}

func TestSelectorFaultSaysWhy(t *testing.T) {
	t.Parallel()
	for selector, want := range map[string]string{
		"a[href":             "has a [ that is not closed",
		"a:not(b":            "has a ( that is not closed",
		"a:contains('x')":    "has :contains, which jQuery knows and no browser does",
		"a:visible":          "has :visible, which jQuery knows and no browser does",
		"a::before":          "has a pseudo-element, which can not be found on a page",
		"a[href*=/req/]":     `has "[href*=/req/]", which is not like [name], [name='value'] or [name*='part']`,
		"a:nth-child(x)":     `has ":nth-child(x)", which is not like :nth-child(2) or :nth-child(2n+1)`,
		"#1a":                "has an id that begins with a digit: write [id='…']",
		"a > > b":            "is not a CSS selector",
		"//a[@href]":         `has "[@href]", which is not like [name], [name='value'] or [name*='part']`,
		":not(a:contains(b)": "has a ( that is not closed",
	} {
		if got := selectorFault(selector); got != want {
			t.Errorf("%q %s, want: %s", selector, got, want)
		}
	}
}

func FuzzSelectorFault(f *testing.F) {
	for _, s := range append(goodSelectors(), badSelectors()...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if fault := selectorFault(s); strings.ContainsAny(fault, "\r\n") {
			t.Errorf("fault of several lines: %q", fault)
		}
	})
}
