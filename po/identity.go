package po

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Identity is what tells an attachment from the others that its page lists. Its
// text is the attachment's ID.
type Identity struct {
	// Key is the attachment's address or, where it has none, a hash of the data
	// that its element hands to the portal; empty where that is not its alone.
	Key string
	// Label is what people read; empty where that is not its alone.
	Label string
	// Place is the attachment's among those that nothing but their place tells
	// apart, from 1; 0 if it is none of those. A place says nothing of another
	// reading.
	Place int
	// Part is the name of one of several files that a click gives.
	Part string
}

// String is the ID: words with a space between them, of which the first is the
// key.
func (i Identity) String() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(i.Key, " ", "%20"))
	if i.Key == "" {
		b.WriteByte('-')
	}
	for _, field := range []struct{ name, value string }{{"label", i.Label}, {"part", i.Part}} {
		if field.value != "" {
			b.WriteString(" " + field.name + "=" + url.QueryEscape(field.value))
		}
	}
	if i.Place > 0 {
		fmt.Fprintf(&b, " place=%d", i.Place)
	}
	return b.String()
}

// ParseIdentity reads an ID. What it does not know is left out.
func ParseIdentity(id string) Identity {
	key, rest, _ := strings.Cut(id, " ")
	i := Identity{Key: key}
	if key == "-" {
		i.Key = ""
	}
	for _, field := range strings.Fields(rest) {
		name, value, _ := strings.Cut(field, "=")
		text, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		switch name {
		case "label":
			i.Label = text
		case "part":
			i.Part = text
		case "place":
			_, _ = fmt.Sscanf(text, "%d", &i.Place)
		}
	}
	return i
}

// Match says that an attachment of one reading is that of another.
type Match struct {
	Old  int  // its index in the older list of IDs
	Sure bool // all that is known of the two is equal, and it is more than a label
}

// MatchIDs finds the attachments of an older reading in a newer one: by their keys,
// by their labels and, for an address that changes with each look, by what stands
// before its query. Where these disagree the list has moved, and there is no
// match; nor is there one for what only its place tells apart. The answer is by
// index in the newer list.
func MatchIDs(older, newer []string) map[int]Match {
	was, is := parseAll(older), parseAll(newer)
	olds, news := make([]links, len(was)), make([]links, len(is))
	join := func(by func(Identity) string) {
		there := indexOf(is, by)
		for text, o := range indexOf(was, by) {
			if n, ok := there[text]; ok {
				olds[o], news[n] = olds[o].with(n), news[n].with(o)
			}
		}
	}
	join(func(i Identity) string { return i.Key })
	byKey := make(map[string]bool)
	for n, l := range news {
		if len(l) > 0 {
			byKey[is[n].Key] = true
		}
	}
	join(func(i Identity) string {
		if at := strings.IndexAny(i.Key, "?#"); at > 0 && at < len(i.Key)-1 && !byKey[i.Key] { // the query, or its hash
			return i.Key[:at]
		}
		return ""
	})
	join(func(i Identity) string { return i.Label })
	matches := map[int]Match{}
	for n, l := range news {
		if len(l) == 1 && len(olds[l[0]]) == 1 {
			matches[n] = Match{Old: l[0], Sure: was[l[0]] == is[n] && is[n].Key != ""}
		}
	}
	return matches
}

// links are the indexes of what one attachment may be the same as.
type links []int

func (l links) with(i int) links {
	if slices.Contains(l, i) {
		return l
	}
	return append(l, i)
}

func parseAll(ids []string) []Identity {
	list := make([]Identity, len(ids))
	for i, id := range ids {
		list[i] = ParseIdentity(id)
	}
	return list
}

// indexOf tells where each text of the list is that stands in it once. Files of one
// click are told apart by their names.
func indexOf(list []Identity, by func(Identity) string) map[string]int {
	index, twice := map[string]int{}, map[string]bool{}
	for i, identity := range list {
		text := by(identity)
		if text == "" || identity.Place > 0 {
			continue
		}
		text += " " + identity.Part
		if _, again := index[text]; again {
			twice[text] = true
		}
		index[text] = i
	}
	for text := range twice {
		delete(index, text)
	}
	return index
}
