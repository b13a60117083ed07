package browser

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"slices"

	"github.com/poactor/poactor/internal/listing"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Bounds of what is taken from a page, which is hostile.
const (
	maxItems         = 5000 // attachments of one order; more is an error, never cut off
	maxNameChars     = 1024 // 4 KB at most
	maxSupplierChars = 256  // 1 KB at most
	maxURLChars      = listing.MaxURLChars
	// supplierWaitMS is how long a settled page is given to show a supplier,
	// whose name an order's folder may need.
	supplierWaitMS = 500
	// quietMS is how long a list must not have changed where the definition
	// says nothing and the page is not idle sooner.
	quietMS = 100
	// answeredMS is how long it must not have changed after an answer that the
	// page has waited for: on a busy machine it takes a while to show.
	answeredMS = 400
	// suspectMS is how long it must not have changed where it is another order's list
	// to the letter. A script may show what it has kept before it asks.
	suspectMS = 1500
)

//go:embed observe.js
var observeJS string

// spec is a portal's definition as observe.js takes it.
type spec struct {
	Signs        map[po.Sign]signSpec `json:"signs"`
	Links        []string             `json:"links"`
	Name         []string             `json:"name"`
	Target       []string             `json:"target"`
	Supplier     []string             `json:"supplier"`
	Fallback     fallbackSpec         `json:"fallback"`
	Identity     markSpec             `json:"identity"`
	Complete     markSpec             `json:"complete"`
	Incomplete   markSpec             `json:"incomplete"`
	Count        []string             `json:"count"`
	More         moreSpec             `json:"more"`
	Frames       []string             `json:"frames"`
	Selectors    []string             `json:"selectors"` // all of them, to be tried out
	Settle       int                  `json:"settle"`    // milliseconds
	Idle         bool                 `json:"idle"`      // a list is whole as soon as the page is idle
	SupplierWait int                  `json:"supplierWait"`
	NameMax      int                  `json:"nameMax"`
	SupplierMax  int                  `json:"supplierMax"`
	URLMax       int                  `json:"urlMax"`
	ItemsMax     int                  `json:"itemsMax"`

	text        string // the JSON of the above
	afterAnswer string // the same, but for what an answer may bring
	suspicious  string // the same, but for a page that may still show another order
}

type signSpec struct {
	Selectors []string `json:"selectors"`
	Texts     []string `json:"texts"`
	URLs      []string `json:"urls"`
}

type markSpec struct {
	Selectors []string `json:"selectors"`
	Texts     []string `json:"texts"`
}

type moreSpec struct {
	Click  []string `json:"click"`
	Scroll []string `json:"scroll"`
}

type fallbackSpec struct {
	Links []string `json:"links"`
	Texts []string `json:"texts"`
}

// observation is what observe.js answers.
type observation struct {
	Sign     string         `json:"sign"`   // a po.Sign, "timeout" or "selector"
	Detail   string         `json:"detail"` // the selector that is none
	URL      string         `json:"url"`
	Ready    string         `json:"ready"`   // document.readyState
	Parsed   bool           `json:"parsed"`  // what its deferred scripts do is done
	Changed  float64        `json:"changed"` // when the list, or its absence, changed last: milliseconds since 1970
	Waiting  string         `json:"waiting"` // the sign that had not settled at the timeout
	Doubt    string         `json:"doubt"`   // why the list, or its absence, is not believed: see doubtText
	More     string         `json:"more"`    // the list may have more, which "click" or "scroll" brings up
	Supplier string         `json:"supplier"`
	Fallback string         `json:"fallback"`
	Frames   []string       `json:"frames"` // addresses of frames whose documents may change the list
	Count    int            `json:"count"`  // of attachments, also where they are too many
	Items    []listing.Item `json:"items"`
	Rule     *po.Rule       `json:"rule"` // what of the definition shows the sign; nil: not known

	address string // that was visited
	world   int    // where the elements of the items are
}

func newSpec(p portal.Portal) spec {
	s := spec{
		Signs: map[po.Sign]signSpec{}, Links: list(p.Attachments.Links), Name: list(p.Attachments.Name), Target: list(p.Attachments.Target),
		Supplier: list(p.Supplier), Fallback: fallbackSpec{Links: list(p.Fallback.Links), Texts: list(p.Fallback.Texts)},
		Settle: cmp.Or(p.Attachments.Settle, quietMS), Idle: p.Attachments.Settle == 0, SupplierWait: supplierWaitMS,
		NameMax: maxNameChars, SupplierMax: maxSupplierChars, URLMax: maxURLChars, ItemsMax: maxItems,
	}
	a := p.Attachments
	s.Identity = markSpec{list(p.Order.Identity.Selectors), list(p.Order.Identity.Texts)}
	s.Complete = markSpec{list(a.Complete.Selectors), list(a.Complete.Texts)}
	s.Incomplete = markSpec{list(a.Incomplete.Selectors), list(a.Incomplete.Texts)}
	s.Count, s.Frames, s.More = list(a.Count), list(a.Frames), moreSpec{list(a.More.Click), list(a.More.Scroll)}
	s.Signs[signError] = signSpec{Selectors: list(p.Signs.Error.Selectors), Texts: list(p.Signs.Error.Texts), URLs: []string{}}
	for name, sign := range pageSigns(p) {
		s.Signs[name] = signSpec{Selectors: list(sign.Selectors), Texts: list(sign.Texts), URLs: list(sign.URLs)}
		s.Selectors = append(s.Selectors, sign.Selectors...)
	}
	s.Selectors = slices.Concat(list(s.Selectors), s.Links, s.Supplier, s.Fallback.Links, s.Signs[signError].Selectors,
		s.Complete.Selectors, s.Incomplete.Selectors, s.Count, s.Frames, s.More.Click, s.More.Scroll)
	s.text = s.json()
	s.Idle, s.Settle = false, max(s.Settle, answeredMS)
	s.afterAnswer = s.json()
	s.Settle = max(s.Settle, suspectMS)
	s.suspicious = s.json()
	return s
}

func (s spec) json() string {
	text, _ := json.Marshal(s) // strings and numbers: it cannot fail
	return string(text)
}

// signError is where a page says that it could not load its list. It is no outcome of
// a reading.
const signError po.Sign = "error"

// pageSigns are the signs that a definition describes one by one.
func pageSigns(p portal.Portal) map[po.Sign]portal.Sign {
	return map[po.Sign]portal.Sign{
		po.SignEmpty: p.Signs.Empty, po.SignNotFound: p.Signs.NotFound,
		po.SignForbidden: p.Signs.Forbidden, po.SignSignedOut: p.Signs.SignedOut,
	}
}

// list makes null an empty list for the script.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
