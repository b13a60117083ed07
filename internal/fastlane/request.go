package fastlane

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/poactor/poactor/po"
)

// request is how a page's script asks the portal for something, for any order.
type request struct {
	Method  string  `json:"method"`
	Address text    `json:"address"`
	Header  []field `json:"header,omitempty"`
	Body    text    `json:"body,omitempty"`
}

type field struct {
	Name  string `json:"name"`
	Value text   `json:"value"`
}

// text is made of pieces.
type text []piece

// piece stands as it is or, where it has sources, for the value that they all have.
type piece struct {
	Text    string   `json:"text,omitempty"`
	Sources []source `json:"sources,omitempty"`
	Escape  string   `json:"escape,omitempty"`
}

// fill makes a text; false where a value is not there, or not for sure.
func (t text) fill(s surroundings) (string, bool) { return t.write(s, nil) }

// write makes a text, with a mark in the place of tokens.
func (t text) write(s surroundings, but tokens) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if len(p.Sources) == 0 {
			b.WriteString(p.Text)
			continue
		}
		if but.isToken(p) {
			b.WriteByte(0)
			continue
		}
		value, ok := s.value(p.Sources[0])
		if !ok || value == "" {
			return "", false
		}
		for _, other := range p.Sources[1:] {
			if v, ok := s.value(other); !ok || v != value {
				return "", false
			}
		}
		b.WriteString(escaped(value, p.Escape))
	}
	return b.String(), true
}

// fill makes a request; false where a value is not there.
func (r request) fill(s surroundings) (po.Call, bool) {
	address, ok := r.Address.fill(s)
	if !ok {
		return po.Call{}, false
	}
	c := po.Call{Method: r.Method, URL: address, Header: http.Header{}}
	if c.Body, ok = r.Body.fill(s); !ok {
		return po.Call{}, false
	}
	for _, f := range r.Header {
		value, ok := f.Value.fill(s)
		if !ok {
			return po.Call{}, false
		}
		c.Header.Set(f.Name, value)
	}
	return c, true
}

// needs says whether a value of a request comes from a source of some kind.
func (r request) needs(kind func(source) bool) bool {
	texts := []text{r.Address, r.Body}
	for _, f := range r.Header {
		texts = append(texts, f.Value)
	}
	return slices.ContainsFunc(texts, func(t text) bool {
		return slices.ContainsFunc(t, func(p piece) bool { return slices.ContainsFunc(p.Sources, kind) })
	})
}

// seen is a request that was made, and what its values may have been found in.
type seenCall struct {
	call po.Call
	in   surroundings
}

// learnRequest finds how the calls were made, of which each is another order's; false where some part of
// them cannot be explained.
func learnRequest(calls []seenCall) (request, bool) {
	r := request{Method: calls[0].call.Method}
	if isMutation(calls[0].call) {
		return r, false
	}
	var ok bool
	if r.Address, ok = learnText(calls, func(c po.Call) string { return c.URL }, addressLeaves); !ok {
		return r, false
	}
	leaves := formLeaves
	if strings.HasPrefix(strings.TrimSpace(calls[0].call.Body), "{") || strings.HasPrefix(strings.TrimSpace(calls[0].call.Body), "[") {
		leaves = jsonLeaves
	}
	if r.Body, ok = learnText(calls, func(c po.Call) string { return c.Body }, leaves); !ok {
		return r, false
	}
	for _, name := range headerNames(calls) {
		value, ok := learnText(calls, func(c po.Call) string { return c.Header.Get(name) }, headerLeaves)
		if ok { // what cannot be explained is left out: whether the portal does without will be seen
			r.Header = append(r.Header, field{name, value})
		}
	}
	return r, true
}

