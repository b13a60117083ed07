package browser

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/poactor/poactor/internal/outdir"
)

// Bounds of the evidence in an output directory.
const (
	evidenceKept       = 10      // folders of one order, the latest
	maxEvidenceTotal   = 1 << 30 // bytes; beyond, only what is said in words is kept
	maxEvidenceFolders = 50_000  // beyond, nothing is
)

// evidenceStore writes the evidence of all browsers of a run within the bounds. It is
// safe for concurrent use.
type evidenceStore struct {
	mu      sync.Mutex
	counted bool  // what earlier starts have left is known
	bytes   int64 // of all evidence
	folders int

	maxBytes   int64 // maxEvidenceTotal but in tests
	maxFolders int   // maxEvidenceFolders but in tests
}

func newEvidenceStore() *evidenceStore {
	return &evidenceStore{maxBytes: maxEvidenceTotal, maxFolders: maxEvidenceFolders}
}

// keep writes files into a folder of the state directory of out, and removes the oldest
// of the same order. It returns the folder that it wrote, empty if it must not. What lies
// in the way, be it a link, is left alone.
func (e *evidenceStore) keep(out, folder string, files map[string][]byte) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	root, err := outdir.MakeState(out)
	if err != nil {
		return "", err
	}
	defer root.Close()
	e.count(root)
	if e.folders >= e.maxFolders {
		return "", nil
	}
	var size int64
	for _, content := range files {
		size += int64(len(content))
	}
	if e.bytes+size > e.maxBytes {
		about := append(files[aboutFile], "lacks     picture and page: the evidence of this output directory has reached its largest size\n"...)
		files, size = map[string][]byte{aboutFile: about}, int64(len(about))
	}
	above := path.Dir(folder)
	for _, dir := range []string{outdir.EvidenceDir, above} {
		if err := makeDir(root, dir); err != nil {
			return "", err
		}
	}
	folder, err = makeNew(root, folder)
	if err != nil {
		return "", err
	}
	for name, content := range files {
		if err := root.WriteFile(path.Join(folder, name), content, 0o600); err != nil {
			return "", errors.Join(err, root.RemoveAll(folder))
		}
	}
	e.bytes, e.folders = e.bytes+size, e.folders+1
	e.prune(root, above)
	return folder, nil
}

// makeDir makes a directory, or takes the one that is there.
func makeDir(root *os.Root, dir string) error {
	if err := root.Mkdir(dir, 0o700); err != nil && !outdir.IsDir(root, dir) {
		return err
	}
	return nil
}

// makeNew makes a directory that was not there, and returns its name: two pieces of
// evidence may be of one moment.
func makeNew(root *os.Root, dir string) (string, error) {
	name := dir
	for n := 'b'; ; n++ {
		err := root.Mkdir(name, 0o700)
		if err == nil || !errors.Is(err, fs.ErrExist) || n > 'z' {
			return name, err
		}
		name = dir + "-" + string(n)
	}
}

// count looks once at what is there.
func (e *evidenceStore) count(root *os.Root) {
	if e.counted {
		return
	}
	e.counted = true
	_ = fs.WalkDir(root.FS(), outdir.EvidenceDir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // there is none yet, or it is not to be read
		}
		if d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			e.bytes += info.Size()
		}
		if d.Name() == aboutFile { // each folder has one
			e.folders++
		}
		return nil
	})
}

// prune removes the oldest evidence of an order.
func (e *evidenceStore) prune(root *os.Root, dir string) {
	entries, err := fs.ReadDir(root.FS(), dir) // sorted by name, which begins with the time
	if err != nil || len(entries) <= evidenceKept {
		return
	}
	for _, entry := range entries[:len(entries)-evidenceKept] {
		folder := path.Join(dir, entry.Name())
		size := int64(0)
		if files, err := fs.ReadDir(root.FS(), folder); err == nil {
			for _, f := range files {
				if info, err := f.Info(); err == nil {
					size += info.Size()
				}
			}
		}
		if root.RemoveAll(folder) == nil {
			e.bytes, e.folders = e.bytes-size, e.folders-1
		}
	}
}
