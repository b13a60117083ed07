package poactor

import (
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// Cleaning an output directory makes the record forget no file: the work folder
// that the record keeps stays as it is, and another of the same order goes
// without a change of the record. The next start fetches nothing again.
func TestCleanKeepsWhatIsRecorded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		work   bool // what the record keeps is a work folder
		beside bool // the other one is in the same place
		before bool // the other one had a final name and a file before
	}{
		"a work folder":                  {work: true},
		"one with a final name":          {},
		"with a final name, beside it":   {beside: true},
		"the other had a file before":    {before: true},
		"a work folder, and that before": {work: true, before: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPlainTrial(t, 6)
			list := r.orders(t)
			if _, err := r.start(t, list); err != nil {
				t.Fatal(err)
			}
			key, saved := reopen(t, r.cfg.Out, row.work)
			place := filepath.Join(r.cfg.Out, "Another supplier")
			if row.beside {
				place = filepath.Join(r.cfg.Out, filepath.FromSlash(path.Dir(saved.Folder)))
			}
			other := filepath.Join(place, "PO_"+string(key)+"__WORK")
			write(t, filepath.Join(other, ".poactor-3.part"), "half")
			write(t, filepath.Join(other, "whole.pdf"), "nobody vouches for it")
			want, left := map[string]string{other: ""}, []string(nil)
			if row.before {
				write(t, filepath.Join(other, "mine.txt"), "mine")
				write(t, filepath.Join(other, ".poactor-found.json"), `["mine.txt"]`)
				final := "PO_" + string(key) + "_FAILED"
				want[other] = "it had files before, which are in " + final + " now"
				left = []string{filepath.Join(place, final, "mine.txt")}
			}
			found, err := CleanOutput(t.Context(), r.cfg.Out, false)
			if err != nil {
				t.Fatal(err)
			}
			whys := map[string]string{}
			for _, l := range found {
				whys[l.Path] = l.Kept
			}
			if row.work {
				want[filepath.Join(r.cfg.Out, filepath.FromSlash(saved.Folder))] = "the record has files in it: the next start resumes from them"
			}
			if diff := cmp.Diff(want, whys); diff != "" {
				t.Errorf("cleaned (-want +got):\n%s", diff)
			}
			if got, _ := filepath.Glob(filepath.Join(r.cfg.Out, "Another supplier", "*", "*")); !cmp.Equal(left, got) {
				t.Errorf("left of the other one: %v, want %v", got, left)
			}
			if now := recorded(t, r.cfg.Out)[key]; !cmp.Equal(saved, now) {
				t.Errorf("the record (-before +after):\n%s", cmp.Diff(saved, now))
			}
			before := r.portal.Counts()[testportal.RequestFile]
			if _, err := r.start(t, list); err != nil {
				t.Fatal(err)
			}
			if n := r.portal.Counts()[testportal.RequestFile] - before; n > 0 {
				t.Errorf("%d files were fetched again", n)
			}
			remove(t, filepath.Join(r.cfg.Out, "Another supplier"))
			recorded(t, r.cfg.Out)
			r.ledgerIsRight(t)
		})
	}
}

// reopen opens an order that has files again, its folder as an attempt that was
// killed leaves it, or with its final name. It returns what the record keeps of
// it.
func reopen(t *testing.T, out string, work bool) (po.Key, po.Saved) {
	t.Helper()
	for key, saved := range recorded(t, out) {
		if work {
			was := saved.Folder
			saved.Folder = asWork(was)
			rename(t, filepath.Join(out, was), filepath.Join(out, saved.Folder))
		}
		l, err := ledger.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if opened, err := l.Correct(t.Context(), key, saved, true); err != nil || !opened {
			t.Fatal(opened, err)
		}
		return key, saved
	}
	t.Fatal("no order has files")
	return "", po.Saved{}
}

// recorded is what the record keeps of each order; every file must be on the
// disk as it says.
func recorded(t *testing.T, out string) map[po.Key]po.Saved {
	t.Helper()
	l, err := ledger.OpenReadOnly(out)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check, err := download.NewChecker(out)
	if err != nil {
		t.Fatal(err)
	}
	defer check.Close()
	all := map[po.Key]po.Saved{}
	for o, err := range l.Saved(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range o.Files {
			if what := check.File(o.Folder, f); what != "" {
				t.Errorf("%s/%s %s", o.Folder, f.Name, what)
			}
		}
		all[o.Key] = po.Saved{Folder: o.Folder, Files: o.Files}
	}
	return all
}
