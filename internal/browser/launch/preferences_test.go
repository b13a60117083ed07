package launch

import (
	"os"
	"path/filepath"
	"testing"
)

// What the profile's owner has set stays.
func TestKeepSession(t *testing.T) {
	t.Parallel()
	const set = `"session":{"restore_on_startup":1}`
	for old, want := range map[string]string{
		"":              "{" + set + "}",
		`{"a":{"b":1}}`: `{"a":{"b":1},` + set + "}",
		`{"session":{"restore_on_startup":5,"x":[2]}}`: `{"session":{"restore_on_startup":1,"x":[2]}}`,
		"{": "{" + set + "}",
	} {
		dir := filepath.Join(t.TempDir(), "new")
		file := filepath.Join(dir, "Default", "Preferences")
		if old != "" {
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := KeepSession(dir)
		if got, _ := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", old, got, err)
		}
	}
}
