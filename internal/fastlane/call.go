package fastlane

import (
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/poactor/poactor/internal/listing"
	"github.com/poactor/poactor/po"
)

// readCall reads the list of an order from the answer to the request that its page makes for it, beside the
// page itself.
func (r *Reader) readCall(rec *recipe, in surroundings, p Page, a Answer) po.PageReading {
	doubt := func(why string) po.PageReading { return po.PageReading{By: po.ReadByCall, Doubt: why} }
	switch {
	case r.SignedOut(p), r.asksForSignIn(a):
		return signedOut(po.ReadByCall)
	case p.doubt != "":
		return doubt(p.doubt)
	}
	value, why := readAnswer(a)
	if why != "" {
		return doubt(why)
	}
	text := shownText(p.d.root, nil)
	if why := r.otherSign(p.d, squeezed(text)); why != "" {
		return doubt(why)
	}
	items, why := rec.items(value, p.d, in.number)
	if why != "" {
		return doubt(why)
	}
	supplier, ok := rec.Supplier.in(value, r.supplier(p.d))
	if !ok {
		return doubt("it is not sure who the supplier is")
	}
	own := rec.asked(in)
	f := features{}
	hasOwn := answerFeatures(f, "answer", value, own)
	if in.lookup != nil { // may have found another order, whose number begins alike
		answerFeatures(f, "lookup", in.lookup, map[string]string{fromNumber: in.number})
	}
	if !hasOwn && !r.identified(p.d, in.number, text) {
		return doubt("it does not show that it is the order's own")
	}
	reading := po.PageReading{By: po.ReadByCall}
	reading.Attachments, _ = r.lister.Attachments(items)
	if len(reading.Attachments) != len(items) {
		return doubt("documents of it have one address")
	}
	if slices.ContainsFunc(reading.Attachments, func(a po.Attachment) bool { return a.URL == "" }) {
		return doubt("a document of it is on another host")
	}
	reading.Sign, reading.URL, reading.Supplier = po.SignAttachments, po.PublicURL(p.answer.URL), supplier
	parts, edition := shapeOf(p.d, len(items))
	reading.Parts = slices.Concat(parts, f.parts())
	slices.Sort(reading.Parts)
	reading.Edition = "call " + rec.id() + " " + edition
	return reading
}

// readAnswer reads the JSON of an answer; why says why it is not believed.
func readAnswer(a Answer) (value any, why string) {
	kind, parameters, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	charset := parameters["charset"]
	switch {
	case a.Status != http.StatusOK:
		return nil, "the portal answers the call with another status than 200"
	case a.URL != a.Asked:
		return nil, "the call leads elsewhere"
	case err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") && kind != "text/json":
		return nil, "the answer is no JSON"
	case !utf8.Valid(a.Body), charset != "" && !strings.EqualFold(charset, "utf-8") && !isASCII(a.Body):
		return nil, "the answer is not in UTF-8" // which scripts read in several ways
	case nextPage.MatchString(a.Header.Get("Link")):
		return nil, "the list has another page"
	}
	value, err = parseJSON(a.Body)
	if err != nil {
		return nil, "the answer is no JSON"
	}
	if saysError(value) {
		return nil, "the answer tells of an error"
	}
	return value, ""
}

func isASCII(text []byte) bool {
	return !slices.ContainsFunc(text, func(b byte) bool { return b > unicode.MaxASCII })
}

var nextPage = regexp.MustCompile(`(?i)rel\s*=\s*"?next`)

// items are the documents of an answer; why says why they are not believed.
func (rec *recipe) items(value any, d document, number string) (items []listing.Item, why string) {
	elements, ok := elementsAt(value, rec.List)
	switch {
	case !ok:
		return nil, "the answer has no list"
	case len(elements) == 0:
		return nil, "it lists no attachments"
	case len(elements) > maxItems:
		return nil, "it lists more attachments than are believed"
	case slices.ContainsFunc(rec.Counts, func(at path) bool { return !counts1(value, at, len(elements)) }):
		return nil, "it counts other documents than it lists"
	}
	seen := map[string]bool{}
	for _, e := range elements {
		if e == nil {
			return nil, "the answer has no list"
		}
		name, why := rec.name(e)
		switch {
		case why != "":
			return nil, why
		case seen[name]:
			return nil, "documents of it have one name"
		}
		seen[name] = true
		address, why := rec.Targets.address(d, targetFields(e, number), statesOf(e))
		if why != "" {
			return nil, why
		}
		items = append(items, listing.Item{Name: name, URL: address})
	}
	return items, ""
}

// name is that of a document. White space, and what nobody sees, comes differently into names in different
// places of a page: what has it is a doubt.
func (rec *recipe) name(e map[string]any) (name, why string) {
	raw := fieldsOf(e)
	fields := normalFields(fieldsOf(e))
	for i, t := range rec.Names {
		text, ok := t.fill(fields)
		plain, _ := t.fill(raw)
		switch {
		case !ok || i > 0 && text != name:
			return "", "it is not sure what a document is called"
		case text == "", text != plain, text != normal(text), len(text) > maxNameChars,
			strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) }):
			return "", "the name of a document needs a browser"
		}
		name = text
	}
	return name, ""
}

// in is the supplier that answer and page name; false where they do not agree.
func (s supplier) in(value any, shown string) (string, bool) {
	name := ""
	if s.Page {
		name = shown
	}
	for i, at := range s.Paths {
		text := supplierAt(value, at)
		if (i > 0 || s.Page) && text != name {
			return "", false
		}
		name = text
	}
	return name, true
}

// asked are the values by which an order's list is asked for, by what they are.
func (rec *recipe) asked(in surroundings) map[string]string {
	own := map[string]string{fromNumber: in.number}
	for _, t := range []text{rec.Call.Address, rec.Call.Body} {
		for _, p := range t {
			for _, s := range p.Sources {
				if value, ok := in.value(s); ok && s.Kind != fromNow && len(value) >= minToken {
					own[s.Kind+" "+s.Name+" "+s.Path.String()] = value
				}
			}
		}
	}
	return own
}
