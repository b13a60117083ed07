package poactor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/outdir"
)

// A run leaves its report, and the same can be written anew from its record.
func TestReport(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 6)
	orders := r.orders(t)
	if _, err := r.start(t, orders); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.cfg.Out, outdir.ReportFile)
	for range 2 {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"running":false`, `"counts":{"COMPLETED":6}`, `"event":"run_started"`, `"event":"run_ended"`, orders[5].RawNumber} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the report lacks %s", want)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := WriteReport(t.Context(), r.cfg.Out); err != nil {
			t.Fatal(err)
		}
	}
}

// A report that cannot be written is no error of the run.
func TestReportIsInTheWay(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 2)
	if err := os.MkdirAll(filepath.Join(r.cfg.Out, outdir.ReportFile, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := r.start(t, r.orders(t)); err != nil {
		t.Error(err)
	}
}

func TestReportOfNoRun(t *testing.T) {
	t.Parallel()
	if err := WriteReport(t.Context(), t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
