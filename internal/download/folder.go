package download

import (
	"path"

	"github.com/poactor/poactor/po"
)

const unknownSupplier = "Unknown supplier"

// home is the folder above the order's own: where an earlier attempt has put
// it; else the order's levels, or the supplier where it has none. An order
// that had to be filed under the unknown supplier moves when its supplier is
// known.
func (a *Archive) home(order po.Order, supplier string, saved po.Saved) string {
	if a.layout.Flat() {
		return "."
	}
	if a.keptBy(order.Key, saved) && path.Dir(saved.Folder) != unknownSupplier {
		return path.Dir(saved.Folder)
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
func (a *Archive) keptBy(key po.Key, saved po.Saved) bool {
	k, ok := a.layout.KeyOf(saved.Folder)
	return ok && k == key
}

// Work names the folder in which the order's files are gathered.
func (a *Archive) Work(order po.Order, supplier string, saved po.Saved) string {
	return path.Join(a.home(order, supplier, saved), a.layout.WorkFolder(order.Key))
}

// Final names the folder that the order ends in. It is empty for an order that
// was not found and for one without a valid number. An order that earlier
// attempts got files of, and of which the portal now says that it or its
// attachments do not exist, ends in a folder that is called PARTIAL: files
// never lie in a folder that denies them. A task has one only where it is completed
// and has files.
func (a *Archive) Final(order po.Order, supplier string, saved po.Saved, status po.Status) string {
	if !order.Key.Valid() || order.Number == "" {
		return ""
	}
	if len(saved.Files) > 0 && (status == po.NotFound || status == po.NoAttachments) {
		status = po.Partial
	}
	if a.layout.Flat() && (status != po.Completed || len(saved.Files) == 0) {
		return ""
	}
	if status == po.NotFound || !status.Valid() {
		return ""
	}
	return path.Join(a.home(order, supplier, saved), a.layout.FinalFolder(order.Key, status))
}
