package preferences

import (
	"os"
	"path/filepath"
	"testing"
)

// What the profile's owner has set stays, and what cannot be read is replaced.
func TestSet(t *testing.T) {
	t.Parallel()
	values := Values{
		"plugins":  {"always_open_pdf_externally": true},
		"download": {"prompt_for_download": false},
		"session":  {"restore_on_startup": 1},
	}
	const (
		download = `"download":{"prompt_for_download":false}`
		plugins  = `"plugins":{"always_open_pdf_externally":true}`
		session  = `"session":{"restore_on_startup":1}`
		all      = "{" + download + "," + plugins + "," + session + "}"
	)
	for name, row := range map[string]struct{ old, want string }{
		"none":      {"", all},
		"cut off":   {`{"a":`, all},
		"no object": {`[1]`, all},
		"null":      {`null`, all},
		"odd group": {`{"plugins":7}`, all},
		"others kept": {`{"z":1e400,"a":"<é>","n":12345678901234567890,"o":{"b":1}}`,
			`{"a":"<é>",` + download + `,"n":12345678901234567890,"o":{"b":1},` + plugins + "," + session + `,"z":1e400}`},
		"overruled": {`{"download":{"default_directory":"/d","prompt_for_download":true},` +
			`"plugins":{"always_open_pdf_externally":false},"session":{"restore_on_startup":5,"x":[2]}}`,
			`{"download":{"default_directory":"/d","prompt_for_download":false},` +
				plugins + `,"session":{"restore_on_startup":1,"x":[2]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "new")
			file := filepath.Join(dir, "Default", "Preferences")
			if row.old != "" {
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(row.old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := Set(dir, values)
			if got, _ := os.ReadFile(file); err != nil || string(got) != row.want {
				t.Errorf("%s, %v; want %s", got, err, row.want)
			}
		})
	}
}
