package results

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/poactor/poactor/internal/outdir"
)

// lastExport remembers what results.* was when it was written here: people open it
// in Excel, and what they have made of it must not be lost. It is kept in the
// output directory, since they do so between starts as well.
type lastExport struct {
	// Hashes are those of the last two contents: the newer is recorded before the
	// file is replaced.
	Hashes []string `json:"hashes"`

	dir  string // the output directory
	size int64  // of the file that was last found to be ours; with its time
	time int64
}

func readLastExport(dir string) lastExport {
	l := lastExport{dir: dir}
	root, err := outdir.OpenState(dir)
	if err != nil {
		return l
	}
	defer root.Close()
	text, err := root.ReadFile(outdir.ExportFile)
	if err != nil || json.Unmarshal(text, &l) != nil {
		l.Hashes = nil // then what is there counts as somebody's
	}
	return l
}

// add records what is about to be written.
func (l *lastExport) add(hash string) error {
	last := max(0, len(l.Hashes)-1)
	if slices.Equal(l.Hashes[last:], []string{hash}) {
		return nil
	}
	next := lastExport{Hashes: append(slices.Clone(l.Hashes[last:]), hash)}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	root, err := outdir.OpenState(l.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	// A disk that is full must not cost what is recorded: results.* would count as
	// somebody's.
	if err := outdir.ReplaceIn(root, outdir.ExportFile, 0o600, outdir.Bytes(text)); err != nil {
		return err
	}
	l.Hashes = next.Hashes
	return nil
}

// isOurs says whether a file is as it was written here.
func (l *lastExport) isOurs(path string, info fs.FileInfo) (bool, error) {
	if info.Size() == l.size && info.ModTime().UnixNano() == l.time {
		return true, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, err
	}
	if !slices.Contains(l.Hashes, hex.EncodeToString(h.Sum(nil))) {
		return false, nil
	}
	l.size, l.time = info.Size(), info.ModTime().UnixNano()
	return true, nil
}

// backupEdited moves a file that somebody has edited out of the way of what is about
// to replace it, and records what that is.
func (w *Writer) backupEdited(path, hash string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w.last.add(hash)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return w.last.add(hash) // replacing it will say what is wrong
	}
	ours, err := w.last.isOurs(path, info)
	if err != nil {
		return err
	}
	if !ours {
		backup, err := freeName(path, "edited")
		if err == nil {
			err = os.Rename(path, backup)
		}
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		w.warn(name, fmt.Sprintf("%s was changed by somebody: it is %s now", name, filepath.Base(backup)))
	}
	return w.last.add(hash)
}

// moveOutdated moves results of another kind out of the way, which an earlier list
// of the same output directory has left: nobody brings them up to date any more.
// What cannot be moved yet, as while Excel has it open, is said once, and tried
// again. What comes later, while the run goes on, is somebody's own.
func (w *Writer) moveOutdated() {
	current := w.resultsName()
	if w.outdated == nil {
		w.outdated = map[string]bool{}
		for _, ext := range outdir.BatchExtensions() {
			if path := filepath.Join(w.dir, outdir.ResultsStem+ext); ext != filepath.Ext(current) {
				w.outdated[path], w.outdated[sideName(path)] = true, true
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(w.outdated)) {
		if w.moveOne(path, current) {
			delete(w.outdated, path)
		}
	}
}

// moveOne moves one file out of the way of the results called current. It reports
// whether nothing more is to be done.
func (w *Writer) moveOne(path, current string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || w.list != nil && w.list.IsFile(path) {
		return true
	}
	name := filepath.Base(path)
	backup, err := freeName(path, "old")
	if err == nil {
		err = os.Rename(path, backup)
	}
	switch {
	case err == nil:
		w.warn(name, fmt.Sprintf("%s is of an earlier batch: it is %s now", name, filepath.Base(backup)))
	case !w.warned[name]:
		w.warned[name] = true
		w.warn(name, fmt.Sprintf("%s is of an earlier batch, and out of date: what is new is in %s", name, current))
	}
	return err == nil
}

// freeName is the first of name.word.csv, name.word-2.csv, … that is free.
func freeName(path, word string) (string, error) {
	ext := filepath.Ext(path)
	for n := 1; n < 1000; n++ {
		number := ""
		if n > 1 {
			number = fmt.Sprint("-", n)
		}
		name := strings.TrimSuffix(path, ext) + "." + word + number + ext
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
	}
	return "", fmt.Errorf("too many files are called like %s", filepath.Base(path))
}
