package report

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace writes a file so that a reader, or the next start after a power cut,
// finds either the old one or the new one whole. It is Prepare and Commit.
func Replace(path string, write func(io.Writer) error) error {
	p, err := Prepare(path, write)
	if err != nil {
		return err
	}
	if err := p.Commit(); err != nil {
		p.Discard()
		return err
	}
	return nil
}

// Pending is a file that is written and has not got its name yet.
type Pending struct {
	// SHA256 is the hash of its content: 64 lower-case hexadecimal digits.
	SHA256 string

	path, temp string
}

// Prepare writes what is to replace the file at path. What write writes goes to
// a hidden temporary file beside path, which is synced. On an error nothing is
// left. The mode is 0644 less the umask.
//
// The temporary file has one name for each path, so that a killed process
// leaves no more than one, which the next Prepare removes. Two at a time for one
// path are not allowed; the run owns its output directory.
//
// Own code, since github.com/google/renameio has no Windows and
// github.com/natefinch/atomic gives mode 0600 and does not sync the directory.
func Prepare(path string, write func(io.Writer) error) (*Pending, error) {
	dir, name := filepath.Split(path)
	p := &Pending{path: path, temp: filepath.Join(dir, "."+name+".tmp")}
	h := sha256.New()
	if err := fill(p.temp, func(w io.Writer) error { return write(io.MultiWriter(w, h)) }); err != nil {
		os.Remove(p.temp)
		return nil, fmt.Errorf("replace %s: %w", name, err)
	}
	p.SHA256 = hex.EncodeToString(h.Sum(nil))
	return p, nil
}

// Commit puts the new file in the place of the old one. On an error, like that
// of Windows where a program has the old one open, it is as it was, and the new
// one waits for CommitBeside or Discard.
func (p *Pending) Commit() error {
	err := os.Rename(p.temp, p.path)
	if err == nil {
		err = syncDir(filepath.Dir(p.path))
	}
	if err != nil {
		return fmt.Errorf("replace %s: %w", filepath.Base(p.path), err)
	}
	return nil
}

// CommitBeside gives the new file another name, in the same directory.
func (p *Pending) CommitBeside(path string) error {
	beside := &Pending{SHA256: p.SHA256, path: path, temp: p.temp}
	return beside.Commit()
}

// Discard removes a file that is not to be.
func (p *Pending) Discard() { os.Remove(p.temp) }

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
