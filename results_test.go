package poactor

import (
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// rows reads results.csv, without its byte order mark.
func (r *trial) rows(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.cfg.Out, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\uFEFF")))
	in.FieldsPerRecord = -1
	rows, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// resultsAreRight holds the files that people read against the portal's truth.
func (r *trial) resultsAreRight(t *testing.T) {
	t.Helper()
	parse, err := r.cfg.Portal.Parser()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := results.ReadManifest(filepath.Join(r.cfg.Out, outdir.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := results.ReadSums(r.cfg.Out, outdir.SumsFile)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	var outcomes []po.Outcome
	for o, err := range batch.ReadOutcomes(filepath.Join(r.cfg.Out, "results.csv"), parse) {
		if err != nil {
			t.Fatal(err)
		}
		o.Files = manifest[o.Key].Files
		files += len(o.Files)
		outcomes = append(outcomes, o)
	}
	if files == 0 || len(sums) != files {
		t.Errorf("%d files, %d checksums", files, len(sums))
	}
	for _, line := range r.portal.Verify(r.cfg.Out, outcomes) {
		t.Error(line)
	}
}

// A run of orders that come from no list leaves results for people, and a list to
// run again.
func TestResultsWithoutAList(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 12)
	orders := r.orders(t)
	for i := range orders { // an embedder knows no other way to write them
		orders[i].RawNumber = ""
	}
	if _, err := r.start(t, orders); err != nil {
		t.Fatal(err)
	}
	r.resultsAreRight(t)
	rows := r.rows(t)
	if len(rows) != 13 || rows[0][0] != "PO_NUMBER" || rows[0][1] != "STATUS" {
		t.Errorf("%d rows, %q", len(rows), rows[0])
	}
	for i, o := range orders {
		if rows[i+1][0] != o.Number || rows[i+1][1] != string(po.Completed) {
			t.Errorf("row %d is %q, not %s", i+1, rows[i+1][:2], o.Number)
		}
	}
	path, err := batch.FindCopy(r.cfg.Out)
	if err != nil {
		t.Fatal(err)
	}
	list, err := OpenBatch(path, r.cfg.Portal)
	if err != nil || list.Len() != len(orders) {
		t.Fatal(list, err)
	}
	var keys []po.Key
	for o, err := range list.Orders() {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if !slices.EqualFunc(keys, orders, func(k po.Key, o po.Order) bool { return k == o.Key }) {
		t.Errorf("the copy has %v", keys)
	}
}

// A run of a list leaves that list with its status columns.
func TestResultsOfAList(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 6)
	path := filepath.Join(t.TempDir(), "list.csv")
	var text strings.Builder
	text.WriteString("Requester;PO Number\n")
	for _, truth := range r.portal.Truth() {
		text.WriteString("Ann;" + truth.Number + "\n")
	}
	text.WriteString("Bob;\n")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := OpenBatch(path, r.cfg.Portal)
	if err != nil {
		t.Fatal(err)
	}
	r.cfg.Batch = list
	r.hooks = append(r.hooks, func(e any) { // nobody needs the list any more
		if _, ok := e.(messages.RunStarted); ok {
			_ = os.Remove(path)
		}
	})
	if _, err := Run(t.Context(), r.cfg, list.Orders()); err != nil {
		t.Fatal(err)
	}
	r.resultsAreRight(t)
	got, err := os.ReadFile(filepath.Join(r.cfg.Out, list.ResultsName()))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(got)), "\n")
	if len(lines) != 8 || !strings.HasPrefix(lines[0], "Requester;PO Number;STATUS;") || lines[7] != "Bob;" {
		t.Errorf("%s", got)
	}
}

// However a run ends, its results are written when its record is closed, and before
// it says that it is clean.
func TestResultsOfARunThatIsCutShort(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 40)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cleaned := false
	r.hooks = append(r.hooks, func(e any) {
		switch e.(type) {
		case messages.OrderSettled:
			cancel()
		case messages.RunCleaned:
			cleaned = true
			if rows := r.rows(t); len(rows) != 41 {
				t.Errorf("%d rows", len(rows))
			}
			l, err := ledger.OpenReadOnly(r.cfg.Out)
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			starts, err := l.Starts(context.Background())
			if err != nil || len(starts) != 1 || starts[0].Ended.IsZero() {
				t.Errorf("starts: %+v, %v", starts, err)
			}
		}
	})
	summary, err := Run(ctx, r.cfg, Orders(slices.Values(r.orders(t))))
	if po.CauseOf(err) != po.Interrupted || summary.ResultsErr != nil || !cleaned {
		t.Fatalf("%+v, %v", summary, err)
	}
	settled := 0
	for _, row := range r.rows(t)[1:] {
		if len(row) > 1 {
			settled++
		}
	}
	if settled == 0 || settled != 40-summary.Open {
		t.Errorf("%d rows are settled, %d open", settled, summary.Open)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.events[len(r.events)-1].(messages.RunCleaned); !ok {
		t.Errorf("the last event is %T", r.events[len(r.events)-1])
	}
}

// What somebody has made of the results stays, and the host is told.
func TestResultsThatWereEdited(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 3)
	if _, err := r.start(t, r.orders(t)); err != nil {
		t.Fatal(err)
	}
	if told := all[messages.ResultsWarning](r); len(told) > 0 {
		t.Errorf("told: %+v", told)
	}
	mine := filepath.Join(r.cfg.Out, "results.csv")
	if err := os.WriteFile(mine, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.start(t, r.orders(t)); err != nil {
		t.Fatal(err)
	}
	want := messages.ResultsWarning{File: "results.csv",
		Text: "results.csv was changed by somebody: it is results.edited.csv now"}
	if told := one[messages.ResultsWarning](t, r); told != want {
		t.Errorf("told: %+v", told)
	}
	if text, err := os.ReadFile(filepath.Join(r.cfg.Out, "results.edited.csv")); string(text) != "mine\n" {
		t.Errorf("%q, %v", text, err)
	}
	r.resultsAreRight(t)
}

// Results that cannot be written are the error of a run that has no other.
func TestResultsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 3)
	for _, name := range []string{"results.csv", "results.new.csv"} {
		if err := os.MkdirAll(filepath.Join(r.cfg.Out, name, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	summary, err := r.start(t, r.orders(t))
	e, ok := errors.AsType[*po.Error](err)
	if !ok || !errors.Is(err, ErrResults) || e.Hint == "" || summary.ResultsErr != err {
		t.Errorf("%v, %v", err, summary.ResultsErr)
	}
	if summary.Counts[po.Completed] != 3 || len(all[messages.RunCleaned](r)) != 1 {
		t.Errorf("%+v", summary)
	}
}

// A run that keeps its record in memory leaves nothing but the files.
func TestNoResultsInMemory(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 3)
	r.cfg.InMemory = true
	if _, err := r.start(t, r.orders(t)); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(r.cfg.Out, "*.csv")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
