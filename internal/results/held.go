package results

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Held says whether another program shows that it works with the file at path:
// by a lock of the system, or by the file that office programs put beside it.
// They would write their old rows over new ones. Where it shows neither, Windows
// refuses to replace an open file by itself.
func Held(path string) bool {
	// A link is replaced itself, and so is nothing of the program that has its target.
	if info, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return false
	}
	dir, name := filepath.Split(path)
	for _, beside := range []string{".~lock." + name + "#", "~$" + name} { // LibreOffice; Excel
		if _, err := os.Lstat(filepath.Join(dir, beside)); err == nil {
			return true
		}
	}
	return isLocked(path)
}
