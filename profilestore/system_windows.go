package profilestore

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// findHolder tells who has the profile open; nil if nobody has. A browser holds the file
// "lockfile" open for itself alone.
func findHolder(profile string) *lockHolder {
	f, err := os.OpenFile(filepath.Join(profile, "lockfile"), os.O_RDWR, 0)
	if err == nil {
		f.Close()
		return nil
	}
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return &lockHolder{process: "it holds the file lockfile"}
	}
	return nil
}
