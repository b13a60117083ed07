package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// dirs returns the directories below the output directory that have none in
// them.
func dirs(t *testing.T, a *Archive) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(a.root.Name(), func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		entries, err := os.ReadDir(name)
		for _, e := range entries {
			if e.IsDir() {
				return err
			}
		}
		rel, _ := filepath.Rel(a.root.Name(), name)
		list = append(list, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestFinish(t *testing.T) {
	t.Parallel()
	kept := func(folder string, names ...string) po.Saved {
		saved := po.Saved{Folder: folder}
		for _, n := range names {
			saved.Files = append(saved.Files, po.File{Name: n})
		}
		return saved
	}
	type files = map[string]string
	rows := map[string]struct {
		before files
		empty  string // a folder that is made besides
		kept   po.Saved
		final  string
		after  files
		dirs   []string
	}{
		"made where there is none": {nil, "", kept(""), "S/PO_1_NO_ATTACHMENTS", files{}, []string{"S/PO_1_NO_ATTACHMENTS"}},
		"nothing to do":            {nil, "", kept(""), "", files{}, []string{"."}},
		"renamed and tidied": {files{"S/PO_1__WORK/a": "a", "S/PO_1__WORK/.poactor-3.part": "x", "S/PO_1__WORK/stray": "x"}, "",
			kept("S/PO_1__WORK", "a"), "S/PO_1_PARTIAL", files{"S/PO_1_PARTIAL/a": "a"}, []string{"S/PO_1_PARTIAL"}},
		"done before":          {files{"S/PO_1_PARTIAL/a": "a"}, "", kept("S/PO_1__WORK", "a"), "S/PO_1_PARTIAL", files{"S/PO_1_PARTIAL/a": "a"}, []string{"S/PO_1_PARTIAL"}},
		"a final one stays":    {files{"S/PO_1_PARTIAL/a": "a", "S/PO_1_PARTIAL/mine": "m"}, "", kept("S/PO_1_PARTIAL", "a"), "S/PO_1_PARTIAL", files{"S/PO_1_PARTIAL/a": "a", "S/PO_1_PARTIAL/mine": "m"}, []string{"S/PO_1_PARTIAL"}},
		"a final one, renamed": {files{"S/PO_1_PARTIAL/a": "a", "S/PO_1_PARTIAL/mine": "m"}, "", kept("S/PO_1_PARTIAL", "a"), "S/PO_1_FAILED", files{"S/PO_1_FAILED/a": "a", "S/PO_1_FAILED/mine": "m"}, []string{"S/PO_1_FAILED"}},
		"marker unreadable":    {files{"S/PO_1__WORK/mine": "m", "S/PO_1__WORK/.poactor-found.json": "["}, "", kept("S/PO_1__WORK"), "S/PO_1_FAILED", files{"S/PO_1_FAILED/mine": "m"}, []string{"S/PO_1_FAILED"}},
		"older one of the name": {files{"S/PO_1__WORK/a": "new", "S/PO_1_PARTIAL/a": "old", "S/PO_1_PARTIAL (2)/a": "oldest"}, "",
			kept("S/PO_1__WORK", "a"), "S/PO_1_PARTIAL", files{"S/PO_1_PARTIAL/a": "new", "S/PO_1_PARTIAL (2)/a": "oldest", "S/PO_1_PARTIAL (3)/a": "old"}, []string{"S/PO_1_PARTIAL", "S/PO_1_PARTIAL (2)", "S/PO_1_PARTIAL (3)"}},
		"older one, empty":   {files{"S/PO_1__WORK/a": "new"}, "S/PO_1_PARTIAL", kept("S/PO_1__WORK", "a"), "S/PO_1_PARTIAL", files{"S/PO_1_PARTIAL/a": "new"}, []string{"S/PO_1_PARTIAL"}},
		"work unrecorded":    {files{"S/PO_1__WORK/stray": "x"}, "", kept(""), "S/PO_1_NO_ATTACHMENTS", files{}, []string{"S/PO_1_NO_ATTACHMENTS"}},
		"empty final one":    {nil, "S/PO_1_FAILED", kept(""), "S/PO_1_NO_ATTACHMENTS", files{}, []string{"S/PO_1_NO_ATTACHMENTS"}},
		"no folder in end":   {files{"S/PO_1__WORK/stray": "x"}, "", kept("S/PO_1__WORK"), "", files{}, []string{"S"}},
		"no folder, user's":  {files{"S/PO_1_FAILED/mine": "m"}, "", kept("S/PO_1_FAILED"), "", files{"S/PO_1_FAILED/mine": "m"}, []string{"S/PO_1_FAILED"}},
		"no folder, in work": {files{"S/PO_1__WORK/a": "a"}, "", kept("S/PO_1__WORK", "a"), "", files{"S/PO_1_FAILED/a": "a"}, []string{"S/PO_1_FAILED"}},
		"other supplier":     {files{"Unknown supplier/PO_1_FAILED/mine": "m"}, "", kept("Unknown supplier/PO_1_FAILED"), "S/PO_1_FAILED", files{"S/PO_1_FAILED/mine": "m"}, []string{"S/PO_1_FAILED", "Unknown supplier"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := openArchive(t, Config{})
			put(t, a, row.before)
			if err := a.root.MkdirAll("./"+row.empty, 0o755); err != nil {
				t.Fatal(err)
			}
			finish(t, a, row.kept, row.final)
			wantTree(t, a, row.after)
			if diff := cmp.Diff(row.dirs, dirs(t, a)); diff != "" {
				t.Errorf("directories (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFinishRefuses(t *testing.T) {
	t.Parallel()
	a := openArchive(t, Config{})
	for name, final := range map[string]string{
		"final outside":     "../" + filepath.Base(t.TempDir()) + "/PO_1_FAILED",
		"final is no order": "S",
	} {
		if err := a.Finish(t.Context(), po.Saved{}, final); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := dirs(t, a); len(got) != 1 {
		t.Errorf("directories %v were made", got)
	}
}

// What was recorded may have been deleted or edited since: that is no reason to
// end the run, and no way out of the order's folder.
func TestFinishWithoutWhatWasKept(t *testing.T) {
	t.Parallel()
	files := []po.File{{Name: "a"}}
	for name, folder := range map[string]string{
		"outside": "../PO_1__WORK", "other order": "S/PO_2__WORK", "no order": `C:\orders\PO_1_FAILED`, "gone": "S/PO_1__WORK",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := openArchive(t, Config{})
			put(t, a, map[string]string{"S/PO_2__WORK/a": "of another"})
			finish(t, a, po.Saved{Folder: folder, Files: files}, "S/PO_1_PARTIAL")
			wantTree(t, a, map[string]string{"S/PO_2__WORK/a": "of another"})
			if diff := cmp.Diff([]string{"S/PO_1_PARTIAL", "S/PO_2__WORK"}, dirs(t, a)); diff != "" {
				t.Error(diff)
			}
			finish(t, a, po.Saved{Folder: "../" + filepath.Base(a.root.Name())}, "")
		})
	}
}

func TestUnwritable(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want po.Cause
	}{
		"permission":    {&fs.PathError{Op: "rename", Path: "x", Err: syscall.EACCES}, po.DiskFull},
		"wrapped":       {diskError("cannot rename x", &os.LinkError{Op: "rename", Err: syscall.EBUSY}), po.DiskFull},
		"no system's":   {errors.New("x"), po.Internal},
		"has its cause": {fmt.Errorf("%w: %w", po.Interrupted, syscall.EIO), po.Interrupted},
	} {
		if got := po.CauseOf(unwritable(row.err)); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestDiskErrors(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		err  error
		want po.Cause
	}{
		"none":       {nil, ""},
		"permission": {&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, po.DiskFull},
		"other":      {errors.New("x"), po.Internal},
	}
	for name, row := range rows {
		if got := po.CauseOf(writeError("write", row.err)); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	if got := po.CauseOf(diskError("rename", fmt.Errorf("x: %w", fs.ErrPermission))); got != po.Internal {
		t.Errorf("a rename without the right: %q, want internal", got)
	}
}
