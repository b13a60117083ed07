package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/po"
)

// verdict is what `poactor verify` found.
type verdict struct {
	Dir         string       `json:"dir"`
	Files       int          `json:"files"`
	Bytes       int64        `json:"bytes"`
	Damaged     int          `json:"damaged"`
	Behind      int          `json:"behind"`
	CutOff      bool         `json:"cut_off"` // the last start was: then things are behind, and the next one puts them right
	Differences []difference `json:"differences"`
}

// difference is one thing that is not as it was recorded.
type difference struct {
	Order string   `json:"order,omitempty"`
	Path  string   `json:"path"`
	Kind  diffKind `json:"kind"`
	What  string   `json:"what"`
}

// diffKind tells what is lost from what is only not done yet.
type diffKind string

// The kinds of differences. Damaged is a file that is not as the record has it, or
// that only SHA256SUMS knows. The others are files that are as recorded, where what
// is written after the record is behind it: their line in SHA256SUMS, or the final
// name of their folder. A run that was killed leaves such.
const (
	damaged    diffKind = "damaged"
	notListed  diffKind = "not_listed"
	notRenamed diffKind = "not_renamed"
)

func (k diffKind) String() string {
	return map[diffKind]string{damaged: "damaged", notListed: "not yet listed", notRenamed: "not yet renamed"}[k]
}

func (a *app) verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify [flags] DIR",
		Short: "Hash every file again and compare",
		Long: `Verify reads every file of an output directory, and compares its size and SHA-256
with the record and with SHA256SUMS. It ends with 3 and the names if anything
differs. What is in no record, like your own notes, is no difference. Files that
are as recorded and not yet listed in SHA256SUMS are told, and are no error where
the run was killed before it could list them: the next start does.`,
		Example: "  poactor verify orders\n  poactor verify --json orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor verify orders"),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := verifyAll(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = progress.Indented(a.stdout, v)
			} else {
				a.showVerdict(v)
			}
			if err == nil && (v.Damaged > 0 || v.Behind > 0 && !v.CutOff) {
				return errUnfinished
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

func verifyAll(ctx context.Context, dir string) (verdict, error) {
	v := verdict{Dir: dir, Differences: []difference{}}
	ledger, err := openRecord(dir)
	if err != nil {
		return v, err
	}
	defer ledger.Close()
	if owner, err := poactor.LedgerHolder(dir); err != nil || owner != nil {
		return v, cmp.Or(err, runActive(dir))
	}
	starts, err := ledger.Starts(ctx)
	if err != nil {
		return v, err
	}
	v.CutOff = len(starts) > 0 && starts[len(starts)-1].Ended.IsZero()
	sums, err := results.ReadSums(dir, outdir.SumsFile)
	if err != nil {
		return v, outdir.WriteError(err)
	}
	check, err := download.NewChecker(dir)
	if err != nil {
		return v, outdir.WriteError(err)
	}
	defer check.Close()
	for o, err := range ledger.Saved(ctx) {
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

func (v *verdict) add(d difference) {
	if d.Kind == damaged {
		v.Damaged++
	} else {
		v.Behind++
	}
	v.Differences = append(v.Differences, d)
}

// file compares one file, and takes it out of the sums.
func (v *verdict) file(check *download.Checker, sums map[string]string, o po.Outcome, f po.File) {
	path := o.Folder + "/" + f.Name
	add := func(kind diffKind, what string) { v.add(difference{o.RawNumber, path, kind, what}) }
	if what := check.File(o.Folder, f); what != "" {
		if now := elsewhere(check, o.Folder, f); now != "" {
			add(notRenamed, "is in "+now+", which has not got its name yet")
		} else {
			add(damaged, what)
		}
	}
	sum, listed := sums[path]
	delete(sums, path)
	for _, folder := range outdir.OtherFolders(o.Folder) { // a line of before it was renamed
		if before := folder + "/" + f.Name; !listed && sums[before] == f.SHA256 {
			delete(sums, before)
			add(notListed, "is in "+outdir.SumsFile+" as "+before)
			return
		}
	}
	switch {
	case !listed:
		add(notListed, "is not in "+outdir.SumsFile)
	case sum != f.SHA256:
		add(notListed, "has another hash in "+outdir.SumsFile)
	}
}

// unrecorded tells of a line of the sums that is of no file of the record.
func (v *verdict) unrecorded(check *download.Checker, name, sum string) {
	d := difference{Path: name, Kind: damaged, What: "is in " + outdir.SumsFile + " and not in the record"}
	if v.CutOff && check.File(path.Dir(name), po.File{Name: path.Base(name), SHA256: sum}) == "is missing" {
		d.Kind = notListed // the record has given it up, and the sums do not know yet
	}
	v.add(d)
}

// elsewhere is the folder that a file is in, whole, under another name that its
// order's folder may have: the record is written before a folder is renamed.
func elsewhere(check *download.Checker, folder string, f po.File) string {
	for _, other := range outdir.OtherFolders(folder) {
		if check.File(other, f) == "" {
			return other
		}
	}
	return ""
}

func (a *app) showVerdict(v verdict) {
	behind := 0
	for _, d := range v.Differences {
		if d.Kind != damaged {
			if behind++; behind > maxListed {
				continue
			}
		}
		fmt.Fprintln(a.stdout, progress.Line(d.Kind.String()+": "+d.Path+": "+d.What))
	}
	if behind > maxListed {
		fmt.Fprintf(a.stdout, "and %d more that are not yet listed or renamed\n", behind-maxListed)
	}
	switch size := humanize.Bytes(uint64(v.Bytes)); {
	case len(v.Differences) == 0:
		fmt.Fprintf(a.stdout, "%s, %s: all as recorded\n", progress.Count(v.Files, "file"), size)
	case v.Damaged == 0 && v.CutOff:
		fmt.Fprintf(a.stdout, "%s, %s: none is damaged; the last start was killed, and the next one repairs what is unfinished\n", progress.Count(v.Files, "file"), size)
	default:
		fmt.Fprintf(a.stdout, "%s: %s\n", progress.Count(v.Files, "file"), progress.Count(len(v.Differences), "difference"))
	}
}
