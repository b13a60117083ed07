package launch

import (
	"os"
	"path/filepath"
)

// usualPlaces lists the applications of all users, then the user's own.
func usualPlaces() []string {
	apps := []string{
		"Google Chrome.app/Contents/MacOS/Google Chrome",
		"Chromium.app/Contents/MacOS/Chromium",
		"Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
	}
	dirs := []string{"/Applications"}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, "Applications"))
	}
	var places []string
	for _, dir := range dirs {
		for _, app := range apps {
			places = append(places, filepath.Join(dir, app))
		}
	}
	return places
}
