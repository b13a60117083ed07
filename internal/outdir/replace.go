package outdir

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Replacement is a file that is written, and on the disk, and has not got its name
// yet. Its Discard must be called in any case.
type Replacement struct {
	// SHA256 is the hash of its content: 64 lower-case hexadecimal digits.
	SHA256 string

	dir        *os.Root
	closes     bool // dir, on Discard
	temp, name string
}

// Prepare writes what is to replace the file at path, in the manner of PrepareIn.
func Prepare(path string, mode fs.FileMode, write func(io.Writer) error) (*Replacement, error) {
	dir, name := filepath.Split(path)
	root, err := os.OpenRoot(filepath.Clean(dir))
	if err != nil {
		return nil, fmt.Errorf("replace %s: %w", name, err)
	}
	r, err := PrepareIn(root, name, mode, write)
	if err != nil {
		root.Close()
		return nil, err
	}
	r.closes = true
	return r, nil
}

// PrepareIn writes what is to replace the file called name in dir. What write writes
// goes to a hidden temporary file beside it, of the mode less the umask, which is
// synced. On an error nothing is left.
//
// The temporary file has one name for each file, see TempName, so that a killed
// process leaves no more than one, which the next PrepareIn removes. Two at a time
// for one file are not allowed: whoever calls it holds the directory.
func PrepareIn(dir *os.Root, name string, mode fs.FileMode, write func(io.Writer) error) (*Replacement, error) {
	r := &Replacement{dir: dir, temp: TempName(name), name: name}
	h := sha256.New()
	if err := fill(dir, r.temp, mode, func(w io.Writer) error { return write(io.MultiWriter(w, h)) }); err != nil {
		_ = dir.Remove(r.temp) // err tells more
		return nil, fmt.Errorf("replace %s: %w", name, err)
	}
	r.SHA256 = hex.EncodeToString(h.Sum(nil))
	return r, nil
}

// Commit puts the new file in the place of the old one. On an error, like that of
// Windows where a program has the old one open, the old one is as it was, and the new
// one waits for CommitAs or Discard.
func (r *Replacement) Commit() error { return r.CommitAs(r.name) }

// CommitAs gives the new file another name, in the same directory.
func (r *Replacement) CommitAs(name string) error {
	err := r.dir.Rename(r.temp, name)
	if err == nil {
		err = SyncDir(r.dir, ".")
	}
	if err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return nil
}

// Discard removes a file that has not got a name; after a commit there is none.
func (r *Replacement) Discard() {
	_ = r.dir.Remove(r.temp) // mostly not there
	if r.closes {
		_ = r.dir.Close()
	}
}

// Replace writes a file so that a reader, or the next start after a power cut, finds
// either the old content or the new one whole. It is Prepare and Commit.
func Replace(path string, mode fs.FileMode, write func(io.Writer) error) error {
	return commit(Prepare(path, mode, write))
}

// ReplaceIn is Replace in an open directory.
func ReplaceIn(dir *os.Root, name string, mode fs.FileMode, write func(io.Writer) error) error {
	return commit(PrepareIn(dir, name, mode, write))
}

// Bytes writes a content that is there already.
func Bytes(content []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := bytes.NewReader(content).WriteTo(w)
		return err
	}
}

func commit(r *Replacement, err error) error {
	if err != nil {
		return err
	}
	defer r.Discard()
	return r.Commit()
}

// TempName is what a file is called until it is whole.
func TempName(name string) string { return "." + strings.TrimPrefix(name, ".") + ".tmp" }

// Create makes a new file for writing. What has its name already, be it a link or a
// FIFO, is removed, not written to.
func Create(dir *os.Root, name string, mode fs.FileMode) (*os.File, error) {
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

// fill makes a new file and has it on the disk when it returns.
func fill(dir *os.Root, name string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := Create(dir, name, mode)
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
