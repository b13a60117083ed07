package fastlane

import (
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/poactor/poactor/po"
)

// Learner finds out from what browsers did how the pages of a portal ask for their lists, and where clicks lead. What
// it knows spares learning only: whether it is right is seen by comparing. It is safe for concurrent use.
type Learner struct {
	reader *Reader

	mu      sync.Mutex
	samples []*sample // the last ones
	kept    *recipe   // of another run; nil: there is none
	recipe  *recipe   // nil: none is known
	tokens  tokens    // of the recipe
	clicks  clickLearner
}

// Bounds of what is remembered.
const (
	maxSamples    = 12
	relearnAfter  = 3        // samples that the recipe does not explain, and another does
	adoptAfter    = 2        // samples that a kept recipe explains
	maxSampleSize = 16 << 20 // bytes of a sample's answers
)

// NewLearner begins with what another run has kept; nil: with nothing. Somebody else may have written that: nothing is
// asked for by it before browsers have asked for the very same.
func NewLearner(r *Reader, kept []byte) *Learner {
	l := &Learner{reader: r}
	if rec, err := decodeRecipe(kept, r.portal); err == nil {
		l.kept = rec
	}
	return l
}

// Seen is an order as a browser has read it.
type Seen struct {
	Number  string
	Asked   string // the page's address
	Reading po.Reading
	Cookies map[string]string // that scripts can read
	Now     int64             // in milliseconds since 1970
}

// Saw takes what a browser has read.
func (l *Learner) Saw(s Seen) (lesson Lesson) {
	t := s.Reading.Traffic
	if t == nil || s.Reading.Sign != po.SignAttachments || len(s.Reading.Attachments) == 0 {
		return lesson
	}
	d, err := parse(Answer{URL: s.Asked, Header: http.Header{"Content-Type": {t.Kind}}, Body: t.Document})
	if err != nil {
		return lesson
	}
	made := l.sample(s, d)
	clicks, several := clicksOf(l.reader, s, d)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clicks.learn(clicks, several)
	if l.clicks.several { // nor does anything in an answer
		l.recipe, l.kept = nil, nil
		return lesson
	}
	if len(made.calls) == 0 {
		return lesson
	}
	lesson.Named = l.recipe.same(made, l.tokens)
	lesson.Learned, lesson.Keep = l.learn(made)
	l.tokens = l.tokensOf(l.recipe)
	return lesson
}

// learn takes what a page has asked for, and says whether something new was learned from it: what of that may be
// kept, if anything.
func (l *Learner) learn(made *sample) (learned bool, keep []byte) {
	if l.samples = append(l.samples, made); len(l.samples) > maxSamples {
		l.samples = slices.Delete(l.samples, 0, 1)
	}
	if l.recipe != nil && (made.hasClicks() || l.recipe.explains(l.reader, made)) {
		return false, nil
	}
	if l.recipe == nil && l.kept != nil && l.explained(l.kept) >= adoptAfter {
		l.recipe = l.kept
		return false, nil
	}
	rec := learn(l.samples)
	if rec == nil || l.recipe != nil && l.explained(rec) < l.explained(l.recipe)+relearnAfter {
		return false, nil
	}
	l.recipe = rec
	return true, rec.encode(l.reader.portal)
}

// explained counts the samples that a recipe explains.
func (l *Learner) explained(rec *recipe) int { return len(l.explainedSamples(rec)) }

// explainedSamples are the samples that a recipe explains. Those with documents that have no address say nothing.
func (l *Learner) explainedSamples(rec *recipe) []*sample {
	return slices.DeleteFunc(slices.Clone(l.samples), func(s *sample) bool { return s.hasClicks() || !rec.explains(l.reader, s) })
}

