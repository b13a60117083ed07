package po

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Key identifies an order within a run. Two ways of writing the same number
// have one key. A key consists of A-Z, 0-9, '.', '_', '-' and '%', that of a task
// (NewTaskKey) also of a-z; it does not begin with a dot and is therefore safe as a
// part of a file name on every system.
type Key string

// maxKeyBytes leaves room in a 255-byte file name for "PO_" and the status.
const maxKeyBytes = 120

// NewKey makes the key of a number as a portal's URL wants it: upper case,
// with every byte that is not safe in a file name written as %XX. It is
// injective on upper-case numbers. It fails on an empty number and on one
// whose key would be longer than a file name can hold.
func NewKey(number string) (Key, error) {
	var b strings.Builder
	for i, c := range []byte(strings.ToUpper(strings.TrimSpace(number))) {
		switch {
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	switch {
	case b.Len() == 0:
		return "", fmt.Errorf("empty order number")
	case b.Len() > maxKeyBytes:
		return "", fmt.Errorf("order number of %d bytes is too long", len(number))
	}
	return Key(b.String()), nil
}

// Valid reports whether k is a key that NewKey or NewTaskKey makes.
func (k Key) Valid() bool {
	for _, c := range []byte(k) {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._-%", c) >= 0) {
			return false
		}
	}
	return k != "" && k[0] != '.'
}

// Order is one purchase order of a batch.
type Order struct {
	// Key identifies the order within the run.
	Key Key
	// Number is what the portal's URL template takes for {number}.
	Number string
	// RawNumber is the number as the batch first has it, for people to read.
	RawNumber string
	// Levels name the folders above the order's own, outermost first. Without
	// any the level is the supplier.
	Levels []string
	// Invalid says in words why what is written is no number of the portal;
	// empty if it is one. Such an order is settled as Failed with the cause
	// InvalidNumber, and no browser is asked.
	Invalid string
	// Task is the data of a task of a program's own, as JSON; nil for a purchase
	// order. Number is the task's key then, as the program has it.
	Task json.RawMessage
}

// IsTask reports whether o is a task of a program's own, and not a purchase order: its
// files come all or not at all, and it is not done once more to see whether a session
// lives.
func (o Order) IsTask() bool { return o.Task != nil }

// Saved is what earlier attempts at an order left on disk.
type Saved struct {
	// Folder is the order's folder, relative to the output directory, with
	// forward slashes. Empty: none yet.
	Folder string
	// Files are those recorded as whole and verified in Folder.
	Files []File
}
