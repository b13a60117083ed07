package launch

import (
	"os"
	"path/filepath"
)

// usualPlaces lists where distributions and vendors put their browsers. The
// programs themselves come before the wrappers in /usr/bin, which are shell
// scripts that add flags of their own. The snap comes last: it is confined to
// the user's home and cannot use profiles elsewhere.
func usualPlaces() []string {
	places := []string{
		"/usr/lib/chromium/chromium",                   // Debian
		"/usr/lib64/chromium-browser/chromium-browser", // Fedora
		"/opt/google/chrome/chrome",
		"/opt/microsoft/msedge/msedge",
		"/usr/lib/chromium-browser/chromium-browser",
	}
	for _, name := range []string{
		"google-chrome-stable", "google-chrome",
		"chromium", "chromium-browser",
		"microsoft-edge-stable", "microsoft-edge",
	} {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			if filepath.IsAbs(dir) {
				places = append(places, filepath.Join(dir, name))
			}
		}
	}
	return append(places, "/snap/bin/chromium")
}

// managed tells if a company has set policies for the browser of this machine:
// certificates to sign in with, proxies, or that they come from the vendor's cloud.
// The headless shell does not know them.
func managed() bool { return managedBelow("/") }

func managedBelow(root string) bool {
	for _, b := range []brand{chromium, chrome, edge} {
		for _, dir := range b.dirs {
			// The pattern is good.
			if files, _ := filepath.Glob(filepath.Join(root, dir, "policies/*/*")); len(files) > 0 {
				return true
			}
		}
	}
	return false
}