// sample is a reading with what its page has asked for.
func (l *Learner) sample(s Seen, d document) *sample {
	made := &sample{
		in: surroundings{number: s.Number, page: valuesIn(d.root), cookies: cookieValues(s.Cookies), now: s.Now}, d: d,
		list: s.Reading.Attachments, supplier: s.Reading.Supplier, shown: l.reader.supplier(d),
	}
	size := 0
	for _, c := range s.Reading.Traffic.Calls {
		if size += len(c.Answer); size > maxSampleSize {
			break
		}
		if c.Method != http.MethodGet && c.Method != http.MethodPost || isMutation(c) {
			continue
		}
		if value, err := parseJSON(c.Answer); err == nil {
			made.calls = append(made.calls, answeredCall{c, value, kindOfCall(c, value)})
		}
	}
	return made
}

// ReadPage reads the list that the page of an order has in it.
func (l *Learner) ReadPage(number string, p Page) po.PageReading {
	l.mu.Lock()
	clicks := l.clicks.targets
	l.mu.Unlock()
	return l.reader.readPage(number, p, clicks)
}

// hasClicks says whether a browser has got documents by clicks that lead to no address.
func (s *sample) hasClicks() bool {
	return slices.ContainsFunc(s.list, func(a po.Attachment) bool { return a.URL == "" })
}

// explains says whether a recipe asks for what the page has asked for, to the letter, and finds what a browser has
// found.
func (rec *recipe) explains(r *Reader, s *sample) bool {
	in := s.in
	if rec.Lookup != nil {
		asked, ok := rec.Lookup.fill(in)
		if !ok {
			return false
		}
		c := s.madeCall(asked)
		if c == nil {
			return false
		}
		in.lookup = c.value
	}
	asked, ok := rec.Call.fill(in)
	if !ok {
		return false
	}
	c := s.madeCall(asked)
	if c == nil {
		return false
	}
	items, why := rec.items(c.value, s.d, s.in.number)
	if why != "" || len(items) != len(s.list) {
		return false
	}
	list, _ := r.lister.Attachments(items)
	return slices.EqualFunc(list, s.list, func(a, b po.Attachment) bool { return a.Name == b.Name && a.URL == b.URL })
}

// madeCall is the page's own call that is the same as one; nil if there is none.
func (s *sample) madeCall(c po.Call) *answeredCall {
	for i, made := range s.calls {
		other := slices.ContainsFunc(slices.Collect(maps.Keys(c.Header)), func(name string) bool {
			return made.call.Header.Get(name) != c.Header.Get(name)
		})
		if !other && made.call.Method == c.Method && made.call.URL == c.URL && made.call.Body == c.Body {
			return &s.calls[i]
		}
	}
	return nil
}

// Order is how the list of one order is asked for.
type Order struct {
	reader *Reader
	recipe *recipe
	tokens tokens
	in     surroundings
}

// Order begins with an order; false where it is not known yet how lists are asked for.
func (l *Learner) Order(number string, now int64) (*Order, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Order{l.reader, l.recipe, l.tokens, surroundings{number: number, now: now}}, l.recipe != nil
}

// NeedsPage says whether something of the page is needed before its list can be asked for.
func (o *Order) NeedsPage() bool {
	return o.recipe.Lookup != nil || o.recipe.Call.needs(source.ofPage)
}

// HasPage takes the order's page, and the cookies that scripts can read since.
func (o *Order) HasPage(p Page, cookies map[string]string) {
	o.in.page, o.in.cookies = valuesIn(p.d.root), cookieValues(cookies)
}

// Lookup is what has to be asked before. needed is false where that is nothing; ok is false where what it needs is
// not in the page.
func (o *Order) Lookup() (c po.Call, needed, ok bool) {
	if o.recipe.Lookup == nil {
		return po.Call{}, false, true
	}
	c, ok = o.recipe.Lookup.fill(o.in)
	return c, true, ok
}

// HasLookup takes the answer to that; why says why it is not believed.
func (o *Order) HasLookup(a Answer) (why string) {
	o.in.lookup, why = readAnswer(a)
	return why
}

// Call is the request for the list; false where what it needs is not there.
func (o *Order) Call() (po.Call, bool) { return o.recipe.Call.fill(o.in) }

// Read reads the list from the answer to the call, beside the order's page.
func (o *Order) Read(p Page, a Answer) po.PageReading {
	return o.reader.readCall(o.recipe, o.in, p, a)
}
