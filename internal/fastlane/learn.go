package fastlane

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/poactor/poactor/po"
)

// sample is an order as a browser has read it, with what its page has asked for.
type sample struct {
	in       surroundings
	d        document
	calls    []answeredCall
	list     []po.Attachment
	supplier string
	shown    string // supplier that the page names as it came
}

type answeredCall struct {
	call  po.Call
	value any
	kind  string // what is the same for calls of one kind
}

// minSamples is how many orders must have been seen before a recipe is made of them.
const minSamples = 5

// fit is a call that has brought the list of a sample.
type fit struct {
	sample   *sample
	call     answeredCall
	elements []map[string]any
}

// learn makes a recipe of what browsers did; nil where nothing explains enough of the orders.
func learn(samples []*sample) *recipe {
	if len(samples) < minSamples {
		return nil
	}
	for _, pivot := range slices.Backward(byLength(samples)) {
		for _, call := range pivot.calls {
			for _, at := range listPaths(call.value, len(pivot.list)) {
				if r := learnFrom(samples, fit{pivot, call, mustElements(call.value, at)}, at); r != nil {
					return r
				}
			}
		}
		if len(pivot.list) < 2 {
			break
		}
	}
	return nil
}

// byLength are the samples, those with longer lists last.
func byLength(samples []*sample) []*sample {
	list := slices.Clone(samples)
	slices.SortStableFunc(list, func(a, b *sample) int { return len(a.list) - len(b.list) })
	return list
}

// listPaths are the paths at which an answer has n objects.
func listPaths(value any, n int) []path {
	var paths []path
	seen := map[string]bool{}
	objects := objectsOf(value)
	walkJSON(value, nil, func(at path, v any) {
		if _, ok := v.(map[string]any); ok && !seen[at.String()] && len(objects[at.String()]) == n && elementsReadable(value, at, n) {
			seen[at.String()] = true
			paths = append(paths, slices.Clone(at))
		}
	})
	return paths
}

func elementsReadable(value any, at path, n int) bool {
	list, ok := elementsAt(value, at)
	return ok && len(list) == n
}

func mustElements(value any, at path) []map[string]any {
	list, _ := elementsAt(value, at)
	return list
}

// learnFrom makes a recipe of a call that may have brought the list of one sample: where it explains
// enough of the others.
func learnFrom(samples []*sample, pivot fit, at path) *recipe {
	var best []template
	var fits []fit
	for _, name := range learnTemplates(nameExamples(pivot)) {
		explained := explainedBy(samples, pivot.call.kind, at, name)
		switch {
		case len(explained) < minSamples || 2*len(explained) < len(samples):
		case fits == nil:
			fits, best = explained, []template{name}
		case sameFits(fits, explained):
			best = append(best, name)
		}
	}
	if fits == nil {
		return nil
	}
	r := &recipe{List: at, Names: best}
	var ok bool
	if r.Targets, ok = learnTargets(fits); !ok {
		return nil
	}
	if r.Supplier, ok = learnSupplier(fits); !ok {
		return nil
	}
	if !r.learnRequests(fits) {
		return nil
	}
	r.Counts = learnCounts(fits)
	return r
}

func nameExamples(f fit) []example {
	examples := make([]example, len(f.elements))
	for i, e := range f.elements {
		examples[i] = example{f.sample.list[i].Name, normalFields(fieldsOf(e))}
	}
	return examples
}

// normalFields are the fields with their white space as names have it.
func normalFields(fields map[string]string) map[string]string {
	for name, text := range fields {
		fields[name] = normal(text)
	}
	return fields
}

func normal(text string) string { return strings.TrimSpace(spaces(text)) }

// explainedBy are the samples in which a call of a kind has brought, at a path, the documents with their names.
func explainedBy(samples []*sample, kind string, at path, name template) []fit {
	var fits []fit
	for _, s := range samples {
		for _, c := range s.calls {
			if c.kind != kind {
				continue
			}
			elements, ok := elementsAt(c.value, at)
			if !ok || len(elements) != len(s.list) {
				continue
			}
			f := fit{s, c, elements}
			if allMade(name, nameExamples(f)) {
				fits = append(fits, f)
				break
			}
		}
	}
	return fits
}

func sameFits(a, b []fit) bool {
	return slices.EqualFunc(a, b, func(a, b fit) bool { return a.sample == b.sample })
}

