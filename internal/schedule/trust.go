package schedule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poactor/poactor/po"
)

// An order's page can be read without a browser, where nothing speaks against it; whether that
// tells the same as a browser cannot be proved, only seen. n comparisons without a
// difference bound the share of orders that would differ by 3/n, in 95 of 100 cases: 20 by
// 15 %, 300 by 1 %. So what the comparisons have not seen is not believed either: a page that
// is built in another way, one that loads other scripts, a longer list.
const (
	trustAfter   = 20 // comparisons that must have agreed for the scripts that a page loads
	compareEvery = 20 // orders, of which one is compared, chosen at random
	uselessAfter = 40 // pages in a row that needed a browser all the same: reading them is in vain
	unseenMost   = 3  // pages whose scripts ask for more though they look like those that are believed
)

// chosen is why a browser reads an order whose page could be believed.
const chosen = "chosen at random, to be compared"

// trust knows what can be believed of pages that are read without a browser in one way. It begins
// anew with each run; what other runs have seen does not count.
type trust struct {
	off string // why no page is read in this way any more; empty: they are

	editions map[string]*edition
	useless  int // pages in a row that needed a browser
	compared int
	agreed   int

	unproved []provisional // orders that were completed in this way since the last agreement
	last     checkable     // the last of them
	checks   int           // tries to compare it at the end
}

// edition is what is known of the pages that load the same scripts.
type edition struct {
	agreed  int             // comparisons
	longest int             // list of those
	parts   map[uint64]int  // how many of those pages had such a part
	barred  map[uint64]bool // parts of pages whose scripts have asked for more: no page is believed that has one
	unseen  [][]string      // what scripts of pages have asked for more of which nothing in them tells
}

// known says whether a page is built as those that were compared: it has no part that none of them
// had, and lacks none that all of them had.
func (e *edition) known(parts []uint64) bool {
	always := 0
	for _, n := range e.parts {
		if n == e.agreed {
			always++
		}
	}
	for _, p := range parts {
		switch {
		case e.parts[p] == 0, e.barred[p]:
			return false
		case e.parts[p] == e.agreed:
			always--
		}
	}
	return always == 0
}

// bar takes a page whose scripts have asked for more: what it has that no page had which was compared may be
// what tells that.
func (e *edition) bar(parts []uint64) {
	for _, p := range parts {
		if e.parts[p] == 0 {
			e.barred[p] = true
		}
	}
}

// add takes a page that agreed.
func (e *edition) add(page po.PageReading) {
	e.agreed++
	e.longest = max(e.longest, len(page.Attachments))
	for _, p := range page.Parts {
		e.parts[p]++
	}
}

// edition returns what is known of pages that load the same scripts as one.
func (t *trust) edition(name string) *edition {
	e := t.editions[name]
	if e == nil {
		e = &edition{parts: map[uint64]int{}, barred: map[uint64]bool{}}
		t.editions[name] = e
	}
	return e
}

// provisional is an order that was completed without a browser.
type provisional struct {
	key po.Key
	at  int // which of the pages that were read it was
}

func newTrust() *trust { return &trust{editions: map[string]*edition{}} }

// trusted says that some pages need no browser.
func (t *trust) trusted() bool {
	for _, e := range t.editions {
		if e.agreed >= trustAfter {
			return t.off == ""
		}
	}
	return false
}

// learned is how many comparisons have agreed of those that are needed first, for the pages of
// which most have.
func (t *trust) learned() int {
	n := 0
	for _, e := range t.editions {
		n = max(n, e.agreed)
	}
	return min(n, trustAfter)
}

// needsBrowser says why a browser has to read an order whose page was read; empty: it need not.
// random is from [0,1).
func (t *trust) needsBrowser(p po.PageReading, random float64) string {
	switch n := len(p.Attachments); {
	case t.off != "":
		return t.off
	case p.Doubt != "":
		return p.Doubt
	case p.Sign != po.SignAttachments || n == 0:
		return "the page lists no attachments"
	case t.edition(p.Edition).agreed < trustAfter:
		return fmt.Sprintf("%d of the %d comparisons have agreed that are needed first", t.edition(p.Edition).agreed, trustAfter)
	case !t.edition(p.Edition).known(p.Parts):
		return "no page that is built like this was compared yet"
	case n > t.edition(p.Edition).longest:
		return fmt.Sprintf("no list of more than %d attachments was compared yet", t.edition(p.Edition).longest)
	case random < 1.0/compareEvery:
		return chosen
	}
	return ""
}

// passedOn takes it that a page needs a browser all the same. Where that is so of many in a row,
// no page is read any more.
func (t *trust) passedOn(why string) {
	if t.useless++; t.useless >= uselessAfter && t.off == "" {
		t.off = fmt.Sprintf("%d pages in a row needed a browser: %s", t.useless, why)
	}
}

// completed takes it that an order was completed without a browser; at is which of the pages it
// was.
func (t *trust) completed(key po.Key, at int) {
	t.useless = 0
	t.unproved = append(t.unproved, provisional{key, at})
}

