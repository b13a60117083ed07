package portal

import "strings"

// place is where something stands in the file, from 1.
type place struct{ line, column int }

// places tells where a key's value stands.
type places map[string]place

// placed gives the faults of Check their places, leaving out those at keys
// where the file itself was wrong.
func (p places) placed(faults, known Errors) Errors {
	var out Errors
	for _, e := range faults {
		if known.within(e.Key) {
			continue
		}
		e.Line, e.Column = p.of(e.Key)
		out = append(out, e)
	}
	return out
}

// of returns the place of a key, or of the nearest one around it.
func (p places) of(key string) (line, column int) {
	for {
		if at, ok := p[key]; ok {
			return at.line, at.column
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
}

// within reports whether a problem is known at the key, above or below it.
func (e Errors) within(key string) bool {
	for _, known := range e {
		if known.Key != "" && (below(key, known.Key) || below(known.Key, key)) {
			return true
		}
	}
	return false
}

// below reports whether key is the same as top or stands in it.
func below(key, top string) bool {
	rest, ok := strings.CutPrefix(key, top)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
