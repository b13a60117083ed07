package browser

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// lister turns what a page lists into attachments.
type lister struct {
	portal  portal.Portal
	pattern *regexp.Regexp // of the name within what was found; nil: all of it
}

// newLister leaves out a name pattern that is none; the portal's Check refuses
// those.
func newLister(p portal.Portal) lister {
	l := lister{portal: p}
	if p.Attachments.NamePattern != "" {
		l.pattern, _ = regexp.Compile(p.Attachments.NamePattern)
	}
	return l
}

// attachments keeps the page's order. Items with the same URL are one, by the
// first name that is not empty. indexes say which item each attachment is.
func (l lister) attachments(items []item) (list []po.Attachment, indexes []int) {
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
func (l lister) identify(list []po.Attachment, indexes []int, items []item) {
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

// wanted tells which attachments are among those whose IDs are given, perhaps by
// another reading. Of those that only their place tells apart, all are if one is. Where
// one is not found again, all that have an address are: what the browser saves beside
// what it must costs time only.
func wanted(list []po.Attachment, ids []string) map[int]bool {
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

// texts are what people read at each attachment: its name and its row.
func (l lister) texts(items []item) []string {
	list, indexes := l.attachments(items)
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.Name + "\n" + items[indexes[i]].Text
	}
	return all
}

// find says which item an attachment is that was listed before; -1 if none.
func (l lister) find(items []item, id string) (index int, sure bool) {
	list, indexes := l.attachments(items)
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
func (l lister) locate(a *po.Attachment, address string) (key string) {
	address, _, _ = strings.Cut(address, "#")
	u, err := url.Parse(address)
	if err == nil {
		key = po.AttachmentID(unsigned(u))
	} else {
		key = po.AttachmentID(address)
	}
	key = strings.ReplaceAll(key, " ", "%20")
	switch {
	case len(address) > maxURLChars:
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

func (l lister) name(found string) string {
	if l.pattern == nil {
		return found
	}
	if groups := l.pattern.FindStringSubmatch(found); len(groups) > 1 && groups[1] != "" {
		return groups[1]
	}
	return found
}
