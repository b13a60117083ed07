package poactor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Leftover is one thing that a dead run has left, or that looks so.
type Leftover struct {
	Path     string // a directory
	Out      string // the output directory of the run; empty if it is not known
	Profiles int    // browser profiles in it
	Browsers int    // that were alive on these
	Bytes    int64
	Kept     string // why it is still there; empty if it was removed, or would be
}

// CleanProfiles removes the browser profiles that dead runs of this user have
// left in the system's directory for temporary files, whatever their output
// directory was, and kills the browsers that still run on them. It touches only
// what is provably poactor's own and no living run's; every start does the same.
// With dryRun it only says what it would do.
func CleanProfiles(dryRun bool) ([]Leftover, error) {
	var list []Leftover
	err := sweepProfiles(dryRun, func(dir string, swept profilestore.Leftovers, err error) {
		l := Leftover{Path: dir, Out: swept.For, Profiles: swept.Profiles, Browsers: swept.Browsers, Bytes: swept.Bytes}
		switch {
		case errors.Is(err, profilestore.ErrInUse):
			l.Kept = "a run has it in hand"
		case err != nil:
			l.Kept = err.Error()
		}
		list = append(list, l)
	})
	if err != nil {
		return nil, userError(err)
	}
	return list, nil
}

// sweepProfiles sweeps the work directories of this user's runs, and tells of
// each what was removed, and why something had to stay.
func sweepProfiles(dryRun bool, tell func(dir string, swept profilestore.Leftovers, err error)) error {
	dirs, err := profilestore.WorkDirs()
	for _, dir := range dirs {
		swept, err := profilestore.Sweep(dir, dryRun)
		if !errors.Is(err, fs.ErrNotExist) { // else its run has just ended
			tell(dir, swept, err)
		}
	}
	return err
}

// CleanOutput removes what dead runs have left half done in an output directory:
// downloads of browsers, and work folders of orders that are open, which are
// fetched anew then. Nothing else is touched: neither results nor record nor
// evidence, and of a work folder that had a final name before not what was in it
// then. With dryRun it only says what it would do. An error is a *po.Error,
// which wraps ErrHeld where a run holds the directory, and fs.ErrNotExist where
// there is no record of a run.
func CleanOutput(ctx context.Context, out string, dryRun bool) ([]Leftover, error) {
	record, err := openExisting(out)
	if err != nil {
		return nil, err
	}
	defer record.Close()
	c := cleaning{ctx: ctx, out: out, dryRun: dryRun, record: record}
	if err := errors.Join(c.downloads(), c.workFolders()); err != nil {
		return c.found, userError(err)
	}
	return c.found, nil
}

// cleaning is a CleanOutput under way.
type cleaning struct {
	ctx     context.Context
	out     string
	dryRun  bool
	record  *ledger.Disk
	archive *download.Archive
	found   []Leftover
}

// downloads removes what browsers had half downloaded.
func (c *cleaning) downloads() error {
	dir := incomingDir(c.out)
	list, err := listDir(dir)
	if err != nil || len(list) == 0 {
		return err
	}
	l := Leftover{Path: dir, Out: c.out, Bytes: outdir.Size(os.DirFS(dir), ".")}
	if !c.dryRun {
		err = removeIncoming(c.out)
	}
	if err != nil {
		l.Kept = err.Error()
	}
	c.found = append(c.found, l)
	return nil
}

// workFolders removes the work folders of orders that are open.
func (c *cleaning) workFolders() (err error) {
	nowhere := func(*url.URL) bool { return false }
	layout, err := layoutOf(c.ctx, c.record)
	if err != nil {
		return err
	}
	if c.archive, err = download.Open(download.Config{Out: c.out, Allowed: nowhere, Layout: layout}); err != nil {
		return err
	}
	defer c.archive.Close()
	return c.archive.WorkFolders(c.workFolder)
}

func (c *cleaning) workFolder(folder string, key po.Key) error {
	path := filepath.Join(c.out, filepath.FromSlash(folder))
	l := Leftover{Path: path, Out: c.out, Bytes: outdir.Size(os.DirFS(path), ".")}
	s, err := c.record.History(c.ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.Kept, err = "the record does not know its order", nil
	case err != nil:
		return err
	case !s.Open:
		l.Kept = "its order is settled: the next start puts it right"
	case s.Saved.Folder == folder:
		l.Kept = "the record has files in it: the next start resumes from them"
	case !c.dryRun:
		l.Kept, err = c.remove(folder, key, s.Saved.Folder)
	}
	c.found = append(c.found, l)
	return err
}

// remove removes a work folder, but for what was in it when it had a final name,
// and makes the record true of that, unless the record keeps another folder of
// the order. It says where something was kept.
func (c *cleaning) remove(folder string, key po.Key, recorded string) (kept string, err error) {
	if err := c.archive.Finish(c.ctx, po.Saved{Folder: folder}, ""); err != nil {
		return err.Error(), nil
	}
	now, err := c.archive.Verify(key, po.Saved{Folder: folder})
	if err != nil {
		return "", err
	}
	if now.Folder != "" && now.Folder != recorded {
		kept = fmt.Sprintf("it had files before, which are in %s now", filepath.Base(now.Folder))
	}
	if recorded != "" { // the record is true of that one
		return kept, nil
	}
	_, err = c.record.Correct(c.ctx, key, now, false)
	return kept, err
}

// incomingDir is for what the browsers of a run download: on the output's own
// file system, so that a file only needs a rename.
func incomingDir(out string) string { return outdir.StatePath(out, outdir.IncomingDir) }

// removeIncoming removes an incomingDir. What is there may be a link.
func removeIncoming(out string) error {
	root, err := outdir.OpenState(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(outdir.IncomingDir)
}

// listDir lists what is in a directory, which need not exist.
func listDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []string
	for _, e := range entries {
		list = append(list, filepath.Join(dir, e.Name()))
	}
	return list, err
}
