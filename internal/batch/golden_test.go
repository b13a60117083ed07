package batch

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/poactor/poactor/po"
)

var update = flag.Bool("update", false, "write the golden files")

// parse takes numbers of digits with or without PO before them.
func parse(written string) (po.Key, string, error) {
	digits := strings.TrimPrefix(strings.ToUpper(written), "PO")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", "", errors.New("not an order number of this portal")
	}
	key, err := po.NewKey(digits)
	return key, digits, err
}

// outcome is that of the golden files.
func outcome(key po.Key) (po.Outcome, bool) {
	o := po.Outcome{Key: key, Attempts: 1, Time: time.Date(2025, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600))}
	switch {
	case key == "4500001":
		o.Status, o.Supplier, o.Found = po.Completed, "=cmd|' /C calc'!A0; Señor 日", 2
		o.Files = []po.File{{Name: "a.pdf"}, {Name: "-b,c.pdf"}}
		o.Folder, o.URL = "São/PO_4500001_COMPLETED", "https://acme.example/order_headers/4500001?a=1"
	case key == "4500003":
		o.Status, o.Cause, o.Detail, o.Attempts = po.Failed, po.Timeout, "no answer\r\n\"=1+1\"", 3
	case strings.HasPrefix(string(key), "%-"):
		o.Status, o.Cause, o.Detail, o.Attempts = po.Failed, po.InvalidNumber, "not an order number of this portal", 0
	default:
		return po.Outcome{}, false
	}
	return o, true
}

func corpus(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if filepath.Ext(f) != ".golden" {
			files = append(files, f)
		}
	}
	if len(files) < 15 {
		t.Fatalf("the corpus has only %d files", len(files))
	}
	return files
}

// check is a test, a benchmark or a rapid check.
type check interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func mustOpen(t check, path string) *Batch {
	t.Helper()
	b, err := Open(path, parse)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func results(t check, b *Batch, outcome func(po.Key) (po.Outcome, bool)) []byte {
	t.Helper()
	var out bytes.Buffer
	err := b.WriteResults(&out, outcome)
	if errors.Is(err, ErrCharset) {
		out.Reset()
		b.UseUTF8()
		err = b.WriteResults(&out, outcome)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func none(po.Key) (po.Outcome, bool) { return po.Outcome{}, false }

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, path := range corpus(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			checkGolden(t, path, results(t, mustOpen(t, path), outcome))
		})
	}
}

// TestGoldenWorkbooks: as another program reads the results.
func TestGoldenWorkbooks(t *testing.T) {
	t.Parallel()
	for _, path := range workbooks(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			b := mustOpen(t, path)
			f, err := excelize.OpenReader(bytes.NewReader(results(t, b, outcome)))
			if err != nil {
				t.Fatal(err)
			}
			rows, err := f.GetRows(b.source.sheetName())
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for i, row := range rows {
				fmt.Fprintf(&got, "%d %q\n", i+1, row)
			}
			checkGolden(t, path, got.Bytes())
		})
	}
}

func checkGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	golden := path + ".golden"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, golden); !bytes.Equal(got, want) {
		t.Errorf("results differ:\n%s", cmp.Diff(lines(want), lines(got)))
	}
}

func lines(b []byte) []string { return strings.SplitAfter(fmt.Sprintf("%q", b), `\n`) }

// TestUntouched compares the raw bytes of everything outside of the status
// columns, and of whole rows that have no outcome.
func TestUntouched(t *testing.T) {
	t.Parallel()
	for _, path := range corpus(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			before := mustOpen(t, path)
			changed := filepath.Join(t.TempDir(), "results"+filepath.Ext(path))
			plain := func(key po.Key) (po.Outcome, bool) { // what every encoding has
				o, ok := outcome(key)
				o.Supplier = strings.ReplaceAll(o.Supplier, "日", "")
				return o, ok
			}
			if err := os.WriteFile(changed, results(t, before, plain), 0o644); err != nil {
				t.Fatal(err)
			}
			after := mustOpen(t, changed)
			if before, after := dialectOf(before), dialectOf(after); before != after {
				t.Errorf("dialect %+v became %+v", before, after)
			}
			if before.preamble != after.preamble {
				t.Errorf("%d records before the header became %d", before.preamble, after.preamble)
			}
			if diff := cmp.Diff(outside(t, before, after.columns), outside(t, after, after.columns)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// outside returns each record's raw cells and line end with the status columns
// and the empty cells at the end left out.
func outside(t *testing.T, b *Batch, c columns) []string {
	t.Helper()
	var rows []string
	err := b.records(func(i int, r record) error {
		rec := r.(*csvRecord)
		filled := map[int]bool{}
		if i >= -1 {
			for _, at := range c.status {
				filled[at] = true
			}
		}
		var cells []string
		for k := range rec.cells {
			if !filled[k] {
				cells = append(cells, fmt.Sprintf("%d:%q", k, rec.cell(k)))
			}
		}
		for len(cells) > 0 && strings.HasSuffix(cells[len(cells)-1], `:""`) {
			cells = cells[:len(cells)-1]
		}
		rows = append(rows, fmt.Sprintf("%d %s end %q", i, cells, rec.raw[rec.end:]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestNothingFilled: without outcomes only the header changes, and a second
// time not even that.
func TestNothingFilled(t *testing.T) {
	t.Parallel()
	for _, path := range corpus(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkNothingFilled(t, mustOpen(t, path), in, t.TempDir())
		})
	}
}

// checkNothingFilled is shared with the fuzz target.
func checkNothingFilled(t check, b *Batch, in []byte, dir string) {
	t.Helper()
	out := results(t, b, none)
	from, to := headerCells(t, b)
	if !bytes.HasPrefix(out, in[:from]) || !bytes.HasSuffix(out, in[to:]) || len(out) < len(in)-(to-from) {
		t.Fatalf("more than the header changed:\n%q\n%q", in, out)
	}
	path := filepath.Join(dir, "again"+filepath.Ext(b.name))
	if err := os.WriteFile(path, out, 0o644); err != nil {
		t.Fatal(err)
	}
	if again := results(t, mustOpen(t, path), none); !bytes.Equal(out, again) {
		t.Fatalf("written again:\n%q\n%q", out, again)
	}
}

// headerCells says between which bytes of the file columns may be appended:
// behind the header's last cell that is not empty, before its line end.
func headerCells(t check, b *Batch) (from, to int) {
	t.Helper()
	at := dialectOf(b).bom
	err := b.records(func(i int, r record) error {
		rec := r.(*csvRecord)
		if i == -1 {
			for _, c := range rec.cells {
				if c.to > c.from {
					from = at + c.to
				}
			}
			to = at + rec.end
			return errStop
		}
		at += len(rec.raw)
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Fatalf("no header: %v", err)
	}
	return from, to
}
