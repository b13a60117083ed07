package fastlane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// eachOf stands in a path for each element of an array.
const eachOf = "[]"

// path leads into JSON: names of fields, and eachOf.
type path []string

func (p path) String() string { return strings.Join(p, "\x1f") }

// Bounds of an answer.
const (
	maxDepth  = 40
	maxFields = 200 // of one element
)

// parseJSON reads an answer: one value, and nothing behind it.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows")
	}
	return value, nil
}

// scalar is a value as a text; false for what has parts, for null and for true and false.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// walk calls visit for a value and all that is in it, with their paths.
func walkJSON(value any, at path, visit func(at path, value any)) {
	if len(at) > maxDepth {
		return
	}
	visit(at, value)
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walkJSON(v[key], append(at[:len(at):len(at)], key), visit)
		}
	case []any:
		for _, element := range v {
			walkJSON(element, append(at[:len(at):len(at)], eachOf), visit)
		}
	}
}

// objectsOf are the objects at each path that leads through an array, in the answer's order.
func objectsOf(value any) map[string][]map[string]any {
	found := map[string][]map[string]any{}
	walkJSON(value, nil, func(at path, value any) {
		if o, ok := value.(map[string]any); ok && slices.Contains(at, eachOf) {
			found[at.String()] = append(found[at.String()], o)
		}
	})
	return found
}

// at are the objects at one path; false where no array is there that could have them.
func elementsAt(value any, at path) (list []map[string]any, ok bool) {
	if len(at) == 0 {
		o, isObject := value.(map[string]any)
		return []map[string]any{o}, isObject
	}
	if at[0] == eachOf {
		array, isArray := value.([]any)
		if !isArray {
			return nil, false
		}
		for _, element := range array {
			below, ok := elementsAt(element, at[1:])
			if !ok {
				return nil, false
			}
			list = append(list, below...)
		}
		return list, true
	}
	o, isObject := value.(map[string]any)
	below, has := o[at[0]]
	if !isObject || !has {
		return nil, false
	}
	return elementsAt(below, at[1:])
}

// fieldsOf are the texts and numbers of an element, by their paths without arrays.
func fieldsOf(o map[string]any) map[string]string {
	fields := map[string]string{}
	walkJSON(o, nil, func(at path, value any) {
		if text, ok := scalar(value); ok && !slices.Contains(at, eachOf) && len(fields) < maxFields {
			fields[at.String()] = text
		}
	})
	return fields
}

// states are the fields of an element whose values name kinds or states.
func statesOf(o map[string]any) map[string]string {
	states := map[string]string{}
	walkJSON(o, nil, func(at path, value any) {
		if slices.Contains(at, eachOf) || len(states) >= maxFields {
			return
		}
		switch v := value.(type) {
		case bool, nil:
			states[at.String()] = fmt.Sprint(v)
		case string:
			if word.MatchString(v) {
				states[at.String()] = v
			}
		}
	})
	return states
}

// saysError says whether an answer tells of an error besides what it lists.
func saysError(value any) bool {
	o, ok := value.(map[string]any)
	if !ok {
		return false
	}
	for key, value := range o {
		switch strings.ToLower(key) {
		case "error", "errors", "exception", "fault", "error_message", "errormessage":
		default:
			continue
		}
		switch v := value.(type) {
		case nil:
		case bool:
			if v {
				return true
			}
		case string:
			if v != "" {
				return true
			}
		case []any:
			if len(v) > 0 {
				return true
			}
		case map[string]any:
			if len(v) > 0 {
				return true
			}
		default:
			if fmt.Sprint(v) != "0" {
				return true
			}
		}
	}
	return false
}

// answerFeatures are what an answer is built of: the kinds of its values by their paths. What is the order's
// number, or the identity that it was asked for by, is a kind of its own: another order's answer does not
// have it. hasOwn says whether there is one. what names the answer.
func answerFeatures(f features, what string, value any, own map[string]string) (hasOwn bool) {
	kinds := map[string]string{}
	for _, kind := range slices.Backward(slices.Sorted(maps.Keys(own))) { // the first counts
		if text := own[kind]; text != "" {
			kinds[text] = kind
		}
	}
	kindOf := func(text string) string {
		if kind, ok := kinds[text]; ok {
			hasOwn = true
			return "own " + kind
		}
		return kindOfText(text, true)
	}
	walkJSON(value, nil, func(at path, value any) {
		keys := make([]string, len(at))
		for i, key := range at {
			keys[i] = digits.ReplaceAllString(key, "#")
		}
		name := what + " " + path(keys).String()
		switch v := value.(type) {
		case map[string]any:
			f[name+" {"] = true
			if len(v) == 0 {
				f[name+" {}"] = true
			}
		case []any:
			f[name+" ["] = true
			if len(v) == 0 {
				f[name+" []"] = true
			}
		case string:
			f[name+" text "+kindOf(v)] = true
		case json.Number:
			f[name+" number "+kindOf(v.String())] = true
		default:
			f[fmt.Sprintf("%s %v", name, v)] = true
		}
	})
	return hasOwn
}

// quoteJSON writes a text as scripts write it within a string of JSON.
func quoteJSON(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return text
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	quoted = strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(quoted)
	return quoted[1 : len(quoted)-1]
}
