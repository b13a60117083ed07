package batch

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poactor/poactor/po"
)

// FuzzBatch: reading never panics, every error is one clear line, and without
// outcomes the results are the batch but for the header's new columns.
func FuzzBatch(f *testing.F) {
	for _, path := range corpus(f) {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkAnything(t, in, t.TempDir()) })
}

// TestAnything makes batches of what matters in a batch; a fuzzer rarely finds
// its way past the header.
func TestAnything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		header := rapid.SampledFrom([]string{"", "\n", "sep=;\r\n", "\"sep=\t\"\n", ",,\n"}).Draw(r, "before") +
			rapid.SampledFrom([]string{"PO_NUMBER", "\"po\"", "A,PO Number,\"<|>\",L", "STATUS;PO;ERROR_MESSAGE;;", "x\tPO\tCAUSE", "a|PO-NUMBER"}).Draw(r, "header")
		pieces := rapid.SampledFrom([]string{",", ";", "\t", "|", "\"", "\"\"", "\r", "\n", "\n", "\r\n", "1", "PO2", "3", "bad", " ", "ß", "日",
			"\u00a0", "STATUS", "COMPLETED", "\"a,b\"", "\"x\r\ny\"", "<|>", "=1", "\n1,", "\n2;"})
		text := header + strings.Join(rapid.SliceOfN(pieces, 0, 30).Draw(r, "rows"), "")
		in := rapid.SampledFrom([]string{"", "\uFEFF"}).Draw(r, "mark") + text
		switch rapid.IntRange(0, 4).Draw(r, "charset") {
		case 0:
			in = string(charsetWindows1252.encode(nil, text))
		case 1:
			in = string(charsetUTF16LE.encode(nil, in))
		case 2:
			in = string(charsetUTF16BE.encode(nil, in)) + rapid.SampledFrom([]string{"", "\x00", "x"}).Draw(r, "half")
		}
		checkAnything(r, []byte(in), dir)
	})
}

// checkAnything is what holds for every file.
func checkAnything(t check, in []byte, dir string) {
	t.Helper()
	path := filepath.Join(dir, "batch.csv")
	if err := os.WriteFile(path, in, 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := Open(path, parse)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Err == nil || strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("%T %q", err, err)
		}
		return
	}
	checkNothingFilled(t, b, in, dir)
	checkFilled(t, b, dir)
}

// checkFilled fills every row and reads the results back.
func checkFilled(t check, b *Batch, dir string) {
	t.Helper()
	p, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if p.Rows < p.Orders+p.Completed+p.Blank || len(p.BadRows) != p.Blank+p.Malformed+p.Duplicate {
		t.Fatalf("the plan does not add up: %+v", p)
	}
	filled := map[po.Key]bool{}
	path := filepath.Join(dir, "filled.csv")
	out := results(t, b, func(key po.Key) (po.Outcome, bool) {
		if !strings.HasPrefix(string(key), "%-") { // it may be of another table, whose rows stay
			filled[key] = true
		}
		return po.Outcome{Key: key, Status: po.NotFound, Cause: po.CauseNotFound, Detail: "=a;\"b\r\n", Attempts: 1}, true
	})
	if err := os.WriteFile(path, out, 0o644); err != nil {
		t.Fatal(err)
	}
	for o, err := range ReadOutcomes(path, parse) {
		if err != nil {
			t.Fatal(err)
		}
		if filled[o.Key] && o.Status == po.NotFound && o.Detail != "=a;\"b" {
			t.Fatalf("detail came back as %q", o.Detail)
		}
		if o.Status == po.NotFound {
			delete(filled, o.Key)
		}
	}
	if len(filled) > 0 {
		t.Fatalf("without an outcome: %v in %q", filled, out)
	}
}

// FuzzScanner compares with encoding/csv where both agree on what CSV is.
func FuzzScanner(f *testing.F) {
	f.Add("a,b\n\"c\"\"d\",\"e\nf\"\n")
	f.Add(",,\nx\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\x00") {
			return // encoding/csv changes or refuses them
		}
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		if err != nil {
			return
		}
		var got [][]string
		s := newScanner(strings.NewReader(text), charsetUTF8, ',')
		for {
			rec, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(rec.raw) == len("\n") && rec.end == 0 {
				continue // encoding/csv leaves out empty lines
			}
			var cells []string
			for i := range rec.cells {
				cells = append(cells, unquote(string(rec.cell(i))))
			}
			got = append(got, cells)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
