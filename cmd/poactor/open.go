package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/po"
)

// openJob reads and checks everything that can be without a browser. A dry run
// leaves the output directory alone.
func (a *app) openJob(s config.Settings, path string) (*job, error) {
	j := &job{settings: s, written: map[po.Key]string{}}
	if err := a.open(j, path); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (a *app) open(j *job, path string) (err error) {
	if j.portal, err = runPortal(j.settings); err != nil {
		return err
	}
	if j.dir, err = outFor(path, j.settings.Out); err != nil {
		return err
	}
	if err := errors.Join(checkOut(j.dir), checkProfile(j.settings.Profile)); err != nil {
		return err
	}
	if path == "-" {
		err = j.openStdin(a.stdin)
	} else {
		err = j.openBatch(path)
	}
	if err != nil {
		return err
	}
	return a.prepare(j)
}

// checkProfile says what is wrong with a profile to copy, before the batch is
// read.
func checkProfile(dir string) error {
	if dir == "" {
		return nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return wrongUse("--profile takes the user data directory of a browser that is signed in", "profile %s is no directory", dir)
	}
	return nil
}

// prepare takes the output directory and merges what earlier starts left.
func (a *app) prepare(j *job) error {
	if !j.settings.Quiet {
		a.listBad(j.plan)
	}
	if err := j.hold(); err != nil {
		return err
	}
	parse, err := j.portal.Parser()
	if err != nil {
		return wrongUse("", "%v", err)
	}
	if j.results, err = loadResults(j.dir, parse); err != nil {
		return err
	}
	j.results.warn = a.warn
	return j.count()
}

func (j *job) openBatch(path string) error {
	parse, err := j.portal.Parser()
	if err != nil {
		return wrongUse("", "%v", err)
	}
	if j.batch, err = batch.Open(path, parse); err != nil {
		return err
	}
	j.plan, err = j.batch.Plan()
	return err
}

// hold takes the output directory for this run and a copy of the batch, which
// may be edited while the run goes on.
func (j *job) hold() error {
	if j.settings.DryRun {
		return nil
	}
	if j.out == nil {
		out, err := openOut(j.dir)
		if err != nil {
			return err
		}
		j.out = out
		j.cleanup = append(j.cleanup, out.close)
		if err := j.batch.Keep(out.state("batch.csv")); err != nil {
			return keepFailure(err)
		}
	}
	return nil
}

// stdinName is what a batch without a file is called.
const stdinName = "standard input"

// openStdin writes standard input to a file, which is then the batch: it is
// read more than once.
func (j *job) openStdin(in io.Reader) error {
	path, err := j.spoolPath()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return outFailure(err)
	}
	_, err = io.Copy(f, in)
	if err = errors.Join(err, f.Close()); err != nil {
		return outFailure(err)
	}
	err = j.openBatch(path)
	if e, ok := errors.AsType[*batch.Error](err); ok {
		e.Path = stdinName
	}
	return err
}

func (j *job) spoolPath() (string, error) {
	if j.settings.DryRun {
		dir, err := os.MkdirTemp("", "poactor-")
		if err != nil {
			return "", cannot("", "temporary directory: %v", err)
		}
		j.cleanup = append(j.cleanup, func() { _ = os.RemoveAll(dir) })
		return filepath.Join(dir, "batch.csv"), nil
	}
	out, err := openOut(j.dir)
	if err != nil {
		return "", err
	}
	j.out = out
	j.cleanup = append(j.cleanup, out.close)
	return out.state("batch.csv"), nil
}

func keepFailure(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(err)
	}
	return err
}
