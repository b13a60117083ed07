package poactor

import (
	"context"
	"maps"
	"path"
	"slices"

	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/po"
)

// Verification is what Verify found.
type Verification struct {
	Dir         string       `json:"dir"`
	Files       int          `json:"files"`   // in the record
	Bytes       int64        `json:"bytes"`   // of them
	Damaged     int          `json:"damaged"` // differences of the kind Damaged
	Behind      int          `json:"behind"`  // the other differences
	CutOff      bool         `json:"cut_off"` // the last start was; UpdateSums or the next start mends what is behind
	Differences []Difference `json:"differences"`
}

// Difference is one thing that is not as it was recorded.
type Difference struct {
	Order string         `json:"order,omitempty"` // as it was written in the list; empty: of no order
	Path  string         `json:"path"`            // in the output directory, with slashes
	Kind  DifferenceKind `json:"kind"`
	What  string         `json:"what"` // in words that follow the path
}

// DifferenceKind tells what is lost from what is only not done yet.
type DifferenceKind string

// The kinds of differences. Damaged is a file that is not as the record has it, that
// only SHA256SUMS knows, or that has another hash there though no run was cut off.
// The others are files that are as recorded, where what is written after the record is
// behind it: their line in SHA256SUMS, or the final name of their folder. A run that
// was killed leaves such.
const (
	Damaged    DifferenceKind = "damaged"
	NotListed  DifferenceKind = "not_listed"
	NotRenamed DifferenceKind = "not_renamed"
)

func (k DifferenceKind) String() string {
	return map[DifferenceKind]string{
		Damaged: "damaged", NotListed: "not yet listed", NotRenamed: "not yet renamed",
	}[k]
}

// Verify reads every file of an output directory again, and compares its size and
// SHA-256 with the record and with SHA256SUMS. What is in no record is no
// difference. An error is a *po.Error: as of OpenLedgerReadOnly, or ErrHeld while a run goes on.
func Verify(ctx context.Context, out string) (Verification, error) {
	v := Verification{Dir: out, Differences: []Difference{}}
	record, err := ledger.OpenReadOnly(out)
	if err != nil {
		return v, err
	}
	defer record.Close()
	if owner, err := ledger.FindOwner(out); err != nil {
		return v, err
	} else if owner != nil {
		return v, &po.Error{Msg: "a run is active in " + out, Hint: "wait until it has ended", Err: ErrHeld}
	}
	starts, err := record.Starts(ctx)
	if err != nil {
		return v, err
	}
	v.CutOff = len(starts) > 0 && starts[len(starts)-1].Ended.IsZero()
	sums, err := results.ReadSums(out, outdir.SumsFile)
	if err != nil {
		return v, outdir.WriteError(err)
	}
	check, err := download.NewChecker(out)
	if err != nil {
		return v, outdir.WriteError(err)
	}
	defer check.Close()
	for o, err := range record.Saved(ctx) {
		if err != nil {
			return v, err
		}
		for _, f := range o.Files {
			v.Files, v.Bytes = v.Files+1, v.Bytes+f.Bytes
			v.file(check, sums, o, f)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(sums)) {
		v.unrecorded(check, path, sums[path])
	}
	return v, nil
}

func (v *Verification) add(d Difference) {
	if d.Kind == Damaged {
		v.Damaged++
	} else {
		v.Behind++
	}
	v.Differences = append(v.Differences, d)
}

// file compares one file, and takes it out of the sums.
func (v *Verification) file(check *download.Checker, sums map[string]string, o po.Outcome, f po.File) {
	path := o.Folder + "/" + f.Name
	add := func(kind DifferenceKind, what string) { v.add(Difference{o.RawNumber, path, kind, what}) }
	if what := check.File(o.Folder, f); what != "" {
		if now := elsewhere(check, o.Folder, f); now != "" {
			add(NotRenamed, "is in "+now+", which has not got its name yet")
		} else {
			add(Damaged, what)
		}
	}
	sum, listed := sums[path]
	delete(sums, path)
	for _, folder := range otherFolders(o.Folder) { // a line of before it was renamed
		if before := folder + "/" + f.Name; !listed && sums[before] == f.SHA256 {
			delete(sums, before)
			add(NotListed, "is in "+outdir.SumsFile+" as "+before)
			return
		}
	}
	switch {
	case !listed:
		add(NotListed, "is not in "+outdir.SumsFile)
	case sum != f.SHA256 && v.CutOff: // of a file that has been fetched anew since
		add(NotListed, "has another hash in "+outdir.SumsFile)
	case sum != f.SHA256:
		add(Damaged, "has another hash in "+outdir.SumsFile+", which no run has left so")
	}
}

// unrecorded tells of a line of the sums that is of no file of the record.
func (v *Verification) unrecorded(check *download.Checker, name, sum string) {
	d := Difference{Path: name, Kind: Damaged, What: "is in " + outdir.SumsFile + " and not in the record"}
	if v.CutOff && check.File(path.Dir(name), po.File{Name: path.Base(name), SHA256: sum}) == "is missing" {
		d.Kind = NotListed // the record has given it up, and the sums do not know yet
	}
	v.add(d)
}

// otherFolders are those that a folder may be instead, of an order or of a task.
func otherFolders(folder string) []string {
	if others := outdir.Orders.OtherFolders(folder); len(others) > 0 {
		return others
	}
	return outdir.Tasks.OtherFolders(folder)
}

// elsewhere is the folder that a file is in, whole, under another name that its
// order's folder may have: the record is written before a folder is renamed.
func elsewhere(check *download.Checker, folder string, f po.File) string {
	for _, other := range otherFolders(folder) {
		if check.File(other, f) == "" {
			return other
		}
	}
	return ""
}
