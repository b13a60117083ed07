package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/poactor/poactor/po"
)

// Checker compares files of an output directory with their records.
type Checker struct{ root *os.Root }

// NewChecker opens an output directory for looking.
func NewChecker(out string) (*Checker, error) {
	root, err := os.OpenRoot(out)
	if err != nil {
		return nil, fmt.Errorf("open output directory: %w", err)
	}
	return &Checker{root}, nil
}

// Close gives the directory back.
func (c *Checker) Close() error { return c.root.Close() }

// File says in words how a file differs from its record: empty if it does not.
func (c *Checker) File(folder string, f po.File) string {
	name := path.Join(folder, f.Name)
	info, err := c.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing"
	case err != nil:
		return "cannot be looked at: " + lastError(err)
	case !info.Mode().IsRegular():
		return "is not a file"
	case info.Size() != f.Bytes:
		return fmt.Sprintf("has %d bytes, not %d", info.Size(), f.Bytes)
	}
	sum, err := sumOf(c.root, name, f.Bytes)
	switch {
	case err != nil:
		return "cannot be read: " + lastError(err)
	case sum != f.SHA256:
		return "has another content"
	}
	return ""
}

// lastError is the system's own word, without the name, which stands beside it.
func lastError(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
