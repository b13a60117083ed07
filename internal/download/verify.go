package download

import (
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Verify tells what is still there of an order's kept files, between two starts:
// a record must not vouch for a file that somebody has deleted since. The folder
// is the one that is there now; it is empty where the order has none or kept
// names none of the order's. Files count if they have their size; their hashes
// are Fetch's to check. Like Fetch, Verify removes what an attempt that was
// killed has left damaged.
func (a *Archive) Verify(key po.Key, saved po.Saved) (po.Saved, error) {
	if !a.keptBy(key, saved) {
		return po.Saved{}, nil
	}
	folder := a.find(key, a.home(po.Order{Key: key}, "", saved), saved)
	if folder == "" {
		return po.Saved{}, nil
	}
	files, err := a.there(folder, saved.Files)
	if err == nil && !outdir.IsWorkFolder(folder) { // else it is needed still
		err = a.forgetFound(folder)
	}
	if err != nil {
		return po.Saved{}, fmt.Errorf("recall files: %w", err)
	}
	return po.Saved{Folder: folder, Files: files}, nil
}

// there lists the files that the folder has with their recorded size.
func (a *Archive) there(folder string, recorded []po.File) ([]po.File, error) {
	if len(recorded) == 0 {
		return nil, nil
	}
	dir, err := a.root.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return wholeFiles(dir, recorded, outdir.IsWorkFolder(folder), func(f po.File) bool {
		info, err := dir.Lstat(f.Name)
		return err == nil && info.Mode().IsRegular() && info.Size() == f.Bytes
	})
}

// WorkFolders calls each for every folder of work under way that lies in the
// output directory, whoever has left it, with the order that it is of. Folders
// of orders are not looked into. An error of each ends it.
func (a *Archive) WorkFolders(each func(folder string, key po.Key) error) error {
	return a.workFolders(".", each)
}

func (a *Archive) workFolders(dir string, each func(folder string, key po.Key) error) error {
	d, err := a.root.Open(dir)
	if err != nil {
		return diskError("list folder", err)
	}
	defer d.Close()
	for { // in parts: a supplier may have a million orders
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if err := a.workFolder(path.Join(dir, e.Name()), e, each); err != nil {
				return err
			}
		}
		if err != nil {
			return nil // the end, or what cannot be listed: there is nothing to be done about it
		}
	}
}

func (a *Archive) workFolder(name string, e fs.DirEntry, each func(folder string, key po.Key) error) error {
	key, order := a.layout.KeyOf(name)
	switch {
	case !e.IsDir(), name == outdir.StateDir:
		return nil
	case order && outdir.IsWorkFolder(name):
		return each(name, key)
	case order:
		return nil
	}
	err := a.workFolders(name, each)
	if os.IsNotExist(err) {
		return nil // it has just been renamed
	}
	return err
}
