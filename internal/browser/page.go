package browser

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"slices"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Bounds of what is taken from a page, which is hostile.
const (
	maxItems         = 5000     // attachments of one order; more is an error, never cut off
	maxNameChars     = 1024     // 4 KB at most
	maxSupplierChars = 256      // 1 KB at most
	maxURLChars      = 16 << 10 // signed links take some 4 KB
	// supplierWaitMS is how long a settled page is given to show a supplier,
	// whose name an order's folder may need.
	supplierWaitMS = 500
	// quietMS is how long a list must not have changed where the definition
	// says nothing and the page does not come to rest sooner.
	quietMS = 100
	// answeredMS is how long it must not have changed after an answer that the
	// page has waited for: on a busy machine it takes a while to show.
	answeredMS = 400
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
	Selectors    []string             `json:"selectors"` // all of them, to be tried out
	Settle       int                  `json:"settle"`    // milliseconds
	Rest         bool                 `json:"rest"`      // a list is whole as soon as the page rests
	SupplierWait int                  `json:"supplierWait"`
	NameMax      int                  `json:"nameMax"`
	SupplierMax  int                  `json:"supplierMax"`
	URLMax       int                  `json:"urlMax"`
	ItemsMax     int                  `json:"itemsMax"`

	text   string // the JSON of the above
	slowly string // the same, but for what an answer may bring
}

type signSpec struct {
	Selectors []string `json:"selectors"`
	Texts     []string `json:"texts"`
	URLs      []string `json:"urls"`
}

type fallbackSpec struct {
	Links []string `json:"links"`
	Texts []string `json:"texts"`
}

// sighting is what observe.js answers.
type sighting struct {
	Sign     string `json:"sign"`   // a po.Sign, "timeout" or "selector"
	Detail   string `json:"detail"` // the selector that is none
	URL      string `json:"url"`
	Ready    string `json:"ready"`   // document.readyState
	Waiting  string `json:"waiting"` // the sign that had not settled at the timeout
	Supplier string `json:"supplier"`
	Fallback string `json:"fallback"`
	Count    int    `json:"count"` // of attachments, also where they are too many
	Items    []item `json:"items"`

	address string // that was visited
	world   int    // where the elements of the items are
}

// item is an element of the list; its place in the list is its handle.
type item struct {
	Name   string `json:"name"`
	URL    string `json:"url"`    // absolute, of any scheme; empty: only a click works
	Method bool   `json:"method"` // a script asks for it otherwise than by following its address
	Data   string `json:"data"`   // a hash of the data that it hands to the portal or to a script
	Text   string `json:"text"`   // of what is its alone, where it is clicked
	Row    string `json:"row"`    // a hash of the text of what is its alone
}

func newSpec(p portal.Portal) spec {
	s := spec{
		Signs: map[po.Sign]signSpec{}, Links: list(p.Attachments.Links), Name: list(p.Attachments.Name), Target: list(p.Attachments.Target),
		Supplier: list(p.Supplier), Fallback: fallbackSpec{Links: list(p.Fallback.Links), Texts: list(p.Fallback.Texts)},
		Settle: cmp.Or(p.Attachments.Settle, quietMS), Rest: p.Attachments.Settle == 0, SupplierWait: supplierWaitMS,
		NameMax: maxNameChars, SupplierMax: maxSupplierChars, URLMax: maxURLChars, ItemsMax: maxItems,
	}
	for name, sign := range pageSigns(p) {
		s.Signs[name] = signSpec{Selectors: list(sign.Selectors), Texts: list(sign.Texts), URLs: list(sign.URLs)}
		s.Selectors = append(s.Selectors, sign.Selectors...)
	}
	s.Selectors = slices.Concat(list(s.Selectors), s.Links, s.Supplier, s.Fallback.Links)
	s.text = s.json()
	s.Rest, s.Settle = false, max(s.Settle, answeredMS)
	s.slowly = s.json()
	return s
}

func (s spec) json() string {
	text, _ := json.Marshal(s) // strings and numbers: it cannot fail
	return string(text)
}

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
