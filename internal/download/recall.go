package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/poactor/poactor/po"
)

// Recall tells what the output directory out still has of an order's kept
// files, before a run begins with the order: an outcome must not vouch for a
// file that somebody has deleted since. The folder is the one that is there
// now; it is empty where the order has none or kept names none of the order's.
// Files count if they have their size; their hashes are Fetch's to check. Like
// Fetch, Recall removes what an attempt that was killed has left damaged.
func Recall(out string, key po.Key, kept po.Kept) (po.Kept, error) {
	if !keptBy(key, kept) {
		return po.Kept{}, nil
	}
	root, err := os.OpenRoot(out)
	if errors.Is(err, fs.ErrNotExist) {
		return po.Kept{}, nil
	}
	if err != nil {
		return po.Kept{}, fmt.Errorf("recall files: %w", err)
	}
	defer root.Close()
	a := &Archive{root: root}
	folder := a.find(key, home(po.Order{Key: key}, "", kept), kept)
	if folder == "" {
		return po.Kept{}, nil
	}
	files, err := a.there(folder, kept.Files)
	if err != nil {
		return po.Kept{}, fmt.Errorf("recall files: %w", err)
	}
	return po.Kept{Folder: folder, Files: files}, nil
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
	return verify(dir, recorded, isWork(folder), func(f po.File) bool {
		info, err := dir.Lstat(f.Name)
		return err == nil && info.Mode().IsRegular() && info.Size() == f.Bytes
	})
}
