package portal

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/poactor/poactor/po"
)

// numberMark is what stands for the number in OrderPage.Path.
const numberMark = "{number}"

// OrderURL returns the address of an order's page. The number may hold
// anything: every byte that could mean something in a URL is escaped, in the
// path as well as in a query.
func (p Portal) OrderURL(number string) string {
	escaped := strings.ReplaceAll(url.QueryEscape(number), "+", "%20")
	return p.BaseURL + strings.ReplaceAll(p.Order.Path, numberMark, escaped)
}

// ProbeURL is the address of the page that shows who is signed in.
func (p Portal) ProbeURL() string { return p.BaseURL + p.Probe.Path }

// SignInURL is the address where signing in begins.
func (p Portal) SignInURL() string {
	if p.SignIn.Path == "" {
		return p.ProbeURL()
	}
	return p.BaseURL + p.SignIn.Path
}

// Proves reports whether it is described how a signed-in session is known.
func (p Portal) Proves() bool {
	return len(p.Signs.SignedIn.Selectors)+len(p.Signs.SignedIn.Texts) > 0
}

// Parse reads an order number as somebody wrote it. It returns the order's key
// and the number as OrderURL takes it. Spreadsheets' artefacts around a number
// (="PO123", '123, 123.0, invisible characters) do no harm. The error wraps
// po.InvalidNumber. For many numbers use Parser.
func (p Portal) Parse(written string) (po.Key, string, error) {
	parse, err := p.Parser()
	if err != nil {
		return "", "", err
	}
	return parse(written)
}

// Parser returns Parse with the number's pattern compiled once. It fails on a
// pattern that Check refuses.
func (p Portal) Parser() (func(written string) (po.Key, string, error), error) {
	re, err := compileNumber(p.Order.Number)
	if err != nil {
		return nil, fmt.Errorf("order.number of portal %s: %w", p.Name, err)
	}
	free := p.Order.Number == "" || p.Order.Number == defaultNumber
	return func(written string) (po.Key, string, error) { return parseNumber(re, free, written) }, nil
}

// compileNumber makes a pattern match whole numbers only.
func compileNumber(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		pattern = defaultNumber
	}
	if _, err := regexp.Compile(pattern); err != nil { // so that the error shows the user's own pattern
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)\z`)
}

// parseNumber reads a number; free says that the portal has no pattern of its
// own, and so does not say that its numbers end in .0.
func parseNumber(re *regexp.Regexp, free bool, written string) (po.Key, string, error) {
	text := stripQuoting(stripInvisible(written))
	if free {
		text = zeroFraction.ReplaceAllString(text, "$1")
	}
	number, ok := match(re, text)
	if !ok { // only now, since a portal's own numbers may end in .0
		number, ok = match(re, zeroFraction.ReplaceAllString(text, "$1"))
	}
	switch {
	case text == "":
		return "", "", fmt.Errorf("%w: the order number is empty", po.InvalidNumber)
	case !ok, number == ".", number == "..", strings.ContainsFunc(number, unicode.IsControl):
		return "", "", fmt.Errorf("%w: %s is not an order number of this portal", po.InvalidNumber, quote(text))
	}
	key, err := po.NewKey(number)
	if err != nil {
		return "", "", fmt.Errorf("%w: %v", po.InvalidNumber, err)
	}
	return key, number, nil
}

// match returns the first group that is a part of the match, else the whole.
func match(re *regexp.Regexp, text string) (string, bool) {
	groups := re.FindStringSubmatch(text)
	if groups == nil {
		return "", false
	}
	number := groups[0]
	if len(groups) > 1 && groups[1] != "" {
		number = groups[1]
	}
	number = strings.TrimSpace(number)
	return number, number != ""
}

// stripInvisible drops what cannot be seen: format characters (byte order mark,
// zero-width and direction marks, soft hyphen) everywhere and every kind of
// space at the ends.
func stripInvisible(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text))
}

// formula is how spreadsheets are told to keep a number's leading zeros.
var formula = regexp.MustCompile(`^="(.*)"$`)

// zeroFraction is what a column of numbers gets when it becomes one of floats.
var zeroFraction = regexp.MustCompile(`^(\d+)[.,]0{1,2}$`)

// stripQuoting takes off what spreadsheets put around a number: ="…", '… and "…".
// A number in scientific notation is left alone: its last digits are lost.
func stripQuoting(text string) string {
	text = formula.ReplaceAllString(text, "$1")
	text = strings.TrimPrefix(text, "'")
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	return strings.TrimSpace(text)
}

// quote shows hostile text on one line, shortened.
func quote(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", text)
}
