package poactor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// audit holds the ledger against the disk at the beginning of a start: an
// earlier one may have been killed at any moment, and people move and delete
// files. What the ledger says of the disk is made true; what is missing is
// fetched again.
type audit struct {
	ledger  *ledger.Disk
	archive *download.Archive
	found   messages.OutputAudited
}

// open looks at the orders that are still to be worked on: it must be done
// before any of them is.
func (a *audit) open(ctx context.Context) error {
	for o, err := range a.ledger.ToAudit(ctx, true) {
		if err != nil {
			return err
		}
		saved := po.Saved{Folder: o.Folder, Files: o.Files}
		now, err := a.archive.Verify(o.Key, saved)
		if err != nil {
			return err
		}
		a.found.Orders++
		a.found.Saved += len(now.Files)
		a.addMissing(saved, now)
		if now.Folder == saved.Folder && len(now.Files) == len(saved.Files) {
			continue
		}
		if _, err := a.ledger.Correct(ctx, o.Key, now, false); err != nil {
			return err
		}
	}
	return nil
}

// settled looks at the orders that are done, and then for work folders that
// nobody knows of.
func (a *audit) settled(ctx context.Context) error {
	for o, err := range a.ledger.ToAudit(ctx, false) {
		if err != nil {
			return err
		}
		if err := a.checkOrder(ctx, o); err != nil {
			return fmt.Errorf("order %s: %w", o.Key, err)
		}
	}
	return a.archive.WorkFolders(func(folder string, key po.Key) error { return a.checkWorkFolder(ctx, folder, key) })
}

// checkOrder looks at one order that is done.
func (a *audit) checkOrder(ctx context.Context, o po.Outcome) error {
	a.found.Orders++
	now, err := a.archive.Verify(o.Key, po.Saved{Folder: o.Folder, Files: o.Files})
	if err != nil {
		return err
	}
	a.found.Saved += len(now.Files)
	if len(now.Files) < len(o.Files) {
		a.addMissing(po.Saved{Folder: o.Folder, Files: o.Files}, now)
		opened, err := a.ledger.Correct(ctx, o.Key, now, true)
		if opened {
			a.found.Opened++
		}
		return err
	}
	if now.Folder == o.Folder {
		return nil
	}
	// It was killed between the record and the folder's name, or somebody has
	// removed an empty folder.
	a.found.Finished++
	return a.archive.Finish(ctx, now, o.Folder)
}

// addMissing tells of the files that the record has and the disk has not, or not whole.
func (a *audit) addMissing(recorded, there po.Saved) {
	a.found.Missing += len(recorded.Files) - len(there.Files)
	for _, f := range recorded.Files {
		is := func(g po.File) bool { return g.ID == f.ID && g.Name == f.Name }
		if len(a.found.Paths) < 1000 && !slices.ContainsFunc(there.Files, is) {
			a.found.Paths = append(a.found.Paths, path.Join(recorded.Folder, f.Name))
		}
	}
}

// checkWorkFolder deals with a work folder: that of an order which is open is taken over
// when its turn comes; one that the ledger has no use for holds what attempts
// that were killed have left.
func (a *audit) checkWorkFolder(ctx context.Context, folder string, key po.Key) error {
	s, err := a.ledger.History(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist): // of another ledger: nothing to us
		a.found.Unknown++
		return nil
	case err != nil:
		return err
	case s.Saved.Folder == folder:
		return nil
	case s.Open && s.Saved.Folder != "":
		return nil // it has two; the other is recorded, and a start after it is settled puts this one right
	case s.Open:
		_, err := a.ledger.Correct(ctx, key, po.Saved{Folder: folder}, false)
		if errors.Is(err, po.ErrFenced) { // it is being worked on
			return nil
		}
		return err
	case a.inHand(s):
		return nil
	}
	a.found.Finished++
	return a.archive.Finish(ctx, po.Saved{Folder: folder}, "")
}

// inHand reports whether this start has worked on an order: its folder may be
// about to get its final name, with all that is in it.
func (a *audit) inHand(s po.History) bool {
	n := len(s.Attempts)
	return n > 0 && s.Attempts[n-1].Start == a.ledger.Number()
}
