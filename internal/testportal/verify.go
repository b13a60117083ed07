package testportal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Verify holds the outcomes of a run of the portal's whole batch, and what is
// on disk below out, against the truth: status, cause, supplier and count of
// each order, each file by the SHA-256 of what was read from the disk, and that
// nothing else is there. It returns one line for each difference; none means
// that the run was right.
func (p *Portal) Verify(out string, outcomes []po.Outcome) []string {
	v := verifier{out: out}
	got := map[po.Key]po.Outcome{}
	for _, o := range outcomes {
		if _, twice := got[o.Key]; twice {
			v.add("order %s has two outcomes", o.Key)
		}
		got[o.Key] = o
	}
	truth := p.Truth()
	for _, want := range truth {
		o, ok := got[want.Key]
		if !ok {
			v.add("order %s (%s) has no outcome", want.Key, want.Kind)
			continue
		}
		v.order(want, o)
	}
	if len(got) > len(truth) {
		v.add("%d orders have outcomes, the portal has %d", len(got), len(truth))
	}
	v.nothingElse(outcomes)
	return v.differences
}

type verifier struct {
	out         string
	differences []string
}

func (v *verifier) add(format string, args ...any) {
	v.differences = append(v.differences, fmt.Sprintf(format, args...))
}

func (v *verifier) order(want Order, got po.Outcome) {
	name := fmt.Sprintf("order %s (%s)", want.Key, want.Kind)
	if got.Status != want.Status || got.Cause != want.Cause {
		v.add("%s is %s %s (%s), should be %s %s", name, got.Status, got.Cause, got.Detail, want.Status, want.Cause)
		return
	}
	if got.Supplier != want.Supplier {
		v.add("%s: the supplier is %q, should be %q", name, got.Supplier, want.Supplier)
	}
	if got.Found != want.Found {
		v.add("%s: %d attachments were found, the page lists %d", name, got.Found, want.Found)
	}
	if len(got.Files) != len(want.Files) {
		v.add("%s: %d files, should be %d", name, len(got.Files), len(want.Files))
		return
	}
	for i, f := range got.Files {
		v.file(name, want.Files[i], filepath.Join(v.out, filepath.FromSlash(got.Folder), f.Name), f)
	}
	if want.Status == po.NotFound && got.Folder != "" {
		v.add("%s has a folder: %s", name, got.Folder)
	}
}

func (v *verifier) file(order string, want File, path string, got po.File) {
	b, err := os.ReadFile(path)
	if err != nil {
		v.add("%s: %v", order, err)
		return
	}
	sum := sha256.Sum256(b)
	if hex.EncodeToString(sum[:]) != want.SHA256 || int64(len(b)) != want.Bytes {
		v.add("%s: %q is not what the portal has as %q", order, got.Name, want.Name)
	}
	if got.SHA256 != want.SHA256 || got.Bytes != want.Bytes {
		v.add("%s: the record of %q is wrong", order, got.Name)
	}
}

// nothingElse checks that below out there are the folders and files of the
// outcomes, the run's own files at the top, and nothing else.
func (v *verifier) nothingElse(outcomes []po.Outcome) {
	known := map[string]bool{}
	for _, o := range outcomes {
		if o.Folder != "" {
			known[o.Folder] = true
		}
		for _, f := range o.Files {
			known[o.Folder+"/"+f.Name] = true
		}
	}
	err := filepath.WalkDir(v.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(v.out, path) // both are below v.out
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && d.Name() == outdir.StateDir:
			return filepath.SkipDir
		case d.IsDir() && !strings.HasPrefix(d.Name(), outdir.FolderPrefix),
			!d.IsDir() && !strings.Contains(rel, "/"), known[rel]:
			return nil
		}
		v.add("%s is nobody's", rel)
		return nil
	})
	if err != nil {
		v.add("%v", err)
	}
}
