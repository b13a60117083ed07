package fastlane

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"github.com/poactor/poactor/internal/listing"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Reader reads the pages of one portal. It is safe for concurrent use.
type Reader struct {
	portal    portal.Portal
	lister    listing.Lister
	selectors struct {
		links, supplier, identity, complete, incomplete, count, frames, more selectors
		signs                                                                selectors // of what a list is not believed beside
	}
	identifying []string // selectors of the order's own element, with {number} in them
	phrases     []string // that no list is believed beside, squeezed
	unfinished  []string // likewise, as long as they stand there
}

// New makes the Reader of a portal. The error says what of the definition needs a browser.
func New(p portal.Portal) (*Reader, error) {
	r := &Reader{portal: p, lister: listing.New(p)}
	a, s := p.Attachments, p.Signs
	var identity []string
	for _, selector := range p.Order.Identity.Selectors {
		if strings.Contains(selector, "{number}") {
			r.identifying = append(r.identifying, selector)
		} else {
			identity = append(identity, selector)
		}
	}
	for _, c := range []struct {
		to   *selectors
		from []string
	}{
		{&r.selectors.links, a.Links}, {&r.selectors.supplier, p.Supplier}, {&r.selectors.identity, identity},
		{&r.selectors.complete, a.Complete.Selectors}, {&r.selectors.incomplete, a.Incomplete.Selectors},
		{&r.selectors.count, a.Count}, {&r.selectors.frames, a.Frames}, {&r.selectors.more, slices.Concat(a.More.Click, a.More.Scroll)},
		{&r.selectors.signs, slices.Concat(s.SignedOut.Selectors, s.Forbidden.Selectors, s.NotFound.Selectors, s.Error.Selectors)},
		{new(selectors), r.identifying},
	} {
		var err error
		if *c.to, err = compile(c.from); err != nil {
			return nil, err
		}
	}
	for _, text := range slices.Concat(s.SignedOut.Texts, s.Forbidden.Texts, s.NotFound.Texts, s.Error.Texts) {
		r.phrases = append(r.phrases, squeezed(text))
	}
	for _, text := range a.Incomplete.Texts {
		r.unfinished = append(r.unfinished, squeezed(text))
	}
	return r, nil
}

// Answer is what the portal has answered to a request for an order's page.
type Answer struct {
	Asked  string // the address that was asked for
	URL    string // the one that the answer is from
	Status int
	Header http.Header
	Body   []byte
}

// Page is an order's page as the portal has sent it.
type Page struct {
	answer Answer
	d      document
	doubt  string // why nothing that it says is believed; empty: some may be
}

// Parse takes the answer to a request for an order's page.
func (r *Reader) Parse(a Answer) Page {
	p := Page{answer: a}
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	switch {
	case r.asksForSignIn(a):
		p.doubt = "the portal asks for a sign-in"
	case a.Status != http.StatusOK:
		p.doubt = fmt.Sprintf("the portal answers %d", a.Status)
	case a.URL != a.Asked:
		p.doubt = "the portal leads to another page"
	case err != nil || kind != "text/html":
		p.doubt = "it is no HTML page"
	case a.Header.Get("Refresh") != "":
		p.doubt = "it leads to another page"
	case a.Header.Get("Content-Length") == "" && !bytes.Contains(bytes.ToLower(a.Body), []byte("</html")):
		p.doubt = "nothing says that it has come whole"
	}
	if p.doubt == "" {
		if p.d, err = parse(a); err != nil {
			p.doubt = "it cannot be parsed"
		}
	}
	return p
}

// SignedOut says whether the portal asks for a sign-in instead of giving the page.
func (r *Reader) SignedOut(p Page) bool { return r.asksForSignIn(p.answer) }

// Doubt says why nothing is believed of a page; empty: some may be.
func (p Page) Doubt() string { return p.doubt }

func (r *Reader) asksForSignIn(a Answer) bool {
	return r.portal.Signs.SignedOut.MatchesStatus(a.Status) || r.portal.Signs.SignedOut.MatchesURL(a.URL)
}

// signedOut is the reading of what asks for a sign-in.
func signedOut(by po.ReadBy) po.PageReading {
	return po.PageReading{Reading: po.Reading{Sign: po.SignSignedOut}, By: by, Doubt: "the portal asks for a sign-in"}
}

// readPage reads the list that the page of an order has in it. clicks has the addresses of what only a click leads to.
func (r *Reader) readPage(number string, p Page, clicks targets) po.PageReading {
	a, d := p.answer, p.d
	switch {
	case r.SignedOut(p):
		return signedOut(po.ReadByPage)
	case p.doubt != "":
		return po.PageReading{By: po.ReadByPage, Doubt: p.doubt}
	}
	links, unclear := r.links(d)
	clicks.fillClicks(number, d, links)
	page := po.PageReading{By: po.ReadByPage, Doubt: r.doubt(d, number, links, unclear)}
	if page.Doubt != "" {
		return page
	}
	page.Sign, page.URL, page.Supplier = po.SignAttachments, po.PublicURL(a.URL), r.supplier(d)
	page.Attachments, _ = r.lister.Attachments(r.items(links))
	page.Parts, page.Edition = shapeOf(d, len(page.Attachments))
	return page
}

