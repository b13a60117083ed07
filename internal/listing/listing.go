// Package listing turns the elements that a page lists into attachments: which are one,
// what each is called, where it is fetched from, and by what it is known again in
// another reading. It is pure, and the same for every way in which a page is read.
package listing

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// MaxURLChars bounds an address: signed links take some 4 KB.
const MaxURLChars = 16 << 10

// Item is an element of the list; its place in the list is its handle.
type Item struct {
	Name   string `json:"name"`
	URL    string `json:"url"`    // absolute, of any scheme; empty: only a click works
	Method bool   `json:"method"` // a script asks for it otherwise than by following its address
	Data   string `json:"data"`   // a hash of the data that it hands to the portal or to a script
	Text   string `json:"text"`   // of what is its alone, where it is clicked
	Row    string `json:"row"`    // a hash of the text of what is its alone
	Gone   bool   `json:"gone"`   // another part of the list is shown by now
}

// Lister turns what a page lists into attachments.
type Lister struct {
	portal  portal.Portal
	pattern *regexp.Regexp // of the name within what was found; nil: all of it
}

// New makes the Lister of a portal. It leaves out a name pattern that is none; the portal's Check refuses
// those.
func New(p portal.Portal) Lister {
	l := Lister{portal: p}
	if p.Attachments.NamePattern != "" {
		l.pattern, _ = regexp.Compile(p.Attachments.NamePattern)
	}
	return l
}

// Attachments keeps the page's order. Items with the same URL are one, by the
// first name that is not empty. indexes say which item each attachment is.
func (l Lister) Attachments(items []Item) (list []po.Attachment, indexes []int) {
	byURL := map[string]int{}
	for i, it := range items {
		a := po.Attachment{Name: l.name(it.Name)}
		if it.URL != "" {
			key := l.locate(&a, it.URL)
			if first, again := byURL[key]; again {
				if list[first].Name == "" {
					list[first].Name = a.Name
				}
				continue
			}
			byURL[key] = len(list)
			a.ID = key
		}
		list, indexes = append(list, a), append(indexes, i)
	}
	l.identify(list, indexes, items)
	return list, indexes
}

// identify gives each attachment the ID that it will have in another reading too, as
// far as its address or its data and its label are its alone. What nothing tells
// apart has its place, which says nothing of another reading.
func (l Lister) identify(list []po.Attachment, indexes []int, items []Item) {
	data, names, rows, places := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	called := func(i int) string { return po.MaskAddresses(list[i].Name) }
	row := func(i int) string { return called(i) + " ~" + items[indexes[i]].Row }
	for i, a := range list {
		if a.ID == "" {
			data[items[indexes[i]].Data]++
		}
		names[called(i)]++
		rows[row(i)]++
	}
	for i := range list {
		a, it := &list[i], items[indexes[i]]
		id := po.Identity{Key: a.ID}
		if id.Key == "" && it.Data != "" && data[it.Data] == 1 {
			id.Key = "click:" + it.Data
		}
		switch {
		case a.Name != "" && names[called(i)] == 1:
			id.Label = called(i)
		case rows[row(i)] == 1:
			id.Label = row(i)
		}
		if id.Key == "" && id.Label == "" {
			id.Label = called(i) // for people, and for those of its kind
			places[called(i)]++
			id.Place = places[called(i)]
		}
		a.ID = id.String()
	}
}

// Wanted tells which attachments are among those whose IDs are given, perhaps by
// another reading. Of those that only their place tells apart, all are if one is. Where
// one is not found again, all that have an address are: what the browser saves beside
// what it must costs time only.
func Wanted(list []po.Attachment, ids []string) map[int]bool {
	older, newer := make([]string, 0, len(ids)), make([]string, len(list))
	seen, alike, want := map[string]bool{}, map[string]bool{}, map[int]bool{}
	for _, id := range ids {
		whole := po.ParseIdentity(id)
		whole.Part = ""
		if whole.Place > 0 {
			alike[whole.Label] = true
		} else if id := whole.String(); !seen[id] {
			seen[id] = true
			older = append(older, id)
		}
	}
	for i, a := range list {
		newer[i] = a.ID
		if id := po.ParseIdentity(a.ID); id.Place > 0 && alike[id.Label] {
			want[i] = true
		}
	}
	found := map[int]bool{}
	for i, m := range po.MatchIDs(older, newer) {
		want[i], found[m.Old] = true, true
	}
	if len(found) < len(older) { // a link that is another one at each look: it is one of the rest
		for i, a := range list {
			if a.URL != "" && !want[i] {
				want[i] = true
			}
		}
	}
	return want
}

// Texts are what people read at each attachment: its name and its row.
func (l Lister) Texts(items []Item) []string {
	list, indexes := l.Attachments(items)
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.Name + "\n" + items[indexes[i]].Text
	}
	return all
}

// Find says which item an attachment is that was listed before; -1 if none.
func (l Lister) Find(items []Item, id string) (index int, sure bool) {
	list, indexes := l.Attachments(items)
	ids := make([]string, len(list))
	for i, a := range list {
		if ids[i] = a.ID; a.ID == id {
			return indexes[i], po.ParseIdentity(id).Key != ""
		}
	}
	for i, m := range po.MatchIDs([]string{id}, ids) {
		return indexes[i], m.Sure
	}
	return -1, false
}

// locate sets an attachment's URL, or why it will not be fetched from there, and
// returns what identifies the address. A fragment never reaches a server, so it
// makes no difference; nor does what a link is signed with, which changes with each
// look at the page.
func (l Lister) locate(a *po.Attachment, address string) (key string) {
	address, _, _ = strings.Cut(address, "#")
	u, err := url.Parse(address)
	if err == nil {
		key = po.AttachmentID(unsigned(u))
	} else {
		key = po.AttachmentID(address)
	}
	key = strings.ReplaceAll(key, " ", "%20")
	switch {
	case len(address) > MaxURLChars:
		a.Cause, a.Detail = po.DownloadRejected, "the link is longer than any address"
	case err != nil:
		a.Cause, a.Detail = po.DownloadRejected, "the link is no address"
	case !l.portal.Allowed(u):
		a.Cause, a.Detail = po.BlockedHost, blockedDetail(u)
	default:
		a.URL = address
	}
	return key
}

func blockedDetail(u *url.URL) string {
	if u.Scheme != "http" && u.Scheme != "https" {
		return "the link is of the kind " + po.Clip(u.Scheme, 20) + ":, not http or https"
	}
	return "the link leads to " + po.Clip(u.Host, 100) + ", which is not one of the portal's hosts"
}

func (l Lister) name(found string) string {
	if l.pattern == nil {
		return found
	}
	if groups := l.pattern.FindStringSubmatch(found); len(groups) > 1 && groups[1] != "" {
		return groups[1]
	}
	return found
}
