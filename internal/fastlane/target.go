package fastlane

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// addressed is a document with the address that a browser has found for it; empty: there is none.
type addressed struct {
	d       document
	fields  map[string]string
	states  map[string]string
	address string
}

// orderNumber is the field of every document that has its order's number.
const orderNumber = "\x1forder"

// learnTargets finds how the addresses of documents are made.
func learnTargets(fits []fit) (targets, bool) {
	var all []addressed
	for _, f := range fits {
		for i, e := range f.elements {
			all = append(all, addressed{f.sample.d, targetFields(e, f.sample.in.number), statesOf(e), f.sample.list[i].URL})
		}
	}
	return targetsOf(all)
}

func targetFields(e map[string]any, number string) map[string]string {
	fields := fieldsOf(e)
	fields[orderNumber] = number
	return fields
}

// targetsOf makes rules of documents, by their kinds where one rule does not do. A kind of which no
// document has an address has no rule.
func targetsOf(all []addressed) (targets, bool) {
	with := addressedOf(all)
	if len(with) == len(all) {
		if rules := targetRules(all); rules != nil {
			return targets{Rules: map[string][]template{anyKind: rules}}, true
		}
	}
	if len(with) == 0 {
		return targets{}, false
	}
	for _, field := range slices.Sorted(maps.Keys(with[0].states)) {
		if t, ok := targetsByKind(all, field); ok {
			return t, true
		}
	}
	if rules := targetRules(with); rules != nil { // what tells those without apart is not known: browsers will show
		return targets{Rules: map[string][]template{anyKind: rules}}, true
	}
	return targets{}, false
}

// addressedOf are the documents that have an address.
func addressedOf(all []addressed) []addressed {
	return slices.DeleteFunc(slices.Clone(all), func(a addressed) bool { return a.address == "" })
}

// targetsByKind makes rules for each kind that a field tells apart.
func targetsByKind(all []addressed, field string) (targets, bool) {
	kinds := map[string][]addressed{}
	for _, a := range all {
		kind, ok := a.states[field]
		if !ok {
			return targets{}, false
		}
		kinds[kind] = append(kinds[kind], a)
	}
	t := targets{Kind: field, Rules: map[string][]template{}}
	for kind, list := range kinds {
		without := 0
		for _, a := range list {
			if a.address == "" {
				without++
			}
		}
		if without == len(list) {
			t.Without = append(t.Without, kind)
			continue
		}
		rules := targetRules(list)
		if without > 0 || rules == nil {
			return targets{}, false
		}
		t.Rules[kind] = rules
	}
	slices.Sort(t.Without)
	if rules := targetRules(addressedOf(all)); rules != nil {
		t.Rules = map[string][]template{anyKind: rules} // whatever their kind: also of those that were not seen yet
	}
	return t, len(t.Rules) > 0
}

// targetRules are the templates that make the addresses of documents of one kind.
func targetRules(list []addressed) []template {
	var rules []template
	try := func(t template) {
		if len(rules) < keptTemplates && !slices.ContainsFunc(list, func(a addressed) bool { return t.address(a.d, a.fields) != a.address }) {
			rules = append(rules, t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(list[0].fields)) {
		try(template{{Field: name}})
	}
	if rules != nil {
		return rules
	}
	examples := make([]example, len(list))
	for i, a := range list {
		examples[i] = example{relativeTo(a.d, a.address), a.fields}
	}
	for _, t := range learnTemplates(examples) {
		try(t)
	}
	return rules
}

// relativeTo is an address without the host, where that is the page's.
func relativeTo(d document, address string) string {
	origin := d.base.Scheme + "://" + d.base.Host
	if rest, ok := strings.CutPrefix(address, origin); ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return address
}

// address makes an address of a document's fields; empty where it cannot.
func (t template) address(d document, fields map[string]string) string {
	text, ok := t.fill(fields)
	if !ok || text == "" || forScripts.MatchString(text) {
		return ""
	}
	address, ok := d.resolve(trim(text))
	if !ok {
		return ""
	}
	address, _, _ = strings.Cut(address, "#")
	return address
}

// address is that of a document; why says why it is not known.
func (t targets) address(d document, fields, states map[string]string) (address, why string) {
	kind := anyKind
	if t.Kind != "" {
		kind = states[t.Kind]
	}
	rules := t.Rules[kind]
	if rules == nil && !slices.Contains(t.Without, kind) {
		rules = t.Rules[anyKind]
	}
	for _, rule := range rules {
		a := rule.address(d, fields)
		if a == "" || address != "" && a != address {
			return "", "it is not sure which address a document has"
		}
		address = a
	}
	if address == "" {
		return "", "it has attachments that only a click leads to"
	}
	return address, ""
}