// learnSupplier finds where the supplier's name stands; false where it is nowhere.
func learnSupplier(fits []fit) (supplier, bool) {
	var s supplier
	named := slices.ContainsFunc(fits, func(f fit) bool { return f.sample.supplier != "" })
	if !named {
		return s, true
	}
	for _, at := range scalarPaths(fits[0].call.value) {
		if len(s.Paths) < maxSources && !slices.ContainsFunc(fits, func(f fit) bool {
			return supplierAt(f.call.value, at) != f.sample.supplier
		}) {
			s.Paths = append(s.Paths, at)
		}
	}
	s.Page = !slices.ContainsFunc(fits, func(f fit) bool { return f.sample.shown != f.sample.supplier })
	return s, len(s.Paths) > 0 || s.Page
}

func supplierAt(value any, at path) string {
	text, _ := lookupValue(value, at)
	return clip(normal(text), maxSupplierChars)
}

// scalarPaths are the paths of an answer's texts and numbers that stand in no list.
func scalarPaths(value any) []path {
	var paths []path
	walkJSON(value, nil, func(at path, v any) {
		if _, ok := scalar(v); ok && !slices.Contains(at, eachOf) {
			paths = append(paths, slices.Clone(at))
		}
	})
	return paths
}

// learnCounts finds what tells how many documents there are.
func learnCounts(fits []fit) []path {
	var counts []path
	for _, at := range scalarPaths(fits[0].call.value) {
		if len(counts) < maxSources && !slices.ContainsFunc(fits, func(f fit) bool { return !counts1(f.call.value, at, len(f.elements)) }) {
			counts = append(counts, at)
		}
	}
	return counts
}

// counts1 says whether a number of an answer is that of its documents.
func counts1(value any, at path, n int) bool {
	text, ok := lookupValue(value, at)
	return ok && text == itoa(n)
}

// learnRequests finds how the list is asked for, and what has to be asked before.
func (r *recipe) learnRequests(fits []fit) bool {
	calls := make([]seenCall, len(fits))
	for i, f := range fits {
		calls[i] = seenCall{f.call.call, f.sample.in}
	}
	var ok bool
	if r.Call, ok = learnRequest(calls); ok {
		return true
	}
	for _, kind := range earlierKinds(fits) { // perhaps what an earlier answer has is in it
		lookups, with := make([]seenCall, 0, len(fits)), make([]seenCall, 0, len(fits))
		for i, f := range fits {
			c := f.sample.first(kind)
			if c == nil || i != len(with) {
				continue
			}
			in := f.sample.in
			lookups = append(lookups, seenCall{c.call, in})
			in.lookup = c.value
			with = append(with, seenCall{f.call.call, in})
		}
		if len(with) < len(fits) {
			continue
		}
		before, ok := learnRequest(lookups)
		if !ok {
			continue
		}
		if r.Call, ok = learnRequest(with); ok {
			r.Lookup = &before
			return true
		}
	}
	return false
}

// earlierKinds are the kinds of calls that the first sample's page has made before that for its list.
func earlierKinds(fits []fit) []string {
	var kinds []string
	for _, c := range fits[0].sample.calls {
		if c.call.URL == fits[0].call.call.URL && c.call.Body == fits[0].call.call.Body {
			break
		}
		kinds = append(kinds, c.kind)
	}
	return kinds
}

func (s *sample) first(kind string) *answeredCall {
	for i, c := range s.calls {
		if c.kind == kind {
			return &s.calls[i]
		}
	}
	return nil
}

// kindOfCall is the same for calls by which pages ask for the same of other orders.
func kindOfCall(c po.Call, value any) string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return ""
	}
	kind := []string{c.Method, u.Scheme + "://" + u.Host}
	for part := range strings.SplitSeq(u.Path, "/") {
		if strings.ContainsAny(part, "0123456789") || len(part) > 30 {
			part = "#"
		}
		kind = append(kind, part)
	}
	names := []string{}
	for name := range u.Query() {
		names = append(names, "?"+name)
	}
	if o, ok := value.(map[string]any); ok {
		for name := range o {
			names = append(names, "."+name)
		}
	}
	slices.Sort(names)
	kind = append(kind, names...)
	if m := operation.FindStringSubmatch(c.Body); m != nil {
		kind = append(kind, m[1])
	}
	return strings.Join(kind, " ")
}

var operation = regexp.MustCompile(`"operationName"\s*:\s*"([^"]{1,100})"`)