// verdict is what a comparison has shown.
type verdict int

const (
	unsuited  verdict = iota // a script may add to the list: it says nothing
	agreement                // both ways tell the same
	different                // they do not
)

// compare takes a page that a browser has read, too. at is which of the pages it was; own says
// that its scripts have asked for something else of this order. Where the two differ, no page is read
// in this way any more, and the orders are returned that have to be read again.
func (t *trust) compare(key po.Key, at int, page po.PageReading, own bool, browser po.Reading) (verdict, []po.Key) {
	if e := t.edition(page.Edition); !e.known(page.Parts) { // what it is like is not believed, nor will be
		switch {
		case own:
			e.bar(page.Parts)
			t.passedOn("their scripts ask the portal for more")
			return unsuited, nil
		case noAddress(page.Reading, browser):
			t.passedOn("only clicks lead to their attachments")
			return unsuited, nil
		}
	}
	if difference := DifferenceOf(page.Reading, browser); difference != "" {
		t.compared++
		t.off = fmt.Sprintf("order %s differs: %s", key, difference)
		return different, t.takeUnproved()
	}
	switch {
	case own:
		t.passedOn("their scripts ask the portal for more")
		return unsuited, nil
	case slices.ContainsFunc(browser.Attachments, unreached):
		return unsuited, nil
	}
	t.compared++
	t.agreed++
	t.useless = 0
	t.edition(page.Edition).add(page)
	t.unproved = slices.DeleteFunc(t.unproved, func(p provisional) bool { return p.at < at })
	return agreement, nil
}

// askedMore takes what scripts of a page have asked for more. Where there are several such pages that look like
// those that are believed, no page is read in this way any more, and the orders are returned that have to be read
// again. What other orders' pages have asked for since, too, counts no more.
func (t *trust) askedMore(page po.PageReading, more []string, shared func(string) bool) []po.Key {
	e := t.edition(page.Edition)
	if t.off != "" || !e.known(page.Parts) {
		return nil
	}
	e.unseen = slices.DeleteFunc(append(e.unseen, more), func(list []string) bool {
		return !slices.ContainsFunc(list, func(request string) bool { return !shared(request) })
	})
	if len(e.unseen) < unseenMost {
		return nil
	}
	t.off = "scripts of some pages ask the portal for more, and nothing tells of which"
	return t.takeUnproved()
}

// clickedTo says whether a browser has got from an element without an address to one by a click. The element's
// ID is of what a script finds there.
func clickedTo(a po.Attachment, address string) bool {
	key := po.ParseIdentity(a.ID).Key
	return address != "" && a.URL == address && (key == "" || strings.HasPrefix(key, "click:"))
}

// unreached says whether a browser has failed to get at an attachment by a click: it is not known where that leads.
func unreached(a po.Attachment) bool {
	key := po.ParseIdentity(a.ID).Key
	return a.URL == "" && a.Cause != "" && a.Cause != po.BlockedHost && (key == "" || strings.HasPrefix(key, "click:"))
}

// noAddress says whether a browser has got at an attachment by a click that leads to no address, where the page
// gives one. Nothing like it is believed, and what it is like the page's shape tells.
func noAddress(page, browser po.Reading) bool {
	if len(page.Attachments) != len(browser.Attachments) {
		return false
	}
	for i, a := range page.Attachments {
		if b := browser.Attachments[i]; a.Name == b.Name && a.URL != "" && b.URL == "" && b.Cause == "" && a.ID != b.ID {
			return true
		}
	}
	return false
}

// takeUnproved returns the orders that no comparison has confirmed, and forgets them.
func (t *trust) takeUnproved() []po.Key {
	var keys []po.Key
	for _, p := range t.unproved {
		keys = append(keys, p.key)
	}
	t.unproved = nil
	return keys
}

// DifferenceOf says in words in what a page that was read without a browser differs from what
// a browser has read; empty: in nothing that the browser has seen. Its text names nothing of the portal's.
func DifferenceOf(page, browser po.Reading) string {
	switch {
	case page.Sign != browser.Sign:
		return fmt.Sprintf("the page has a list, and the browser sees %s", browser.Sign)
	case len(page.Attachments) != len(browser.Attachments):
		return fmt.Sprintf("the page lists %d attachments, and the browser %d", len(page.Attachments), len(browser.Attachments))
	case page.Supplier != browser.Supplier:
		return "the supplier"
	}
	for i, a := range page.Attachments {
		switch b := browser.Attachments[i]; {
		case a.Name != b.Name:
			return fmt.Sprintf("the name of attachment %d", i+1)
		case a.ID != b.ID && !clickedTo(b, a.URL) && !unreached(b):
			return fmt.Sprintf("the address of attachment %d", i+1)
		case (a.Cause == po.BlockedHost) != (b.Cause == po.BlockedHost):
			return fmt.Sprintf("whether attachment %d can be fetched", i+1)
		}
	}
	return ""
}
