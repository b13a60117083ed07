// Package preferences sets what Chromium lets a profile's user prefer.
package preferences

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Values are preferences by group and name.
type Values map[string]map[string]any

// Set puts values into the preferences of the default profile in a user data
// directory. Their file need not exist; no browser may have it open.
func Set(userDataDir string, values Values) error {
	file := filepath.Join(userDataDir, "Default", "Preferences")
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	merged, err := merge(old, values)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, merged, 0o600)
}

// merge sets values and leaves every other one as it was written. What is no JSON
// object is replaced, as the browser would.
func merge(old []byte, values Values) ([]byte, error) {
	all := object(old)
	for group, wanted := range values {
		in := object(all[group])
		for name, value := range wanted {
			raw, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			in[name] = raw
		}
		raw, err := encode(in)
		if err != nil {
			return nil, err
		}
		all[group] = raw
	}
	return encode(all)
}

// object reads a JSON object one level deep; an empty one if it is none.
func object(raw []byte) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal(raw, &o) != nil || o == nil {
		return map[string]json.RawMessage{}
	}
	return o
}

func encode(o map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(o)
	return bytes.TrimSpace(b.Bytes()), err
}
