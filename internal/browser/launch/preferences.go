package launch

import "github.com/poactor/poactor/internal/preferences"

// restoreLast is the browser's word for going on where its user left off.
const restoreLast = 1

// KeepSession has the profile of a window keep the cookies that live for a session when
// its user closes it: --restore-last-session alone has them read at the next start, but
// the browser goes by the profile's own preference when its last window is closed, and
// removes them (Chromium 156).
func KeepSession(profileDir string) error {
	return preferences.Set(profileDir, preferences.Values{"session": {"restore_on_startup": restoreLast}})
}
