package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// stateDir holds what is poactor's own in an output directory.
const stateDir = ".poactor"

// outFor is the output directory of a batch: the one asked for, else one
// beside the batch that is named after it.
func outFor(batch, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	if batch == "-" {
		return "", wrongUse("give --out DIR", "a batch on standard input has no name to call the output directory by")
	}
	ext := filepath.Ext(batch)
	if dir := strings.TrimSuffix(batch, ext); ext != "" && filepath.Base(dir) != "." && filepath.Base(batch) != ext {
		return dir, nil
	}
	return batch + ".out", nil
}

// checkOut says what is wrong with an output directory without making it.
func checkOut(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return wrongUse("give another one with --out", "output directory %s is a file", dir)
	case errors.Is(err, syscall.ENOTDIR):
		return wrongUse("give another one with --out", "output directory %s is below a file", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return outFailure(err)
	}
	return nil
}

// output is an output directory that this run holds alone.
type output struct {
	dir  string
	lock *flock.Flock
}

// openOut makes the directory if need be, takes its lock and tries whether it
// can be written to.
func openOut(dir string) (*output, error) {
	if err := checkOut(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil { // the user's umask decides: the documents may be for a group
		return nil, outFailure(err)
	}
	o := &output{dir: dir}
	if err := os.Mkdir(o.state(""), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, outFailure(err)
	}
	o.lock = flock.New(o.state("lock"), flock.SetPermissions(0o600))
	switch held, err := o.lock.TryLock(); {
	case err != nil:
		return nil, outFailure(err)
	case !held:
		return nil, &failure{exitHeld, "another run holds " + dir, "wait until it has ended, or give another --out"}
	}
	if err := o.probe(); err != nil {
		o.close()
		return nil, outFailure(err)
	}
	return o, nil
}

func (o *output) state(name string) string { return filepath.Join(o.dir, stateDir, name) }

func (o *output) path(name string) string { return filepath.Join(o.dir, name) }

// probeBytes is more than a file system keeps beside its blocks, so that a
// full disk shows before any browser opens.
const probeBytes = 64 << 10

func (o *output) probe() error {
	f, err := os.OpenFile(o.state("probe"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, probeBytes))
	return errors.Join(err, f.Sync(), f.Close())
}

// close gives the directory free for other runs. The lock's file stays:
// removing it would let two runs hold locks on two files of one name.
func (o *output) close() { _ = o.lock.Close() }

// outFailure says that the output directory cannot be used.
func outFailure(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(err)
	}
	return cannot("give another one with --out, or see to its permissions", "output directory: %s", plain(err))
}

func diskFull(err error) error {
	return cannot("make room, or give another --out; the same command goes on from where it stood",
		"the disk is full: %s", plain(err))
}

// plain is an error's first line: joined errors have several.
func plain(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}
