package download

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Finish gives an order's folder its final name, as Final named it, and makes
// it where there is none. It removes temporary files and what lies in a work
// folder without being in kept: the leftovers of attempts that were killed.
// What a user has put into a folder that already had a final name stays.
// Without a final name an empty folder is removed, and one that still holds
// something ends as FAILED. Of a task nothing is left then but what is the user's.
//
// A folder that already has the final name, of whatever origin, is moved aside
// to that name with a number, never overwritten. A kept folder that is not one
// of the order, or that is gone, counts as none: Recall keeps the record true.
// Asked again after it has succeeded, Finish does nothing.
func (a *Archive) Finish(ctx context.Context, saved po.Saved, final string) error {
	if err := a.finish(ctx, saved, final); err != nil {
		return fmt.Errorf("finish folder: %w", unwritable(err))
	}
	return nil
}

// unwritableError is an error of the system that keeps a folder from being finished: a
// lack of rights, or a viewer that has a file open on Windows. It is nothing
// that another order would be spared, and no bug: it carries po.DiskFull, which
// its text leaves out, since the disk is not full.
type unwritableError struct{ err error }

func (r unwritableError) Error() string   { return r.err.Error() }
func (r unwritableError) Unwrap() []error { return []error{po.DiskFull, r.err} }

// unwritable makes an unwritableError of what the system says.
func unwritable(err error) error {
	if _, ok := errors.AsType[syscall.Errno](err); ok && po.CauseOf(err) == po.Internal {
		return unwritableError{err}
	}
	return err
}

func (a *Archive) finish(ctx context.Context, saved po.Saved, final string) error {
	key, ok := a.layout.KeyOf(final)
	if !ok && final != "" {
		return fmt.Errorf("%q is not a folder of an order", final)
	}
	if keptKey, ok := a.layout.KeyOf(saved.Folder); !ok || final != "" && keptKey != key {
		saved = po.Saved{} // somebody's edit
	}
	from := a.source(key, saved, final)
	if from == "" {
		return a.finishWithout(final)
	}
	if final == "" && a.layout.Flat() {
		if err := a.removeFiles(from, saved.Files); err != nil {
			return err
		}
		saved.Files = nil
	}
	if err := a.tidy(from, saved.Files); err != nil {
		return err
	}
	if final == "" {
		if removed, err := a.removeEmpty(from); removed || err != nil {
			return err
		}
		key, _ := a.layout.KeyOf(from)
		if final = from; outdir.IsWorkFolder(from) {
			final = path.Join(path.Dir(from), a.layout.FinalFolder(key, po.Failed))
		}
	}
	if from == final {
		return nil
	}
	if err := a.moveFor(ctx, from, final); err != nil {
		return err
	}
	return a.forgetFound(final)
}

