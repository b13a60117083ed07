package testportal

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
)

// Lists says how the list of an order's attachments comes into its page.
type Lists string

// The ways in which the page has it, or a part of it; by default a script asks for it at an address that has the
// order's number in it.
const (
	ListsByScript Lists = ""        // a script asks for it; the default
	ListsInPage   Lists = "page"    // the page has all of it
	ListsLines    Lists = "lines"   // of some orders a script adds the documents of their lines, for which it asks on every page
	ListsRights   Lists = "rights"  // a script takes away what the user has no right to
	ListsRelease  Lists = "release" // in the middle of a run the portal begins to add the last document by a script
	ListsPaged    Lists = "paged"   // a button brings up all but the first two
	ListsOneUse   Lists = "one-use" // each address is another one at each look, and works once
	ListsStale    Lists = "stale"   // in the middle of a run the page begins to be yesterday's, which a script mends
)

// The ways in which a script asks for it that are another one than the default.
const (
	ListsToken       Lists = "token"        // with a token of the page in a header; the portal has another from the middle of a run on
	ListsTokenOnce   Lists = "token-once"   // with one that each page has its own of, and that works once
	ListsTokenURL    Lists = "token-url"    // with such a one in the address
	ListsTokenBody   Lists = "token-body"   // with such a one in a body of JSON
	ListsGraphQL     Lists = "graphql"      // with a query in the body
	ListsID          Lists = "id"           // by an identity of the order that the page has
	ListsLookup      Lists = "lookup"       // by one that another call gives
	ListsCallPages   Lists = "call-pages"   // page by page
	ListsCallOneUse  Lists = "call-one-use" // each address is another one at each look, and works once
	ListsCallLines   Lists = "call-lines"   // of some orders with a second call, for the documents of their lines
	ListsCallRelease Lists = "call-release" // in the middle of a run the portal begins to answer in another way, to another script
	ListsCallClicks  Lists = "call-clicks"  // the answer has no addresses, and the elements none: the script makes them at a click
)

// byCall says whether a script asks for the list.
func (l Lists) byCall() bool {
	switch l {
	case ListsByScript, ListsToken, ListsTokenOnce, ListsTokenURL, ListsTokenBody, ListsGraphQL, ListsID, ListsLookup,
		ListsCallPages, ListsCallOneUse, ListsCallLines, ListsCallRelease, ListsCallClicks:
		return true
	}
	return false
}

// addLinks says whether a script adds documents to some lists, whatever their kind, as plain links or buttons.
func (l Lists) addLinks() bool {
	switch l {
	case ListsLines, ListsRelease, ListsStale, ListsPaged, ListsCallClicks:
		return true
	}
	return false
}

func (l Lists) valid() bool {
	if l.byCall() {
		return true
	}
	switch l {
	case ListsInPage, ListsLines, ListsRights, ListsRelease, ListsPaged, ListsOneUse, ListsStale:
		return true
	}
	return false
}

// writtenList is a list that is written into its page.
type writtenList struct {
	Rows                         []writtenRow
	Supplier                     string
	Markup                       int
	Requisition, RequisitionText string
	Script                       string
	Lines                        string // address of the call for the documents of the lines
	Rest                         string // JSON of what a script adds
	More                         bool   // when it is asked for
}

// writtenRow is one document of it.
type writtenRow struct {
	listed
	Internal bool // it is to be taken away
	Twin     bool // an icon links to it, too
}

// lister is what a portal needs to write lists into its pages.
type lister struct {
	pages   atomic.Int64 // that were asked for
	tickets sync.Map     // of addresses that work once
	tokens  sync.Map     // of pages that are good for one call
	newer   sync.Map     // orders whose page was given out by the next release, by their numbers
}

// write makes the list that a page of an order has written into it.
func (p *Portal) write(o *order, files []*file, path string) *writtenList {
	l := &writtenList{Supplier: o.supplier, Markup: o.markup(), Script: "page.js"}
	var rest []listed
	all := p.listed(files)
	late := p.lister.pages.Add(1) > int64(p.opts.Orders/2)
	switch p.opts.Lists {
	case ListsLines:
		l.Lines = path + "/lines.json"
		all = all[:len(all)-linesOf(o, len(all))]
	case ListsRelease:
		if late && len(all) > 0 {
			l.Script, rest, all = "page2.js", all[len(all)-1:], all[:len(all)-1]
		}
	case ListsStale: // of some orders, as only they have changed since
		if late && len(all) > 1 && o.number[7]%2 == 0 {
			rest, all = all[len(all)-1:], all[:len(all)-1]
		}
	case ListsPaged:
		if len(all) > 2 {
			rest, all, l.More = all[2:], all[:2], true
		}
	case ListsOneUse:
		for i := range all {
			ticket := rand.Text()
			p.lister.tickets.Store(ticket, all[i].Path)
			all[i].Path += "?ticket=" + ticket
		}
	}
	for _, f := range all {
		l.Rows = append(l.Rows, writtenRow{listed: f, Twin: o.twins})
	}
	if p.opts.Lists == ListsRights && o.number[6]%3 == 0 {
		other := p.orders[(int(o.number[7])+1)%len(p.orders)]
		for _, f := range p.listed(other.files) {
			if f.Link == linkHref {
				l.Rows = append(l.Rows, writtenRow{listed: f, Internal: true})
				break
			}
		}
	}
	if rest != nil {
		text, _ := json.Marshal(rest) // strings: it cannot fail
		l.Rest = string(text)
	}
	return l
}

// linesOf is how many of an order's documents are its lines'.
func linesOf(o *order, files int) int {
	if files < 2 || o.number[6]%4 != 0 {
		return 0
	}
	return 1
}

// lines answers the call for the documents of an order's lines.
func (p *Portal) lines(w http.ResponseWriter, r *http.Request) {
	o := p.byNumber[r.PathValue("number")]
	if o == nil || o.page != pageList {
		http.NotFound(w, r)
		return
	}
	if !p.wait(r.Context(), p.opts.ListLatency) {
		return
	}
	all := p.listed(o.files)
	answerJSON(w, http.StatusOK, all[len(all)-linesOf(o, len(all)):])
}

// punched says whether a file's address may be used, and uses it up.
func (p *Portal) punched(r *http.Request) bool {
	if p.opts.Lists != ListsOneUse && p.opts.Lists != ListsCallOneUse {
		return true
	}
	path, ok := p.lister.tickets.LoadAndDelete(r.URL.Query().Get("ticket"))
	return ok && path == r.URL.EscapedPath()
}