// parse makes a page of an answer.
func parse(a Answer) (document, error) {
	contentType := a.Header.Get("Content-Type")
	_, name, _ := charset.DetermineEncoding(a.Body[:min(len(a.Body), 1024)], contentType)
	text, err := charset.NewReader(bytes.NewReader(a.Body), contentType)
	if err != nil {
		return document{}, err
	}
	root, err := html.Parse(text)
	if err != nil {
		return document{}, err
	}
	base, err := url.Parse(a.URL)
	if err != nil {
		return document{}, err
	}
	d := document{root: root, base: base, utf8: name == "utf-8"}
	for n := range root.Descendants() { // which are no part of the page
		if n.DataAtom == atom.Template {
			for n.FirstChild != nil {
				n.RemoveChild(n.FirstChild)
			}
		}
	}
	for n := range root.Descendants() {
		if href, ok := lookup(n, "href"); ok && n.DataAtom == atom.Base {
			if u, err := base.Parse(trim(href)); err == nil {
				d.base = u
			}
			break
		}
	}
	return d, nil
}

// doubt says why a list is not believed; empty: nothing speaks against it.
func (r *Reader) doubt(d document, number string, links []link, unclear string) string {
	switch {
	case len(links) == 0:
		return "it lists no attachments"
	case unclear != "":
		return unclear
	case len(links) > maxItems:
		return "it lists more attachments than are believed"
	case slices.ContainsFunc(links, func(l link) bool { return l.click }):
		return "it has attachments that only a click leads to"
	case r.selectors.incomplete.any(d.root):
		return "it says that its list is not whole"
	}
	text := shownText(d.root, nil)
	bare := squeezed(text)
	if doubt := r.otherSign(d, bare); doubt != "" {
		return doubt
	}
	if says(bare, r.unfinished) {
		return "it says that its list is not whole"
	}
	if !r.identified(d, number, text) {
		return "it does not show that it is the order's own"
	}
	if c := r.portal.Attachments.Complete; len(c.Selectors)+len(c.Texts) > 0 && !r.selectors.complete.any(d.root) &&
		!slices.ContainsFunc(c.Texts, func(t string) bool { return strings.Contains(bare, squeezed(t)) }) {
		return "it does not say that its list is whole"
	}
	if len(r.selectors.count) > 0 {
		if most := r.counted(d); most < 0 || most > len(links) {
			return "it counts other documents than it lists"
		}
	}
	return r.more(d, links)
}

// otherSign says why a page may be another than that of an order with a list; empty: nothing speaks for it.
// bare is its text, squeezed.
func (r *Reader) otherSign(d document, bare string) string {
	switch {
	case r.selectors.frames.any(d.root):
		return "a part of it is in a frame"
	case r.selectors.signs.any(d.root):
		return "it may show another sign than a list"
	case refreshes(d):
		return "it leads to another page"
	case says(bare, r.phrases):
		return "it may say something else than a list"
	}
	return ""
}

// says reports whether one of the phrases stands in a text; both are squeezed.
func says(bare string, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(p string) bool { return p != "" && strings.Contains(bare, p) })
}

// refreshes says whether a page loads another one by itself.
func refreshes(d document) bool {
	for n := range d.root.Descendants() {
		if n.DataAtom == atom.Meta && strings.EqualFold(attr(n, "http-equiv"), "refresh") {
			return true
		}
	}
	return false
}

// counted is the largest number that the page says of its list; -1 if it says none.
func (r *Reader) counted(d document) int {
	most := -1
	for _, el := range r.selectors.count.all(d.root) {
		for _, text := range digits.FindAllString(words(el), -1) {
			n := 0
			if _, err := fmt.Sscan(text, &n); err == nil {
				most = max(most, n)
			}
		}
	}
	return most
}

// identified says whether the page shows that it is the order's own, where the definition
// says how.
func (r *Reader) identified(d document, number, text string) bool {
	id := r.portal.Order.Identity
	if len(id.Selectors)+len(id.Texts) == 0 {
		return true
	}
	shown := plain(spaces(text))
	for _, phrase := range id.Texts {
		if whole(phrase, number).MatchString(shown) {
			return true
		}
	}
	own := whole("{number}", number)
	for _, el := range r.selectors.identity.all(d.root) {
		if !hidden(el) && own.MatchString(plain(words(el)+" "+attr(el, "value"))) {
			return true
		}
	}
	for _, selector := range r.identifying {
		group, err := compileOne(strings.ReplaceAll(selector, "{number}", escapeCSS(number)))
		if err == nil && (selectors{group}).any(d.root) {
			return true
		}
	}
	return false
}

// whole finds a phrase with an order's number in it, which counts only whole: 1001 is not in
// 11001, and is in PO1001.
func whole(phrase, number string) *regexp.Regexp {
	parts := strings.Split(plain(spaces(phrase)), "{number}")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	n := plain(number)
	before, after := edge(n[:1]), edge(n[len(n)-1:])
	middle := regexp.QuoteMeta(n)
	return regexp.MustCompile(`(?:^|` + before + `)` + strings.Join(parts, middle) + `(?:$|` + after + `)`)
}

// edge is what may stand beside a number that begins or ends so.
func edge(c string) string {
	if '0' <= c[0] && c[0] <= '9' {
		return `\D`
	}
	return `\P{L}`
}

// escapeCSS writes a number so that it stands for itself in a selector.
func escapeCSS(s string) string {
	var b strings.Builder
	for i, c := range s {
		if c == '_' || c == '-' && i > 0 || c > 0x7f || 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' && i > 0 {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, "\\%x ", c)
		}
	}
	return b.String()
}