// forgetFound removes the note of what was the user's, where a folder has its final name: all
// that is in it stays from then on. It goes last: without it a work folder's files that nothing
// vouches for are leftovers.
func (a *Archive) forgetFound(final string) error {
	err := a.root.Remove(path.Join(final, foundName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return diskError("remove note", err)
}

// source is the folder that is to be finished; empty if there is none. A
// folder that nothing recorded counts if it is of work under way, or empty.
func (a *Archive) source(key po.Key, saved po.Saved, final string) string {
	if saved.Folder != "" && a.isDir(saved.Folder) {
		return saved.Folder
	}
	if final == "" || a.isDir(final) {
		return ""
	}
	if work := path.Join(path.Dir(final), a.layout.WorkFolder(key)); a.isDir(work) {
		return work
	}
	for _, name := range a.layout.FinalFolders(key) {
		folder := path.Join(path.Dir(final), name)
		if entries, err := fs.ReadDir(a.root.FS(), folder); err == nil && len(entries) == 0 && a.isDir(folder) {
			return folder
		}
	}
	return ""
}

// finishWithout is for an order that has no folder but perhaps its final one,
// also where somebody has deleted what it had.
func (a *Archive) finishWithout(final string) error {
	if final == "" {
		return nil
	}
	if a.isDir(final) {
		return a.forgetFound(final)
	}
	if err := a.makeAll(final); err != nil {
		return err
	}
	return a.syncAbove(final)
}

// tidy removes what does not belong into a folder that is finished.
func (a *Archive) tidy(folder string, files []po.File) error {
	dir, err := a.root.OpenRoot(folder)
	if err != nil {
		return diskError("open folder", err)
	}
	defer dir.Close()
	stays, all := foundBefore(dir)
	if stays == nil {
		stays = map[string]bool{}
	}
	for _, f := range files {
		stays[f.Name] = true
	}
	underWork := outdir.IsWorkFolder(folder)
	all = all || !underWork
	entries, err := list(dir)
	if err != nil {
		return err
	}
	remains := func(e fs.DirEntry) bool { return !isOwn(e.Name()) && (all || stays[e.Name()] || e.IsDir()) }
	noted := underWork && slices.ContainsFunc(entries, remains) // see forgetFound
	for _, e := range entries {
		name := e.Name()
		if remains(e) || noted && name == foundName {
			continue
		}
		if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diskError("remove leftover", err)
		}
	}
	return diskError("sync folder", outdir.SyncDir(dir, "."))
}

// isOwn says whether a name is of poactor's own files.
func isOwn(name string) bool { return isTemp(name) || name == foundName }

// removeFiles removes the files of an order that is to have none.
func (a *Archive) removeFiles(folder string, files []po.File) error {
	for _, f := range files {
		if path.Base(f.Name) != f.Name {
			continue // somebody's edit
		}
		if err := a.root.Remove(path.Join(folder, f.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diskError("remove file", err)
		}
	}
	return nil
}

// removeEmpty removes a folder if nothing is in it.
func (a *Archive) removeEmpty(folder string) (bool, error) {
	entries, err := fs.ReadDir(a.root.FS(), folder)
	if err != nil || len(entries) > 0 {
		return false, diskError("list folder", err)
	}
	if err := a.root.Remove(folder); err != nil {
		return false, diskError("remove folder", err)
	}
	return true, a.syncAbove(folder)
}

// moveFor is move with the system's patience.
func (a *Archive) moveFor(ctx context.Context, from, to string) error {
	for end := time.Now().Add(outdir.RenamePatience); ; {
		err := a.move(from, to)
		if err == nil || ctx.Err() != nil || !time.Now().Before(end) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// move renames an order's folder. What has the new name already is moved
// aside.
func (a *Archive) move(from, to string) error {
	if err := a.makeAll(path.Dir(to)); err != nil {
		return err
	}
	if err := a.moveAside(to); err != nil {
		return err
	}
	if err := a.root.Rename(from, to); err != nil {
		if e, ok := errors.AsType[*os.LinkError](err); ok {
			err = e.Err // without the names, which come twice else
		}
		return diskError(fmt.Sprintf("cannot rename %s to %s", from, path.Base(to)), err)
	}
	if path.Dir(from) != path.Dir(to) {
		if err := a.syncAbove(from); err != nil {
			return err
		}
	}
	return a.syncAbove(to)
}

// syncAbove makes the name of a folder last, and those of the folders above.
func (a *Archive) syncAbove(folder string) error {
	for dir := path.Dir(folder); ; dir = path.Dir(dir) {
		if err := outdir.SyncDir(a.root, dir); err != nil || dir == "." {
			return diskError("sync folder", err)
		}
	}
}

// moveAside makes a name free. Nothing is lost: what has it gets a number.
func (a *Archive) moveAside(folder string) error {
	if _, err := a.root.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if a.isDir(folder) && a.root.Remove(folder) == nil { // it was empty
		return nil
	}
	for n := 2; n <= maxNumber; n++ {
		aside := fmt.Sprintf("%s (%d)", folder, n)
		if _, err := a.root.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return diskError("move folder aside", a.root.Rename(folder, aside))
		}
	}
	return fmt.Errorf("too many folders are called %s", folder)
}
