package browser

import (
	"fmt"
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
	clicks := map[string]int{}
	for i, it := range items {
		a := po.Attachment{Name: l.name(it.Name)}
		if it.URL == "" {
			called := po.MaskAddresses(a.Name)
			clicks[called]++
			a.ID = fmt.Sprintf("click:%s#%d", called, clicks[called])
		} else {
			l.locate(&a, it.URL)
			if first, again := byURL[a.ID]; again {
				if list[first].Name == "" {
					list[first].Name = a.Name
				}
				continue
			}
			byURL[a.ID] = len(list)
		}
		list, indexes = append(list, a), append(indexes, i)
	}
	return list, indexes
}

// locate sets an attachment's URL, or why it will not be fetched from there.
// A fragment never reaches a server, so it makes no difference; nor does what a
// link is signed with, which changes with each look at the page.
func (l lister) locate(a *po.Attachment, address string) {
	plain, _, _ := strings.Cut(address, "#")
	u, err := url.Parse(plain)
	a.ID = po.AttachmentID(plain)
	if err == nil {
		a.ID = po.AttachmentID(unsigned(u))
	}
	switch {
	case len(address) > maxURLChars:
		a.Cause, a.Detail = po.DownloadRejected, "the link is longer than any address"
	case err != nil:
		a.Cause, a.Detail = po.DownloadRejected, "the link is no address"
	case !l.portal.Allowed(u):
		a.Cause, a.Detail = po.BlockedHost, blockedDetail(u)
	default:
		a.URL = plain
	}
}

func blockedDetail(u *url.URL) string {
	if u.Scheme != "http" && u.Scheme != "https" {
		return "the link is of the kind " + clip(u.Scheme, 20) + ":, not http or https"
	}
	return "the link leads to " + clip(u.Host, 100) + ", which is not one of the portal's hosts"
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
