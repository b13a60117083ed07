package main

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

// written remembers what results.* was when it was written here: people open it
// in Excel, and what they have made of it must not be lost. It is kept in the
// output directory, since they do so between starts as well.
type written struct {
	// Hashes are those of the last two contents: the newer is recorded before the
	// file is replaced.
	Hashes []string `json:"hashes"`

	dir  string // the output directory
	size int64  // of the file that was last found to be ours; with its time
	time int64
}

func readWritten(dir string) written {
	w := written{dir: dir}
	root, err := outdir.OpenState(dir)
	if err != nil {
		return w
	}
	defer root.Close()
	text, err := root.ReadFile(outdir.ExportFile)
	if err != nil || json.Unmarshal(text, &w) != nil {
		w.Hashes = nil // then what is there counts as somebody's
	}
	return w
}

// add records what is about to be written.
func (w *written) add(hash string) error {
	last := max(0, len(w.Hashes)-1)
	if slices.Equal(w.Hashes[last:], []string{hash}) {
		return nil
	}
	next := written{Hashes: append(slices.Clone(w.Hashes[last:]), hash)}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	root, err := outdir.OpenState(w.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	// A disk that is full must not cost what is recorded: results.* would count as
	// somebody's.
	if err := outdir.ReplaceIn(root, outdir.ExportFile, 0o600, outdir.Bytes(text)); err != nil {
		return err
	}
	w.Hashes = next.Hashes
	return nil
}

// isOurs says whether a file is as it was written here.
func (w *written) isOurs(path string, info fs.FileInfo) (bool, error) {
	if info.Size() == w.size && info.ModTime().UnixNano() == w.time {
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
	if !slices.Contains(w.Hashes, hex.EncodeToString(h.Sum(nil))) {
		return false, nil
	}
	w.size, w.time = info.Size(), info.ModTime().UnixNano()
	return true, nil
}

// spare moves a file that somebody has edited out of the way of what is about
// to replace it.
func (x *exports) spare(path, hash string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return x.ours.add(hash)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return x.ours.add(hash) // replacing it will say what is wrong
	}
	ours, err := x.ours.isOurs(path, info)
	if err != nil {
		return err
	}
	if !ours {
		aside, err := freeName(path, "edited")
		if err == nil {
			err = os.Rename(path, aside)
		}
		if err != nil {
			return err
		}
		x.warn("%s was changed by somebody: it is %s now", filepath.Base(path), filepath.Base(aside))
	}
	return x.ours.add(hash)
}

// putOthersAside moves results of another kind out of the way, which an earlier
// batch of the same output directory has left: nobody brings them up to date any
// more. What cannot be moved yet, as while Excel has it open, is said once, and
// tried again. What comes later, while the run goes on, is somebody's own.
func (x *exports) putOthersAside() {
	name := x.batch.ResultsName()
	if x.others == nil {
		x.others = map[string]bool{}
		for _, ext := range batchExtensions {
			if path := filepath.Join(x.dir, outdir.ResultsStem+ext); ext != filepath.Ext(name) {
				x.others[path], x.others[beside(path)] = true, true
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(x.others)) {
		if x.putOther(path, name) {
			delete(x.others, path)
		}
	}
}

// putOther moves one file aside, in favour of the results called name. It reports
// whether nothing more is to be done.
func (x *exports) putOther(path, name string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || x.batch.IsFile(path) {
		return true
	}
	was := filepath.Base(path)
	aside, err := freeName(path, "old")
	if err == nil {
		err = os.Rename(path, aside)
	}
	switch {
	case err == nil:
		x.warn("%s is of an earlier batch: it is %s now", was, filepath.Base(aside))
	case !x.held[was]:
		x.held[was] = true
		x.warn("%s is of an earlier batch, and out of date: what is new is in %s", was, name)
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
