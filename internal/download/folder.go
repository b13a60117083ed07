package download

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/poactor/poactor/po"
)

// An order's folder is called PO_<key> and its state: __WORK, or _ and the
// status it ended with. All folders here are relative to the output directory,
// with forward slashes.
const (
	folderPrefix    = "PO_"
	workSuffix      = "__WORK"
	unknownSupplier = "Unknown supplier"
)

// finals are the statuses that give an order a folder, in the order in which a
// folder of a former run is looked for: first those with work left.
var finals = []po.Status{po.Partial, po.Failed, po.Completed, po.NoAttachments}

func finalName(key po.Key, status po.Status) string {
	return folderPrefix + string(key) + "_" + string(status)
}

func workName(key po.Key) string { return folderPrefix + string(key) + workSuffix }

// isWork says whether a folder is one of work under way.
func isWork(folder string) bool { return strings.HasSuffix(folder, workSuffix) }

// keyOf is the key of the order that a folder belongs to. The second result is
// false for what is no order's folder, or leads out of the output directory.
func keyOf(folder string) (po.Key, bool) {
	if path.Clean(folder) != folder || !filepath.IsLocal(filepath.FromSlash(folder)) || strings.Contains(folder, `\`) {
		return "", false
	}
	name, ok := strings.CutPrefix(path.Base(folder), folderPrefix)
	if !ok {
		return "", false
	}
	suffixes := []string{workSuffix}
	for _, status := range finals {
		suffixes = append(suffixes, "_"+string(status))
	}
	for _, suffix := range suffixes {
		if key, ok := strings.CutSuffix(name, suffix); ok && validKey(po.Key(key)) {
			return po.Key(key), true
		}
	}
	return "", false
}

// validKey says whether a key is one that po.NewKey makes.
func validKey(key po.Key) bool {
	for _, c := range []byte(key) {
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-%", c) >= 0) {
			return false
		}
	}
	return key != "" && key[0] != '.'
}

// home is the folder above the order's own: where an earlier attempt has put
// it; else the order's levels, or the supplier where it has none. An order
// that had to be filed under the unknown supplier moves when its supplier is
// known.
func home(order po.Order, supplier string, kept po.Kept) string {
	if keptBy(order.Key, kept) && path.Dir(kept.Folder) != unknownSupplier {
		return path.Dir(kept.Folder)
	}
	var levels []string
	for _, level := range order.Levels {
		if name := SafeFolder(level); name != "" {
			levels = append(levels, name)
		}
	}
	if len(levels) == 0 {
		levels = append(levels, SafeFolder(supplier))
	}
	if levels[0] == "" {
		levels[0] = unknownSupplier
	}
	return path.Join(levels...)
}

// keptBy says whether the kept folder is one of the order.
func keptBy(key po.Key, kept po.Kept) bool {
	k, ok := keyOf(kept.Folder)
	return ok && k == key
}

// Work names the folder in which the order's files are gathered.
func (a *Archive) Work(order po.Order, supplier string, kept po.Kept) string {
	return path.Join(home(order, supplier, kept), workName(order.Key))
}

// Final names the folder that the order ends in. It is empty for an order that
// was not found and for one without a valid number. An order that earlier
// attempts got files of, and of which the portal now says that it or its
// attachments do not exist, ends in a folder that is called PARTIAL: files
// never lie in a folder that denies them.
func (a *Archive) Final(order po.Order, supplier string, kept po.Kept, status po.Status) string {
	if !validKey(order.Key) || order.Number == "" {
		return ""
	}
	if len(kept.Files) > 0 && (status == po.NotFound || status == po.NoAttachments) {
		status = po.Partial
	}
	if status == po.NotFound || !status.Valid() {
		return ""
	}
	return path.Join(home(order, supplier, kept), finalName(order.Key, status))
}
