package launch

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// usualPlaces lists the vendors' directories, then what the registry's App
// Paths say. Aliases of the Microsoft Store are left out: they are no programs.
func usualPlaces() []string {
	var places []string
	for _, app := range []string{
		`Google\Chrome\Application\chrome.exe`,
		`Microsoft\Edge\Application\msedge.exe`,
		`Chromium\Application\chrome.exe`,
	} {
		for _, env := range []string{"ProgramFiles", "ProgramFiles(x86)", "LocalAppData"} {
			if dir := os.Getenv(env); dir != "" {
				places = append(places, filepath.Join(dir, app))
			}
		}
	}
	for _, exe := range []string{"chrome.exe", "msedge.exe"} {
		for _, root := range []registry.Key{registry.CURRENT_USER, registry.LOCAL_MACHINE} {
			path := appPath(root, exe)
			if path != "" && !strings.Contains(path, `\WindowsApps\`) {
				places = append(places, path)
			}
		}
	}
	return places
}

func appPath(root registry.Key, exe string) string {
	key, err := registry.OpenKey(root, `SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\`+exe, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	path, _, err := key.GetStringValue("")
	if err != nil {
		return ""
	}
	return strings.Trim(path, `"`)
}
