package portal

import (
	"slices"
	"strings"
)

// MatchesStatus reports whether the HTTP answer's status is one of the sign's.
func (s Sign) MatchesStatus(status int) bool { return slices.Contains(s.Statuses, status) }

// MatchesURL reports whether an address is one of the sign's, whatever the
// case. A pattern without * is a part of the address; one with * is the whole
// address, * standing for anything. Query and fragment count only for patterns
// that have a ? or a # themselves, because a page may carry another page's
// address there.
func (s Sign) MatchesURL(address string) bool {
	address = strings.ToLower(address)
	bare, _, _ := strings.Cut(address, "#")
	bare, _, _ = strings.Cut(bare, "?")
	return slices.ContainsFunc(s.URLs, func(pattern string) bool {
		pattern = strings.ToLower(pattern)
		seen := bare
		if strings.ContainsAny(pattern, "?#") {
			seen = address
		}
		if !strings.Contains(pattern, "*") {
			return pattern != "" && strings.Contains(seen, pattern)
		}
		return glob(pattern, seen)
	})
}

// glob reports whether pattern, in which * stands for any text, is the whole
// of text. It takes the first place for each part, so its time is linear.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == text
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, ok := strings.Cut(text, part)
		if !ok {
			return false
		}
		text = after
	}
	return true
}
