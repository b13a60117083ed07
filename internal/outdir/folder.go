package outdir

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/poactor/poactor/po"
)

// FolderPrefix begins the name of each order's folder.
const FolderPrefix = "PO_"

const workSuffix = "__WORK"

// Layout says what the folders of a run are called. All folders are relative to the
// output directory, with forward slashes.
type Layout int

const (
	// Orders is the layout of purchase orders: a folder is called PO_<key> and its state,
	// __WORK while work goes on, then _ and the status that the order ended with. It lies
	// in folders for its levels, or its supplier.
	Orders Layout = iota
	// Tasks is the layout of a program's own tasks: a folder is called as its key, with
	// __WORK behind it while work goes on, and lies in the output directory itself. There
	// is one only where a task is completed and has files.
	Tasks
)

// Flat reports whether all folders lie in the output directory itself.
func (l Layout) Flat() bool { return l == Tasks }

func (l Layout) prefix() string {
	if l == Tasks {
		return ""
	}
	return FolderPrefix
}

// ends are the ends of the names that folders can have when work is over, in the order in
// which a folder of a former run is looked for: first those with work left.
func (l Layout) ends() []string {
	if l == Tasks {
		return []string{""}
	}
	return []string{end(po.Partial), end(po.Failed), end(po.Completed), end(po.NoAttachments)}
}

func end(status po.Status) string { return "_" + string(status) }

// WorkFolder is the name of an order's folder while work goes on.
func (l Layout) WorkFolder(key po.Key) string { return l.prefix() + string(key) + workSuffix }

// FinalFolder is the name of the folder of an order that ended with a status.
func (l Layout) FinalFolder(key po.Key, status po.Status) string {
	if l == Tasks {
		return string(key)
	}
	return l.prefix() + string(key) + end(status)
}

// FinalFolders are the names that an order's folder can end with.
func (l Layout) FinalFolders(key po.Key) (names []string) {
	for _, end := range l.ends() {
		names = append(names, l.prefix()+string(key)+end)
	}
	return names
}

// IsWorkFolder reports whether a folder is one in which work goes on, or was left by it.
func IsWorkFolder(folder string) bool { return strings.HasSuffix(folder, workSuffix) }

// KeyOf is the key of the order that a folder belongs to. The second result is
// false for what is no order's folder, or leads out of the output directory.
func (l Layout) KeyOf(folder string) (po.Key, bool) {
	if path.Clean(folder) != folder || !filepath.IsLocal(filepath.FromSlash(folder)) || strings.Contains(folder, `\`) {
		return "", false
	}
	name, ok := strings.CutPrefix(path.Base(folder), l.prefix())
	if !ok || l.Flat() && path.Dir(folder) != "." {
		return "", false
	}
	for _, end := range l.suffixes() {
		if key, ok := strings.CutSuffix(name, end); ok && po.Key(key).Valid() && (l.Flat() || key == strings.ToUpper(key)) {
			return po.Key(key), true
		}
	}
	return "", false
}

// OtherFolders lists the other folders that an order's folder may be instead: the
// ledger is written before a folder is renamed.
func (l Layout) OtherFolders(folder string) (others []string) {
	key, ok := l.KeyOf(folder)
	if !ok {
		return nil
	}
	for _, end := range l.suffixes() {
		if other := path.Join(path.Dir(folder), l.prefix()+string(key)+end); other != folder {
			others = append(others, other)
		}
	}
	return others
}

func (l Layout) suffixes() []string { return append([]string{workSuffix}, l.ends()...) }
