package results

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poactor/poactor/po"
)

var when = time.Date(2025, 3, 4, 5, 6, 7, 8000, time.UTC)

const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func outcomes() []po.Outcome {
	file := func(name, original string) po.File {
		return po.File{ID: "https://acme.example/a?x=1,-2", Name: name, Original: original, Bytes: 3, SHA256: sum,
			URL: "https://acme.example/a?x=1,-2", Lane: po.LaneHTTP, Time: when}
	}
	clicked := file("clicked.msg", "")
	clicked.ID, clicked.URL, clicked.Lane = "click:Terms.msg#1", "", po.LaneBrowser
	empty := file("empty.txt", "empty.txt")
	empty.Bytes, empty.Empty = 0, true
	return []po.Outcome{
		{Key: "4500001", RawNumber: "PO 45-00001", Folder: "São João/PO_4500001_COMPLETED", Files: []po.File{
			file("x.pdf", "../../x.pdf"), file("cmd.pdf", "=cmd|' /C calc'!A0"), file("lines.pdf", "a\r\nb\t\u202efdp.exe\xff"), clicked, empty,
		}},
		{Key: "4500002", Folder: ""},
		{Key: "%-0A", Folder: "-x/PO_%-0A_PARTIAL", Files: []po.File{file("＝1.pdf", `a;=1+1&"";-2`)}},
	}
}

func writeManifest(t *testing.T, outcomes iter.Seq[po.Outcome]) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteManifest(&b, outcomes); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "manifest.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, b.Bytes()
}

func TestManifestRoundTrip(t *testing.T) {
	t.Parallel()
	path, _ := writeManifest(t, slices.Values(outcomes()))
	got, err := ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[po.Key]po.Saved{}
	for _, o := range outcomes() {
		if len(o.Files) > 0 {
			want[o.Key] = po.Saved{Folder: o.Folder, Files: o.Files}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManifestIsOneSafeLineAFile(t *testing.T) {
	t.Parallel()
	_, b := writeManifest(t, slices.Values(outcomes()))
	if n := bytes.Count(b, []byte("\n")); n != 7 {
		t.Errorf("%d lines for a header and 6 files", n)
	}
	for line := range strings.Lines(strings.TrimPrefix(string(b), bom)) {
		for _, delimiter := range ",;|\t" {
			for cell := range strings.SplitSeq(line, string(delimiter)) {
				if cell = strings.Trim(cell, "\" \r\n"); strings.IndexAny(cell, formulas) == 0 {
					t.Errorf("cut at %q there is a formula: %q", delimiter, cell)
				}
			}
		}
	}
}

func TestManifestColumns(t *testing.T) {
	t.Parallel()
	first := outcomes()[:1]
	first[0].ReadBy, first[0].Comparisons = po.ReadByPage, 21
	_, b := writeManifest(t, slices.Values(first))
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), bom))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"PO_NUMBER", "key", "path", "original name", "bytes", "sha256", "url", "lane", "time", "id", "read by", "comparisons"},
		{"PO 45-00001", "4500001", "São João/PO_4500001_COMPLETED/x.pdf", "../../x.pdf", "3", sum,
			`https://acme.example/a?x=1,\u002d2`, "http", "2025-03-04T05:06:07.000008Z", "", "page", "21"},
	}
	if diff := cmp.Diff(want, rows[:2]); diff != "" {
		t.Error(diff)
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]rune("=+-@＝＋－＠,;|\"\\\t\r\n' ab\u202e\u00a0'"))
		s := rapid.OneOf(rapid.StringOf(alphabet), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "s")
		e := escape(s)
		got, err := unescape(e)
		if err != nil || got != s {
			t.Fatalf("%q became %q and then %q, %v", s, e, got, err)
		}
		if strings.ContainsFunc(e, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q is not printable", e)
		}
		for cell := range strings.FieldsFuncSeq(e, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if cell = strings.TrimSpace(cell); strings.IndexAny(cell, formulas) == 0 {
				t.Fatalf("%q holds a formula: %q", e, cell)
			}
		}
	})
}

func TestReadManifestErrors(t *testing.T) {
	t.Parallel()
	head := strings.Join(header[:], ",") + "\n"
	good := "PO1,1,a/b.pdf,b.pdf,3," + sum + ",,http,2025-03-04T05:06:07Z,x,,\n"
	for name, tt := range map[string]struct{ text, want string }{
		"empty":          {"", "first line"},
		"another header": {"a,b\n", "first line"},
		"saved by Excel": {strings.ReplaceAll(head+good, ",", ";"), "first line"},
		"cells missing":  {head + good + "1,2\n", "line 3"},
		"quote":          {head + "\"1,2\n", "line 2"},
		"outside":        {head + strings.Replace(good, "a/b", "../b", 1), "not a path"},
		"absolute":       {head + strings.Replace(good, "a/b", "/b", 1), "not a path"},
		"size":           {head + strings.Replace(good, ",3,", ",-3,", 1), "not a size"},
		"hash":           {head + strings.Replace(good, sum, sum[1:], 1), "sha256"},
		"time":           {head + strings.Replace(good, "2025", "25", 1), "time"},
		"escape":         {head + strings.Replace(good, ",b.pdf", `,\qb.pdf`, 1), "original name"},
		"two folders":    {head + good + strings.Replace(good, "a/b", "c/b", 1), "two folders"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "manifest.csv")
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadManifest(path)
			if !errors.Is(err, ErrManifest) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := ReadManifest(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no manifest: %v", err)
	}
}

func FuzzReadManifest(f *testing.F) {
	var b bytes.Buffer
	if err := WriteManifest(&b, slices.Values(outcomes())); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		orders := map[po.Key]po.Saved{}
		if err := read(bytes.NewReader(b), orders); err != nil {
			return
		}
		var again bytes.Buffer
		all := func(yield func(po.Outcome) bool) {
			for k, kept := range orders {
				if !yield(po.Outcome{Key: k, Folder: kept.Folder, Files: kept.Files}) {
					return
				}
			}
		}
		if err := WriteManifest(&again, all); err != nil {
			t.Fatal(err)
		}
		back := map[po.Key]po.Saved{}
		if err := read(&again, back); err != nil {
			t.Fatal(err)
		}
	})
}
