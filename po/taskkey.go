package po

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// MaxTaskKey is the longest key of a task, in bytes.
const MaxTaskKey = 4096

// NewTaskKey makes the key of a task from what the program calls it, which may be any
// text: the name of a folder, in which every byte that is not safe is written as %XX, and
// which is never one of poactor's own files or a device of Windows. One that would be too
// long is cut, and told apart by a hash. Texts that differ have keys that differ.
func NewTaskKey(text string) (Key, error) {
	switch {
	case text == "":
		return "", fmt.Errorf("the key of a task is empty")
	case len(text) > MaxTaskKey:
		return "", fmt.Errorf("the key of a task has %d bytes; %d are the most", len(text), MaxTaskKey)
	}
	var b strings.Builder
	reserved := isReserved(text)
	for i, c := range []byte(text) {
		edge := i == 0 || i == len(text)-1
		switch {
		case reserved && edge:
			fmt.Fprintf(&b, "%%%02X", c)
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-', c == '.' && !edge:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name) > maxKeyBytes {
		sum := sha256.Sum256([]byte(text))
		name = name[:maxKeyBytes-len("%%")-2*8] + fmt.Sprintf("%%%%%x", sum[:8]) // no text has %% by itself
	}
	return Key(name), nil
}

// isReserved reports whether a name is a device of Windows, or begins or ends like what
// poactor calls its own in an output directory.
func isReserved(text string) bool {
	name := strings.ToLower(text)
	for _, own := range []string{"results.", "report.", "manifest.", "sha256sums"} {
		if strings.HasPrefix(name, own) {
			return true
		}
	}
	if strings.HasSuffix(name, "__work") {
		return true
	}
	switch stem, _, _ := strings.Cut(name, "."); stem {
	case "con", "prn", "aux", "nul":
		return true
	default:
		return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9'
	}
}
