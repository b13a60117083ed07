package schedule

import (
	"fmt"
	"slices"

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
)

// chosen is why a browser reads an order whose page could be believed.
const chosen = "chosen at random, to be compared"

// trust knows what can be believed of pages that are read without a browser. Its zero value is
// that of a run that begins; what other runs have seen does not count.
type trust struct {
	off string // why no page is read any more; empty: they are

	read     int // pages, so far
	editions map[string]*edition
	longest  int // list that agreed
	useless  int // pages in a row that needed a browser
	compared int
	agreed   int

	// What pages ask the portal for: the first order whose page did so, or no order where
	// those of several did. Nothing of one order's list can be in what is asked for to the
	// letter for others.
	requests map[string]po.Key

	unproved []provisional // orders that were completed without a browser since the last agreement
}

// edition is what is known of the pages that load the same scripts.
type edition struct {
	agreed int            // comparisons
	parts  map[uint64]int // how many of those pages had such a part
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
		switch e.parts[p] {
		case 0:
			return false
		case e.agreed:
			always--
		}
	}
	return always == 0
}

// add takes a page that agreed.
func (e *edition) add(parts []uint64) {
	e.agreed++
	for _, p := range parts {
		e.parts[p]++
	}
}

// edition returns what is known of pages that load the same scripts as one.
func (t *trust) edition(name string) *edition {
	e := t.editions[name]
	if e == nil {
		e = &edition{parts: map[uint64]int{}}
		t.editions[name] = e
	}
	return e
}

// provisional is an order that was completed without a browser.
type provisional struct {
	key po.Key
	at  int // which of the pages that were read it was
}

func newTrust() trust {
	return trust{editions: map[string]*edition{}, requests: map[string]po.Key{}}
}

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
	case n > t.longest:
		return fmt.Sprintf("no list of more than %d attachments was compared yet", t.longest)
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

// maxRequests bounds what is remembered.
const maxRequests = 1 << 16

// asks takes what an order's page has asked the portal for, and says whether some of it may be
// of this order alone.
func (t *trust) asks(key po.Key, requests []string) (own bool) {
	for _, r := range requests {
		first, known := t.requests[r]
		switch {
		case known && (first == "" || first != key):
			t.requests[r] = ""
		case !known && len(t.requests) < maxRequests:
			t.requests[r] = key
			own = true
		default:
			own = true
		}
	}
	return own
}

// verdict is what a comparison has shown.
type verdict int

const (
	unsuited  verdict = iota // a script may add to the list: it says nothing
	agreement                // both ways tell the same
	different                // they do not
)

// compare takes a page that was read in both ways. at is which of the pages it was; own says
// that its scripts have asked for something of this order. Where the two differ, no page is read
// any more, and the orders are returned that have to be read again.
func (t *trust) compare(key po.Key, at int, page po.PageReading, own bool, browser po.Reading) (verdict, []po.Key) {
	if difference := DifferenceOf(page.Reading, browser); difference != "" {
		t.compared++
		t.off = fmt.Sprintf("order %s differs: %s", key, difference)
		return different, t.takeUnproved()
	}
	if own {
		t.passedOn("their scripts ask the portal for more")
		return unsuited, nil
	}
	t.compared++
	t.agreed++
	t.useless = 0
	t.edition(page.Edition).add(page.Parts)
	t.longest = max(t.longest, len(page.Attachments))
	t.unproved = slices.DeleteFunc(t.unproved, func(p provisional) bool { return p.at < at })
	return agreement, nil
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
// a browser has read; empty: in nothing. Its text names nothing of the portal's.
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
		case a.ID != b.ID:
			return fmt.Sprintf("the address of attachment %d", i+1)
		case (a.Cause == po.BlockedHost) != (b.Cause == po.BlockedHost):
			return fmt.Sprintf("whether attachment %d can be fetched", i+1)
		}
	}
	return ""
}
