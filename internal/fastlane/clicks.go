package fastlane

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/poactor/poactor/po"
)

// Bounds of what is learned of clicks.
const (
	maxClicks  = 100 // elements that are remembered, the last ones
	minClicked = 3   // of which clicks must have led to an address, before one is made of others
	clickAbove = 4   // elements above one whose attributes may be in its document's address
)

// clickLearner learns, from the addresses that browsers' clicks led to, how those of a page's attachments are made that
// only a click leads to: of what their elements have.
type clickLearner struct {
	seen    []addressed
	targets targets // without rules: none are known
	several bool    // a click has given several files: nothing in a page tells which do
}

// clicksOf are the elements of a page as it came that a browser had to click, with where that led. several says that a
// click has given more than one file.
func clicksOf(r *Reader, s Seen, d document) (found []addressed, several bool) {
	list := s.Reading.Attachments
	if slices.ContainsFunc(list, func(a po.Attachment) bool { return po.ParseIdentity(a.ID).Part != "" }) {
		return nil, true
	}
	links, _ := r.links(d)
	named, _ := r.lister.Attachments(r.items(links))
	if len(named) != len(links) || !slices.EqualFunc(named, list, func(a, b po.Attachment) bool { return a.Name == b.Name }) {
		return nil, false
	}
	for i, l := range links {
		if l.click && l.url == "" && list[i].Cause == "" {
			fields, states := clickFields(l.el, s.Number)
			found = append(found, addressed{d, fields, states, list[i].URL})
		}
	}
	return found, false
}

// learn takes what clicksOf has found.
func (c *clickLearner) learn(found []addressed, several bool) {
	if c.several = c.several || several; c.several {
		c.seen, c.targets = nil, targets{}
		return
	}
	c.seen = append(c.seen, found...)
	c.seen = slices.Delete(c.seen, 0, max(0, len(c.seen)-maxClicks))
	wrong := func(a addressed) bool { return c.targets.ofClick(a) != a.address }
	if len(addressedOf(c.seen)) >= minClicked && slices.ContainsFunc(found, wrong) {
		haveAllStates(c.seen)
		c.targets, _ = targetsOf(c.seen)
	}
}

// ofClick is the address of an element's document; empty where it is not known.
func (t targets) ofClick(a addressed) string {
	if _, ok := a.states[t.Kind]; !ok {
		a.states[t.Kind] = noState
	}
	address, _ := t.address(a.d, a.fields, a.states)
	return address
}

// fillClicks gives links of a page the addresses that are known for them.
func (t targets) fillClicks(number string, d document, links []link) {
	if len(t.Rules) == 0 {
		return
	}
	for i, l := range links {
		if !l.click || l.url != "" {
			continue
		}
		fields, states := clickFields(l.el, number)
		if address := t.ofClick(addressed{d, fields, states, ""}); address != "" {
			links[i].url, links[i].click = address, false
		}
	}
}

// noState is the value of a state that an element does not have.
const noState = "-"

// haveAllStates gives each element all states that some have.
func haveAllStates(list []addressed) {
	for _, a := range list {
		for name := range a.states {
			for _, other := range list {
				if _, ok := other.states[name]; !ok {
					other.states[name] = noState
				}
			}
		}
	}
}

// clickFields are what the address of a document may be made of: the attributes of its element and of those above it,
// and the literals of scripts in them. states are those that name a kind.
func clickFields(el *html.Node, number string) (fields, states map[string]string) {
	fields = map[string]string{orderNumber: number, "text": words(el)}
	states = map[string]string{}
	for level := range 1 + clickAbove {
		if el == nil {
			break
		}
		name := func(of string) string { return itoa(level) + " " + of }
		states[name("<element>")] = el.Data
		for _, a := range el.Attr {
			value, key := trim(a.Val), name(strings.ToLower(a.Key))
			switch {
			case len(fields) >= maxFields:
			case strings.HasPrefix(strings.ToLower(a.Key), "on"), scriptAddress.MatchString(value):
				for i, literal := range literals.FindAllString(value, maxFields) {
					fields[key+" "+itoa(i)] = strings.Trim(literal, `"'`)
				}
			case word.MatchString(value):
				states[key], fields[key] = value, value
			case !noise.MatchString(a.Key):
				fields[key] = value
			}
		}
		el = parentOf(el)
	}
	return fields, states
}

var (
	scriptAddress = regexp.MustCompile(`(?i)^javascript:`)
	literals      = regexp.MustCompile(`"[^"\\]*"|'[^'\\]*'|\d+`)
)
