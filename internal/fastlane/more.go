package fastlane

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// around is the largest part of the page that has the whole list in it and at most one
// heading: what is said there is said of the list. rows are the links' own parts of it.
func around(links []link) (region *html.Node, rows map[*html.Node]bool) {
	top := links[0].el
	for _, l := range links {
		for !isInside(l.el, top) {
			top = parentOf(top)
		}
	}
	rows = map[*html.Node]bool{}
	for _, l := range links {
		row := l.el
		for row != top && parentOf(row) != top {
			row = parentOf(row)
		}
		if row == top && len(links) == 1 {
			if own := closest(row, isRow); own != nil {
				row = own
			}
		}
		if row != top || len(links) == 1 {
			rows[row] = true
		}
	}
	region = top
	for range 6 {
		up := parentOf(region)
		if up == nil || region.DataAtom == atom.Body {
			break
		}
		if region != top {
			switch region.DataAtom {
			case atom.Section, atom.Article, atom.Fieldset, atom.Dialog, atom.Details, atom.Main:
				return region, rows
			}
		}
		if headings(up) > 1 {
			break
		}
		region = up
	}
	return region, rows
}

func headings(n *html.Node) int {
	count := 0
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && heading(d) {
			count++
		}
	}
	return count
}

// The words are those of observe.js.
const (
	things = `(?:attachments?|files?|documents?|anhänge|anlagen|dateien|dokumente|pi[eè]ces jointes|fichiers|archivos|adjuntos|documentos|anexos|arquivos|ficheiros|allegati|documenti|bijlagen|bestanden|documenten)`
	many   = `(?:attachments|files|documents|anhänge|anlagen|dateien|dokumente|pi[eè]ces jointes|fichiers|archivos|adjuntos|documentos|anexos|arquivos|ficheiros|allegati|documenti|bijlagen|bestanden|documenten)`
)

var (
	ofTotal    = regexp.MustCompile(`(\d+) ?(?:of|von|de|sur|di|van|av|/) ?(\d+)`)
	ofThings   = regexp.MustCompile(`^ ?(?:` + things + `|items?|entries|results?|rows?|records?|einträgen?|resultados|résultats|elementi|[,;)\n]|\.(?:\P{L}|$)|$)`)
	totalAfter = regexp.MustCompile(many + `(?: ?:? ?|\s*[(\[]\s*)(\d{1,4})`)
	totalFirst = regexp.MustCompile(`(\d{1,4}) ` + many)
	noTotal    = regexp.MustCompile(`^[\d.,:/-]*\s*(?:[\dkmg]i?b\b|%|\d)`)
	noTotalYet = regexp.MustCompile(`(?:(?:max\.?|up to|maximum|at most|limit:?|limit of|bis zu|höchstens)\s*|[\d.,:/-] ?)$`)
	pageOf     = regexp.MustCompile(`(?:page|seite|página|pagina|strona) (\d+) ?(?:of|von|de|sur|di|van|z|/) ?(\d+)`)
	andMore    = regexp.MustCompile(`(?:\+|\band|\bund|\bet|\by|\be|\ben)\s*(\d+)\s*(?:more|weitere|de plus|más|mais|altri|meer)\b`)

	moreWords = regexp.MustCompile(`^(?:` + strings.Join([]string{
		`(?:load|show|view|see|display|fetch)(?: the| me)?(?: all| more| rest| remaining| next| \+?\d+)+(?: of \d+)?(?: more)?(?: ` + things + `| items?| results?| entries| rows?| records?)?`,
		`\+? ?\d+ more(?: ` + things + `| items?)?`, `more ` + things,
		`(?:alle|alles|mehr|weitere|(?:die )?restlichen|\d+ weitere)(?: \d+)?(?: ` + things + `| einträge)? (?:anzeigen|laden|einblenden|ansehen)`,
		`(?:afficher|voir|charger) (?:tout|tous|toutes|plus|la suite|\d+ de plus)(?: (?:de |les )?` + things + `)?`, `tout (?:afficher|voir|charger)`,
		`(?:mostrar|ver|cargar|carregar|exibir) (?:más|mas|mais|todo|todos|todas|tudo|el resto|o restante)(?: (?:los |las |os |as )?` + things + `)?`,
		`(?:mostra|vedi|carica|visualizza) (?:altro|altri|tutto|tutti|tutte|di più)(?: (?:i |gli )?` + things + `)?`,
		`(?:meer|alle|alles) (?:` + things + ` )?(?:laden|tonen|weergeven|bekijken)`, `toon (?:meer|alle|alles)(?: ` + things + `)?`,
	}, "|") + `)(?: ?\(?\+?\d+\)?)?$`)
	bareMore  = regexp.MustCompile(`^(?:more|mehr|plus|más|mais|altro|meer)$`)
	nextWords = regexp.MustCompile(`^(?:next|next page|go to next page|nächste|nächste seite|weiter|suivant|page suivante|siguiente|página siguiente|próximo|próxima|próxima página|successiva|successivo|pagina successiva|volgende|volgende pagina|2)$`)
	labelEnd  = regexp.MustCompile(`[\s.…▾▼▸›»>→↓+]+$`)
	pagers    = regexp.MustCompile(`(?i)paginat|pager|footer`)
)

