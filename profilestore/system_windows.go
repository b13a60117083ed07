package profilestore

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// inUse tells which running browser has the profile; empty if none. A browser
// holds the file "lockfile" open for itself alone.
func inUse(base string) string {
	f, err := os.OpenFile(filepath.Join(base, "lockfile"), os.O_RDWR, 0)
	if err == nil {
		f.Close()
		return ""
	}
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return "it holds the file lockfile"
	}
	return ""
}