// headerNames are the fields that scripts have given to all calls. Those that a browser adds are its own.
func headerNames(calls []seenCall) []string {
	var names []string
	for name := range calls[0].call.Header {
		if keptHeader(name) && !slices.ContainsFunc(calls, func(c seenCall) bool { return c.call.Header.Get(name) == "" }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// keptHeader says whether a field is the script's rather than the browser's or the connection's.
func keptHeader(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "accept", "content-type", "authorization":
		return true
	}
	return strings.HasPrefix(name, "x-") && !strings.HasPrefix(name, "x-forwarded") && headerName.MatchString(name) ||
		slices.Contains([]string{"csrf-token", "apollographql-client-name", "apollographql-client-version", "apollo-require-preflight",
			"requestverificationtoken", "anti-csrf-token"}, name)
}

var headerName = regexp.MustCompile(`^[a-z0-9-]{1,60}$`)

// learnText finds how a text of calls is made of values; false where it cannot be explained. cut finds the
// values.
func learnText(calls []seenCall, of func(po.Call) string, cut func(string) []leaf) (text, bool) {
	texts, leaves := make([]string, len(calls)), make([][]leaf, len(calls))
	for i, c := range calls {
		texts[i] = of(c.call)
		leaves[i] = cut(texts[i])
		if len(leaves[i]) != len(leaves[0]) {
			return nil, false
		}
	}
	var t text
	at := make([]int, len(calls))
	for n := range leaves[0] {
		for i := range calls { // what stands between is the same for all
			if texts[i][at[i]:leaves[i][n].from] != texts[0][at[0]:leaves[0][n].from] {
				return nil, false
			}
		}
		t = append(t, piece{Text: texts[0][at[0]:leaves[0][n].from]})
		pieces, ok := learnLeaf(calls, texts, leaves, n)
		if !ok {
			return nil, false
		}
		t = append(t, pieces...)
		for i := range calls {
			at[i] = leaves[i][n].to
		}
	}
	for i := range calls {
		if texts[i][at[i]:] != texts[0][at[0]:] {
			return nil, false
		}
	}
	t = append(t, piece{Text: texts[0][at[0]:]})
	return t.joined(), true
}

// joined is a text without pieces that say nothing.
func (t text) joined() text {
	var all text
	for _, p := range t {
		last := len(all) - 1
		switch {
		case len(p.Sources) > 0:
			all = append(all, p)
		case p.Text == "":
		case last >= 0 && len(all[last].Sources) == 0:
			all[last].Text += p.Text
		default:
			all = append(all, p)
		}
	}
	return all
}

// learnLeaf explains one value of each call.
func learnLeaf(calls []seenCall, texts []string, leaves [][]leaf, n int) (text, bool) {
	values := make([]string, len(calls))
	for i := range calls {
		values[i] = leaves[i][n].value
	}
	raw := func(i int) string { return texts[i][leaves[i][n].from:leaves[i][n].to] }
	same := !slices.ContainsFunc(values, func(v string) bool { return v != values[0] })
	if same && !secret(values[0]) {
		return text{{Text: raw(0)}}, true
	}
	before, after := commonEdges(values)
	candidates := [][2]string{{"", ""}, {before, after}, {before, ""}, {"", after}}
	if own := strings.Index(values[0], calls[0].in.number); own >= 0 && calls[0].in.number != "" {
		candidates = append(candidates, [2]string{values[0][:own], values[0][own+len(calls[0].in.number):]})
	}
	for _, edges := range candidates {
		inner := make([]string, len(values))
		for i, v := range values {
			if rest, ok := strings.CutPrefix(v, edges[0]); ok && strings.HasSuffix(rest, edges[1]) {
				inner[i] = strings.TrimSuffix(rest, edges[1])
			}
		}
		sources := commonSources(calls, inner)
		if len(sources) == 0 {
			continue
		}
		for _, how := range leaves[0][n].escapes {
			t := text{{Text: escaped(edges[0], how)}, {Sources: sources, Escape: how}, {Text: escaped(edges[1], how)}}
			if !slices.ContainsFunc(indexes(calls), func(i int) bool { made, ok := t.fill(calls[i].in); return !ok || made != raw(i) }) {
				return t, true
			}
		}
	}
	switch {
	case same: // nobody knows where it is from: it stays as long as it serves
		return text{{Text: raw(0)}}, true
	case isTime(calls, values):
		return text{{Sources: []source{{Kind: fromNow}}}}, true
	}
	return nil, false
}

func indexes(calls []seenCall) []int {
	list := make([]int, len(calls))
	for i := range list {
		list[i] = i
	}
	return list
}

// maxSources bounds the sources of a value that must agree.
const maxSources = 3

// commonSources are the sources that have each call's value.
func commonSources(calls []seenCall, values []string) []source {
	var list []source
	for _, s := range calls[0].in.sourcesOf(values[0]) {
		if !slices.ContainsFunc(indexes(calls), func(i int) bool { v, ok := calls[i].in.value(s); return !ok || v != values[i] }) {
			if s.Kind == fromNumber {
				return []source{s}
			}
			if list = append(list, s); len(list) == maxSources {
				break
			}
		}
	}
	return list
}

// commonEdges are what all values begin and end with, up to the last sign that is no part of a word.
func commonEdges(values []string) (before, after string) {
	before, after = values[0], values[0]
	for _, v := range values {
		for !strings.HasPrefix(v, before) {
			before = before[:len(before)-1]
		}
		for !strings.HasSuffix(v, after) {
			after = after[1:]
		}
	}
	before = before[:strings.LastIndexFunc(before, isDelimiter)+1]
	if i := strings.IndexFunc(after, isDelimiter); i >= 0 {
		after = after[i:]
	} else {
		after = ""
	}
	return before, after
}

func isDelimiter(r rune) bool {
	return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9')
}

// minSecret is the length from which on a value may be a secret.
const minSecret = 16

// secret says whether a value may be one that only this session has.
func secret(value string) bool {
	return len(value) >= minSecret && tokenLike.MatchString(value) && strings.ContainsAny(value, "0123456789") && letters.MatchString(value)
}

var (
	secretName = regexp.MustCompile(`(?i)authorization|token|csrf|xsrf|secret|session|key`)
	// tokenParts are the parts of a text that may be one.
	tokenParts = regexp.MustCompile(`[A-Za-z0-9+=_.~-]+`)
	tokenLike  = regexp.MustCompile(`^[A-Za-z0-9+/=_.~-]+$`)
	letters    = regexp.MustCompile(`[A-Za-z]`)
)

// isTime says whether the values are the times at which the calls were made, against caches.
func isTime(calls []seenCall, values []string) bool {
	return !slices.ContainsFunc(indexes(calls), func(i int) bool {
		at, err := strconv.ParseInt(values[i], 10, 64)
		return err != nil || max(at-calls[i].in.now, calls[i].in.now-at) > 10*60*1000
	})
}
