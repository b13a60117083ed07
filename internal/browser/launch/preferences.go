package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeepSession has the profile of a window keep the cookies that live for a session when
// its user closes it: --restore-last-session alone has them read at the next start, but
// the browser goes by the profile's own preference when its last window is closed, and
// removes them (Chromium 156).
func KeepSession(profileDir string) error {
	file := filepath.Join(profileDir, "Default", "Preferences")
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	merged, err := withRestoredSession(old)
	if err != nil {
		return fmt.Errorf("preferences of the profile %s: %w", profileDir, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, merged, 0o600)
}

// restoreLast is the browser's word for going on where its user left off.
const restoreLast = 1

// withRestoredSession sets that preference and leaves every other value as it was
// written. What is no JSON object is replaced, as the browser would.
func withRestoredSession(old []byte) ([]byte, error) {
	all := object(old)
	session := object(all["session"])
	session["restore_on_startup"] = json.RawMessage(fmt.Sprint(restoreLast))
	raw, err := json.Marshal(session)
	if err != nil {
		return nil, err
	}
	all["session"] = raw
	return json.Marshal(all)
}

// object reads a JSON object one level deep; an empty one if it is none.
func object(raw []byte) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal(raw, &o) != nil || o == nil {
		return map[string]json.RawMessage{}
	}
	return o
}
