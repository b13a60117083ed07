package download

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// foundName is the file that lists what lay in a folder which had its final
// name when it was taken back for more work. It is the user's to keep: notes,
// files of runs that nobody knows of any more.
const foundName = outdir.OwnPrefix + "found.json"

// work is an order's work folder during a fetch.
type work struct {
	folder string
	dir    *os.Root
	kept   []po.File // found whole

	progress *progress // nil: nobody is told
}

// openWork makes the order's work folder or takes over what there is of it.
func (a *Archive) openWork(job po.FetchJob) (*work, error) {
	above := a.home(job.Order, job.Supplier, job.Saved)
	w := &work{folder: a.Work(job.Order, job.Supplier, job.Saved)}
	if !job.Order.Key.Valid() {
		return nil, errors.New("the order has no valid key")
	}
	found := a.find(job.Order.Key, above, job.Saved)
	if found == "" {
		if err := a.makeAll(w.folder); err != nil {
			return nil, err
		}
	} else if err := a.takeOver(w, found, job.Saved.Files, job.Replace); err != nil {
		return nil, err
	}
	var err error
	if w.dir, err = a.root.OpenRoot(w.folder); err != nil {
		return nil, diskError("open folder", err)
	}
	if err := sweepTemps(w.dir); err != nil {
		w.dir.Close()
		return nil, err
	}
	return w, nil
}

// makeAll makes a folder and those above it.
func (a *Archive) makeAll(folder string) error {
	err := a.root.MkdirAll(folder, 0o755)
	if link := a.linkIn(folder); err != nil && link != "" {
		return unwritableError{fmt.Errorf("make folder: %s is a link, and leads out of the output directory", link)}
	}
	return writeError("make folder", err)
}

// linkIn is the first part of a folder's path that is a link.
func (a *Archive) linkIn(folder string) string {
	for i := range len(folder) + 1 {
		if i < len(folder) && folder[i] != '/' {
			continue
		}
		if info, err := a.root.Lstat(folder[:i]); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return folder[:i]
		}
	}
	return ""
}

// isDir says whether the folder is there. A link is none.
func (a *Archive) isDir(folder string) bool {
	info, err := a.root.Lstat(folder)
	return err == nil && info.IsDir()
}

// find returns the folder that there is of the order: the recorded one, else
// one in the place where it would be, in whatever state; empty if none.
func (a *Archive) find(key po.Key, above string, saved po.Saved) string {
	var places []string
	if a.keptBy(key, saved) {
		places = append(places, saved.Folder)
	}
	places = append(places, path.Join(above, a.layout.WorkFolder(key)))
	for _, name := range a.layout.FinalFolders(key) {
		places = append(places, path.Join(above, name))
	}
	for _, folder := range places {
		if a.isDir(folder) {
			return folder
		}
	}
	return ""
}

// takeOver looks through the folder that was found and makes it the work
// folder. Where its files are of a list that may be wrong, they count as those of an attempt
// that is not over: the ones that are not listed any more go when the folder is finished.
func (a *Archive) takeOver(w *work, found string, recorded []po.File, replace bool) error {
	dir, err := a.root.OpenRoot(found)
	if err != nil {
		return diskError("open folder", err)
	}
	good, err := wholeFiles(dir, recorded, outdir.IsWorkFolder(found), func(f po.File) bool {
		sum, err := sumOf(dir, f.Name, f.Bytes)
		return err == nil && sum == f.SHA256
	})
	w.kept = good
	if err == nil && !outdir.IsWorkFolder(found) {
		var ours []po.File
		if replace {
			ours = good
		}
		err = noteFound(dir, ours)
	}
	dir.Close() // before the rename, which Windows would refuse
	if err != nil || found == w.folder {
		return err
	}
	return a.move(found, w.folder)
}

// wholeFiles returns the recorded files that are whole, and removes what is not, so
// that the name is free for what is fetched instead. In a folder that had its
// final name only a file that is too short counts as damaged: a longer one is
// what the user has made of it, like a PDF with notes, and stays.
func wholeFiles(dir *os.Root, recorded []po.File, underWork bool, whole func(po.File) bool) ([]po.File, error) {
	var good []po.File
	seen := map[string]bool{}
	for _, f := range recorded {
		if path.Base(f.Name) != f.Name || strings.ContainsAny(f.Name, `\:`) || seen[fold(f.Name)] {
			continue // not a name in this folder, or vouched for already
		}
		if whole(f) {
			seen[fold(f.Name)] = true
			good = append(good, f)
			continue
		}
		info, err := dir.Lstat(f.Name)
		if err != nil || !info.Mode().IsRegular() || !underWork && info.Size() >= f.Bytes {
			continue
		}
		if err := dir.Remove(f.Name); err != nil {
			return good, diskError("remove damaged file", err)
		}
	}
	return good, nil
}

// noteFound writes down what lies in a folder with a final name, but for some files of ours.
func noteFound(dir *os.Root, ours []po.File) error {
	entries, err := list(dir)
	if err != nil {
		return err
	}
	names := []string{}
	for _, e := range entries {
		name := e.Name()
		isOurs := slices.ContainsFunc(ours, func(f po.File) bool { return f.Name == name })
		if !isTemp(name) && name != foundName && !isOurs {
			names = append(names, name)
		}
	}
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	file, err := outdir.Create(dir, foundName, 0o644)
	if err != nil {
		return diskError("take over folder", err)
	}
	_, err = file.Write(text)
	return diskError("take over folder", errors.Join(err, file.Sync(), file.Close()))
}

// foundBefore reads what noteFound wrote. all is set where it cannot be read,
// and everything must be taken for the user's.
func foundBefore(dir *os.Root) (names map[string]bool, all bool) {
	info, err := dir.Lstat(foundName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil || !info.Mode().IsRegular() {
		return nil, true
	}
	text, err := dir.ReadFile(foundName)
	var list []string
	if err != nil || json.Unmarshal(text, &list) != nil {
		return nil, true
	}
	names = map[string]bool{}
	for _, name := range list {
		names[name] = true
	}
	return names, false
}

// list returns what lies in a folder.
func list(dir *os.Root) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(dir.FS(), ".")
	return entries, diskError("list folder", err)
}

// sweepTemps removes what an attempt that was killed has left.
func sweepTemps(dir *os.Root) error {
	entries, err := list(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if isTemp(e.Name()) {
			if err := dir.Remove(e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return diskError("remove temporary file", err)
			}
		}
	}
	return nil
}
