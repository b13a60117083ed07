package portal

import "strings"

// position is where something stands in the file, from 1.
type position struct{ line, column int }

// positions tells where a key's value stands.
type positions map[string]position

// locate gives the faults of Check their positions, leaving out those at keys
// where the file itself was wrong.
func (p positions) locate(faults, known Errors) Errors {
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

// of returns the position of a key, or of the nearest one around it.
func (p positions) of(key string) (line, column int) {
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
