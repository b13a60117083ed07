package profilestore

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// preferences are what every profile gets, by group and name.
var preferences = map[string]map[string]bool{
	"plugins":  {"always_open_pdf_externally": true}, // a PDF shown in the page becomes a download
	"download": {"prompt_for_download": false},       // no dialog that nobody would answer
}

// writePreferences puts the wanted preferences into the file, which need not
// exist.
func writePreferences(file string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	merged, err := mergePreferences(old)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, merged, 0o600)
}

// mergePreferences sets the wanted preferences and leaves every other value as
// it was written. What is no JSON object is replaced.
func mergePreferences(old []byte) ([]byte, error) {
	all := object(old)
	for group, values := range preferences {
		in := object(all[group])
		for name, value := range values {
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
