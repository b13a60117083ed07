package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace writes a file so that a reader, or the next start after a power cut,
// finds either the old one or the new one whole. What write writes goes to a
// hidden temporary file beside path, which is synced and renamed. On an error
// the old file is as it was. The mode is 0644 less the umask.
//
// The temporary file has one name for each path, so that a killed process
// leaves no more than one, which the next Replace removes. Two calls for one
// path at a time are not allowed; the run owns its output directory.
//
// Own code, since github.com/google/renameio has no Windows and
// github.com/natefinch/atomic gives mode 0600 and does not sync the directory.
func Replace(path string, write func(io.Writer) error) error {
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, "."+name+".tmp")
	err := fill(temp, write)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return fmt.Errorf("replace %s: %w", name, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return nil
}

// fill makes a new file and has it on the disk when it returns.
func fill(path string, write func(io.Writer) error) (err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 64<<10)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}
