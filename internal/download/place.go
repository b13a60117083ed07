package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// maxNumber is the highest number that a name gets to be unique.
const maxNumber = 9999

// placer is a folder in which files get their names.
type placer struct {
	dir     *os.Root
	there   map[string]string // names in the folder, by their fold
	vouched map[string]bool   // folds of the names that are some attachment's
}

// place gives every fetched file its name, in the order of the page, so that
// the same answers always lead to the same names, and tells the result. The
// error is one that concerns the whole order.
func (w *work) place(parts []*part) (po.FetchResult, error) {
	result := po.FetchResult{Saved: po.Saved{Folder: w.folder}}
	names, err := newPlacer(w.dir, parts)
	for _, p := range parts {
		if p.temp != "" && err == nil {
			err = names.settle(p)
		}
		switch {
		case p.kept != nil:
			result.Saved.Files = append(result.Saved.Files, *p.kept)
		case p.file.Name != "":
			result.Saved.Files = append(result.Saved.Files, p.file)
			if p.attachment.Saved != "" {
				os.Remove(p.attachment.Saved) // else it goes with the browser's directory
			}
		default:
			m := po.Missing{Cause: po.Interrupted, Detail: "it was fetched and not placed"}
			if p.missing != nil {
				m = *p.missing
			}
			if p.temp != "" {
				w.dir.Remove(p.temp)
			}
			m.ID = p.attachment.ID
			result.Missing = append(result.Missing, m)
		}
	}
	if err == nil {
		err = diskError("sync folder", outdir.SyncDir(w.dir, "."))
	}
	return result, err
}

func newPlacer(dir *os.Root, parts []*part) (*placer, error) {
	entries, err := list(dir)
	if err != nil {
		return nil, err
	}
	s := &placer{dir: dir, there: map[string]string{}, vouched: map[string]bool{}}
	for _, e := range entries {
		s.there[fold(e.Name())] = e.Name()
	}
	for _, p := range parts {
		if p.kept != nil {
			s.vouched[fold(p.kept.Name)] = true
		}
	}
	return s, nil
}

// settle is take, with what keeps only this one file from its name made the
// part's own trouble.
func (s *placer) settle(p *part) error {
	err := s.take(p)
	if err != nil && !errors.Is(err, po.DiskFull) {
		p.missing = &po.Missing{Cause: po.CauseOf(err), Detail: po.DetailOf(err)}
		return nil
	}
	return err
}

// take gives a part's file its name. A file of that name and content that
// nothing vouches for was placed by an attempt that was killed before it could
// say so: it is taken for the part's own.
func (s *placer) take(p *part) error {
	for n := 1; n <= maxNumber; n++ {
		name := numbered(p.wanted, n)
		key := fold(name)
		if there, ok := s.there[key]; ok {
			if s.vouched[key] || !s.same(there, p.file) {
				continue
			}
			s.dir.Remove(p.temp) // else the work folder's sweep
			s.vouched[key], p.file.Name = true, there
			return nil
		}
		switch err := rename(s.dir, p.temp, name); {
		case errors.Is(err, fs.ErrExist): // came in this moment
			s.there[key] = name
		case err != nil:
			return diskError("place file", err)
		default:
			s.there[key], s.vouched[key], p.file.Name = name, true, name
			return nil
		}
	}
	return fmt.Errorf("place file: %d files want the name %q", maxNumber, p.wanted)
}

func (s *placer) same(name string, f po.File) bool {
	sum, err := sumOf(s.dir, name, f.Bytes)
	return err == nil && sum == f.SHA256
}

// rename gives a file another name unless that is taken (fs.ErrExist).
func rename(dir *os.Root, from, to string) error {
	err := dir.Link(from, to)
	if err == nil {
		dir.Remove(from) // else the work folder's sweep
		return nil
	}
	if errors.Is(err, fs.ErrExist) || outdir.Unwritable(err) {
		return err
	}
	return renameReserved(dir, from, to)
}

// renameReserved is rename for file systems without hard links: it takes the
// name with an empty file first.
func renameReserved(dir *os.Root, from, to string) error {
	file, err := dir.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := dir.Rename(from, to); err != nil {
		dir.Remove(to)
		return err
	}
	return nil
}
