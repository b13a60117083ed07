package outdir

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/poactor/poactor/po"
)

// An order's folder is called PO_<key> and its state: __WORK while work goes on, then
// _ and the status that it ended with. All folders here are relative to the output
// directory, with forward slashes.
const (
	// FolderPrefix begins the name of each order's folder.
	FolderPrefix = "PO_"
	workSuffix   = "__WORK"
)

// FinalStatuses are the statuses that give an order a folder, in the order in which
// a folder of a former run is looked for: first those with work left.
func FinalStatuses() []po.Status {
	return []po.Status{po.Partial, po.Failed, po.Completed, po.NoAttachments}
}

// WorkFolder is the name of an order's folder while work goes on.
func WorkFolder(key po.Key) string { return FolderPrefix + string(key) + workSuffix }

// FinalFolder is the name of the folder of an order that ended with a status.
func FinalFolder(key po.Key, status po.Status) string {
	return FolderPrefix + string(key) + statusSuffix(status)
}

func statusSuffix(status po.Status) string { return "_" + string(status) }

// IsWorkFolder reports whether a folder is one in which work goes on, or was left by it.
func IsWorkFolder(folder string) bool { return strings.HasSuffix(folder, workSuffix) }

// OrderOf is the key of the order that a folder belongs to. The second result is
// false for what is no order's folder, or leads out of the output directory.
func OrderOf(folder string) (po.Key, bool) {
	if path.Clean(folder) != folder || !filepath.IsLocal(filepath.FromSlash(folder)) || strings.Contains(folder, `\`) {
		return "", false
	}
	name, ok := strings.CutPrefix(path.Base(folder), FolderPrefix)
	if !ok {
		return "", false
	}
	for _, end := range suffixes() {
		if key, ok := strings.CutSuffix(name, end); ok && po.Key(key).Valid() {
			return po.Key(key), true
		}
	}
	return "", false
}

// OtherFolders lists the other folders that an order's folder may be instead: the
// ledger is written before a folder is renamed.
func OtherFolders(folder string) (others []string) {
	key, ok := OrderOf(folder)
	if !ok {
		return nil
	}
	for _, end := range suffixes() {
		if other := path.Join(path.Dir(folder), FolderPrefix+string(key)+end); other != folder {
			others = append(others, other)
		}
	}
	return others
}

func suffixes() []string {
	list := []string{workSuffix}
	for _, status := range FinalStatuses() {
		list = append(list, statusSuffix(status))
	}
	return list
}
