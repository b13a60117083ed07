package fastlane

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/poactor/poactor/po"
)

// Lesson is what came of a reading of a browser.
type Lesson struct {
	Learned bool        // something new
	Keep    []byte      // what may be kept of it; empty: nothing
	Named   []NamedCall // calls of the page by which its list is asked for without a browser, too
}

// NamedCall is a call that a page has made by values of its own, like a token: made for another load of the
// page, it is the same one, and another to the letter.
type NamedCall struct {
	Call po.Call
	Name string // of the call for any load of this order's page
}

// tokens are the sources of those values in a recipe's addresses and bodies that are other ones at each load of a page,
// and that say nothing of what is asked for. The map is never changed.
type tokens map[string]bool

func (s source) key() string { return s.Kind + " " + s.Name }

// isToken says whether a value has been seen to be one.
func (t tokens) isToken(p piece) bool { return len(p.Sources) > 0 && t[p.Sources[0].key()] }

// texts are a recipe's addresses and bodies.
func (rec *recipe) texts() []text {
	list := []text{rec.Call.Address, rec.Call.Body}
	if rec.Lookup != nil {
		list = append(list, rec.Lookup.Address, rec.Lookup.Body)
	}
	return list
}

// tokensOf finds the tokens of a recipe: what looks like one, was another one in each sample that the recipe explains,
// and in none of the answers. A value that tells what is asked for, like an identity or the version of a query, is not.
func (l *Learner) tokensOf(rec *recipe) tokens {
	var found tokens
	if rec == nil {
		return found
	}
	var explained []*sample
	for _, t := range rec.texts() {
		for _, p := range t {
			if len(p.Sources) == 0 || !p.Sources[0].ofLoad() {
				continue
			}
			if explained == nil {
				explained = l.explainedSamples(rec)
			}
			if isToken(explained, p.Sources[0]) {
				if found == nil {
					found = tokens{}
				}
				found[p.Sources[0].key()] = true
			}
		}
	}
	return found
}

// isToken says whether a source's values are tokens in samples.
func isToken(samples []*sample, src source) bool {
	if len(samples) < minSamples {
		return false
	}
	seen, mixed := map[string]bool{}, false
	for _, s := range samples {
		value, ok := s.in.value(src)
		if !ok || len(value) < minSecret || !tokenLike.MatchString(value) || seen[value] ||
			slices.ContainsFunc(s.calls, func(c answeredCall) bool { return bytes.Contains(c.call.Answer, []byte(value)) }) {
			return false
		}
		seen[value] = true
		mixed = mixed || secret(value)
	}
	return mixed
}

// same finds the calls of a page that are the recipe's by tokens of that page.
func (rec *recipe) same(s *sample, known tokens) (all []NamedCall) {
	if rec == nil || len(known) == 0 {
		return nil
	}
	in := s.in
	add := func(r request) *answeredCall {
		asked, ok := r.fill(in)
		if !ok {
			return nil
		}
		c := s.madeCall(asked)
		if name := rec.nameOf(r, in, known); c != nil && name != "" {
			all = append(all, NamedCall{c.call, name})
		}
		return c
	}
	if rec.Lookup != nil {
		c := add(*rec.Lookup)
		if c == nil {
			return all
		}
		in.lookup = c.value
	}
	add(rec.Call)
	return all
}

// nameOf names one of a recipe's calls: as it is made, but for its tokens. Empty where it has none, or cannot be made.
func (rec *recipe) nameOf(r request, in surroundings, known tokens) string {
	if !slices.ContainsFunc(slices.Concat(r.Address, r.Body), known.isToken) {
		return ""
	}
	address, hasAddress := r.Address.write(in, known)
	body, hasBody := r.Body.write(in, known)
	if !hasAddress || !hasBody {
		return ""
	}
	text, _ := json.Marshal([]string{rec.id(), r.Method, address, body, in.number}) // strings: it cannot fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Names are those of the requests for the order's list, as of NamedCall, as far as what they need is there.
func (o *Order) Names() []string {
	var list []string
	requests := []request{o.recipe.Call}
	if o.recipe.Lookup != nil {
		requests = append(requests, *o.recipe.Lookup)
	}
	for _, r := range requests {
		if name := o.recipe.nameOf(r, o.in, o.tokens); name != "" {
			list = append(list, name)
		}
	}
	return list
}
