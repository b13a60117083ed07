package batch

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// TestLists reads exports as people have them, for a portal that takes anything
// for a number, and tells what it makes of each: how it was read, the orders,
// the bad rows and the results, or the error.
func TestLists(t *testing.T) {
	t.Parallel()
	all, err := filepath.Glob("testdata/lists/*.*")
	if err != nil || len(all) < 20 {
		t.Fatalf("%d lists, %v", len(all), err)
	}
	for _, path := range all {
		if filepath.Ext(path) == ".golden" {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			before := read(t, path)
			var got bytes.Buffer
			b, err := Open(path, anything)
			if err == nil {
				err = tell(t, &got, b)
			}
			var e *Error
			if errors.As(err, &e) {
				e.Path = filepath.Base(path)
				fmt.Fprintf(&got, "error: %v\nhint: %s\n", e, e.Hint)
			} else if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, path, got.Bytes())
			if !bytes.Equal(before, read(t, path)) {
				t.Error("the list was changed")
			}
		})
	}
}

func tell(t *testing.T, to *bytes.Buffer, b *Batch) error {
	p, err := b.Plan()
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "%s\nrows %d, COMPLETED already %d, usable: %v\n", b.Describe(), p.Rows, p.Completed, p.usable)
	for o, err := range p.All() {
		if err != nil {
			return err
		}
		fmt.Fprintf(to, "order %s %s\n", o.Key, o.Invalid)
	}
	for _, bad := range p.BadRows {
		fmt.Fprintf(to, "%s %d: %s %s\n", b.Unit(), bad.Line, bad.Reason, bad.Detail)
	}
	out := results(t, b, func(key po.Key) (po.Outcome, bool) {
		return po.Outcome{Key: key, Status: po.Completed, Supplier: "M\u00fcller \u65e5", Attempts: 1}, true
	})
	if b.Unit() == "line" {
		_, err := to.Write(out)
		return err
	}
	f := reopen(t, out)
	rows, err := f.GetRows(b.source.sheetName())
	for i, row := range rows {
		fmt.Fprintf(to, "%d %q\n", i+1, strings.Join(row, "|"))
	}
	return err
}