// more says why the list may not be all: what brings up the rest of it, or what is said of
// its length; empty if nothing does.
func (r *Reader) more(d document, links []link) string {
	if r.selectors.more.any(d.root) {
		return "it has more than its first page"
	}
	region, rows := around(links)
	listed := map[*html.Node]bool{}
	for _, l := range links {
		listed[l.el] = true
	}
	said := lines(shownText(region, func(n *html.Node) bool { return rows[n] }))
	if what := contradicted(said, len(links)); what != "" {
		return "it says of its list: " + what
	}
	last, behind := links[len(links)-1].el, false
	for n := range region.Descendants() {
		behind = behind || n == last
		if n.Type != html.ElementNode || !button(n) || closest(n, func(up *html.Node) bool { return listed[up] }) != nil {
			continue
		}
		text := label(n)
		pager := attr(n, "rel") == "next" || nextWords.MatchString(text) && closest(n, func(up *html.Node) bool {
			return pagers.MatchString(attr(up, "class")) || pagers.MatchString(attr(up, "aria-label"))
		}) != nil
		if pager || behind && (moreWords.MatchString(text) || bareMore.MatchString(text)) {
			return "it has more than its first page"
		}
	}
	return ""
}

func button(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Button, atom.A:
		return true
	case atom.Input:
		return strings.EqualFold(attr(n, "type"), "button")
	}
	return attr(n, "role") == "button"
}

// label is what a button says.
func label(n *html.Node) string {
	text := words(n)
	if text == "" {
		text = attr(n, "value")
	}
	if text == "" {
		text = attr(n, "aria-label")
	}
	return strings.TrimSpace(labelEnd.ReplaceAllString(strings.TrimSpace(plain(spaces(text))), ""))
}

// lines is a text with one line break between its lines, in lower case.
func lines(text string) string {
	var list []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(spaces(line)); line != "" {
			list = append(list, line)
		}
	}
	return strings.ToLower(strings.Join(list, "\n"))
}

// contradicted is what is said around a list of n documents that does not fit; empty if nothing
// is.
func contradicted(text string, n int) string {
	number := func(m []int, group int) int {
		v, _ := strconv.Atoi(text[m[2*group]:m[2*group+1]])
		return v
	}
	for _, m := range ofTotal.FindAllStringSubmatchIndex(text, -1) {
		before, after := text[:m[0]], text[m[1]:]
		if strings.HasSuffix(before, "/") || strings.HasSuffix(before, ".") || strings.HasSuffix(before, ",") || !ofThings.MatchString(after) {
			continue
		}
		from := regexpRange.MatchString(before)
		if number(m, 2) > n && (from || number(m, 1) == n) {
			return text[m[0]:m[1]]
		}
	}
	for _, m := range totalAfter.FindAllStringSubmatchIndex(text, -1) {
		if !noTotal.MatchString(text[m[1]:]) && number(m, 1) > n {
			return text[m[0]:m[1]]
		}
	}
	for _, m := range totalFirst.FindAllStringSubmatchIndex(text, -1) {
		if !noTotalYet.MatchString(text[:m[0]]) && number(m, 1) > n {
			return text[m[0]:m[1]]
		}
	}
	for _, m := range pageOf.FindAllStringSubmatchIndex(text, -1) {
		if number(m, 1) < number(m, 2) {
			return text[m[0]:m[1]]
		}
	}
	return andMore.FindString(text)
}

// regexpRange is the beginning of "1-10 of 30".
var regexpRange = regexp.MustCompile(`\d ?(?:[-–—]|to|bis|a|à|al|até|tot) ?$`)
