package download

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	a := po.File{ID: "a", Name: "a.txt", Bytes: 3}
	b := po.File{ID: "b", Name: "b.txt", Bytes: 3}
	both := po.Saved{Folder: "S/PO_1_PARTIAL", Files: []po.File{a, b}}
	rows := map[string]struct {
		before files
		kept   po.Saved
		want   po.Saved
		after  files
	}{
		"all there":         {files{"S/PO_1_PARTIAL/a.txt": "aaa", "S/PO_1_PARTIAL/b.txt": "bbb"}, both, both, files{"S/PO_1_PARTIAL/a.txt": "aaa", "S/PO_1_PARTIAL/b.txt": "bbb"}},
		"one is gone":       {files{"S/PO_1_PARTIAL/b.txt": "bbb"}, both, po.Saved{Folder: both.Folder, Files: []po.File{b}}, files{"S/PO_1_PARTIAL/b.txt": "bbb"}},
		"one is cut":        {files{"S/PO_1_PARTIAL/a.txt": "a", "S/PO_1_PARTIAL/b.txt": "bbb"}, both, po.Saved{Folder: both.Folder, Files: []po.File{b}}, files{"S/PO_1_PARTIAL/b.txt": "bbb"}},
		"one has notes":     {files{"S/PO_1_PARTIAL/a.txt": "aaa, noted", "S/PO_1_PARTIAL/b.txt": "bbb"}, both, po.Saved{Folder: both.Folder, Files: []po.File{b}}, files{"S/PO_1_PARTIAL/a.txt": "aaa, noted", "S/PO_1_PARTIAL/b.txt": "bbb"}},
		"folder is gone":    {files{"S/x": "x"}, both, po.Saved{}, files{"S/x": "x"}},
		"taken back before": {files{"S/PO_1__WORK/a.txt": "aaa"}, both, po.Saved{Folder: "S/PO_1__WORK", Files: []po.File{a}}, files{"S/PO_1__WORK/a.txt": "aaa"}},
		"no files, folder":  {files{"S/PO_1_FAILED/x": "x"}, po.Saved{Folder: "S/PO_1_FAILED"}, po.Saved{Folder: "S/PO_1_FAILED"}, files{"S/PO_1_FAILED/x": "x"}},
		"edited":            {files{}, po.Saved{Folder: `C:\orders\PO_1_FAILED`, Files: []po.File{a}}, po.Saved{}, files{}},
		"another order's":   {files{"S/PO_2_PARTIAL/a.txt": "aaa"}, po.Saved{Folder: "S/PO_2_PARTIAL", Files: []po.File{a}}, po.Saved{}, files{"S/PO_2_PARTIAL/a.txt": "aaa"}},
		"hostile names": {files{"S/x": "xxx", "S/PO_1_PARTIAL/y": "y"}, po.Saved{Folder: "S/PO_1_PARTIAL", Files: []po.File{{Name: "../x", Bytes: 3}}},
			po.Saved{Folder: "S/PO_1_PARTIAL"}, files{"S/x": "xxx", "S/PO_1_PARTIAL/y": "y"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := openArchive(t, Config{})
			put(t, archive, row.before)
			got, err := archive.Verify("1", row.kept)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			wantTree(t, archive, row.after)
		})
	}
}

func TestWorkFolders(t *testing.T) {
	t.Parallel()
	a := openArchive(t, Config{})
	put(t, a, map[string]string{
		"PO_1__WORK/a.txt": "a", "Brasil/São Paulo/PO_2__WORK/b.txt": "b", "S/PO_3_COMPLETED/PO_4__WORK/c": "c",
		"S/PO_5__WORK": "a file", "S/__WORK/x": "x", ".poactor/PO_6__WORK/x": "x", "S/PO_bad key__WORK/x": "x",
	})
	found := map[string]po.Key{}
	if err := a.WorkFolders(func(folder string, key po.Key) error { found[folder] = key; return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[string]po.Key{"PO_1__WORK": "1", "Brasil/São Paulo/PO_2__WORK": "2"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}
