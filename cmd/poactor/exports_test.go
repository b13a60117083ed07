package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

const rows = "PO_NUMBER,NOTE\n123451,a\n123452,b\n123451,again\n,blank\n123453,c\nnone,bad\n"

// bench is a batch on its way, without browsers: what a run would record is
// recorded by hand.
type bench struct {
	*exports
	t        *testing.T
	warnings []string
}

func newBench(t *testing.T, dir, rows string) *bench {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.csv")
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	coupa, _ := portal.Builtin("coupa")
	parse, err := coupa.Parser()
	if err != nil {
		t.Fatal(err)
	}
	b, err := batch.Open(path, parse)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := poactor.OpenLedger(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ledger.Close() })
	if _, err := ledger.Merge(t.Context(), plan.All(), poactor.Choice{}); err != nil {
		t.Fatal(err)
	}
	x := &bench{t: t}
	x.exports = newExports(dir, ledger, b, func(format string, args ...any) { x.warnings = append(x.warnings, fmt.Sprintf(format, args...)) })
	return x
}

// settle records how the next order ends.
func (x *bench) settle(status po.Status, names ...string) {
	x.t.Helper()
	c, err := x.ledger.Claim(x.t.Context(), 1, time.Minute)
	if err != nil || len(c.Leases) != 1 {
		x.t.Fatal(c, err)
	}
	l := c.Leases[0]
	o := po.Outcome{Key: l.Order.Key, Status: status, Supplier: "Acme", Found: len(names), Attempts: 1,
		Folder: fmt.Sprintf("Acme/PO_%s_%s", l.Order.Key, status), Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	for _, name := range names {
		o.Files = append(o.Files, po.File{ID: "id-" + name, Name: name, Original: name, Bytes: 3,
			SHA256: strings.Repeat("ab", 32), URL: "https://x.example/" + name, Lane: po.LaneHTTP, Time: o.Time})
	}
	x.no(x.ledger.Save(x.t.Context(), l.Token, "Acme", po.Saved{Folder: o.Folder, Files: o.Files}))
	x.no(x.ledger.Settle(x.t.Context(), l.Token, o))
}

func (x *bench) no(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// read gives a file of the output directory; empty if there is none.
func (x *bench) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(x.dir, name))
	return string(text)
}

// statuses are those of the rows of a results file.
func (x *bench) statuses(name string) string {
	x.t.Helper()
	var list []string
	for i, line := range strings.Split(strings.TrimSpace(x.read(name)), "\n") {
		cells := strings.Split(line, ",")
		if i > 0 && len(cells) > 2 {
			list = append(list, cells[0]+" "+cells[2])
		} else if i > 0 {
			list = append(list, line)
		}
	}
	return strings.Join(list, "; ")
}

// Every row that names an order shows how it ended, duplicates too.
func TestExports(t *testing.T) {
	t.Parallel()
	x := newBench(t, t.TempDir(), rows)
	x.settle(po.Completed, "a.pdf", "b.pdf")
	x.settle(po.Partial, "c.pdf")
	x.no(x.save(t.Context(), false))
	want := "123451 COMPLETED; 123452 PARTIAL; 123451 COMPLETED; ,blank; 123453,c; none,bad"
	if diff := cmp.Diff(want, x.statuses("results.csv")); diff != "" {
		t.Error(diff)
	}
	kept, err := report.ReadManifest(filepath.Join(x.dir, outdir.ManifestFile))
	x.no(err)
	if len(kept["123451"].Files) != 2 || len(kept["123452"].Files) != 1 {
		t.Errorf("manifest: %v", kept)
	}
	if n := strings.Count(x.read(outdir.SumsFile), "\n"); n != 3 {
		t.Errorf("%d checksums", n)
	}
	before := x.read("results.csv")
	x.no(os.Remove(filepath.Join(x.dir, "results.csv")))
	x.no(x.save(t.Context(), false)) // nothing is new
	if x.read("results.csv") != "" {
		t.Error("written without a change")
	}
	x.no(x.save(t.Context(), true))
	if x.read("results.csv") != before {
		t.Error("another content")
	}
}

// An order that is in the batch no more keeps its lines in the manifest.
func TestExportsOfARemovedRow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := newBench(t, dir, rows)
	x.settle(po.Completed, "a.pdf")
	x.no(x.ledger.Close())
	x = newBench(t, dir, "PO_NUMBER,NOTE\n123453,c\n")
	x.settle(po.NotFound)
	x.no(x.save(t.Context(), false))
	if got := x.statuses("results.csv"); got != "123453 NOT_FOUND" {
		t.Error(got)
	}
	if !strings.Contains(x.read(outdir.ManifestFile), "PO_123451_COMPLETED/a.pdf") {
		t.Errorf("its line is gone: %s", x.read(outdir.ManifestFile))
	}
}

// While another program has a file open, what is new is beside it; when it is
// closed, it gets what is new, and nothing is left beside.
func TestExportsThatAreHeld(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(t *testing.T, path string) (free func()){
		"locked": func(t *testing.T, path string) func() {
			lock := flock.New(path)
			if ok, err := lock.TryLock(); !ok || err != nil {
				t.Fatal(ok, err)
			}
			return func() { lock.Close() }
		},
		"open in LibreOffice": holdBy(".~lock.%s#"),
		"open in Excel":       holdBy("~$%s"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newBench(t, t.TempDir(), rows)
			x.settle(po.Completed, "a.pdf")
			x.no(x.save(t.Context(), false))
			frees := []func(){hold(t, filepath.Join(x.dir, "results.csv")), hold(t, filepath.Join(x.dir, outdir.ManifestFile))}
			x.settle(po.NotFound)
			x.no(x.save(t.Context(), false))
			x.settle(po.Failed)
			x.no(x.save(t.Context(), false))
			if got := x.statuses("results.csv"); got != "123451 COMPLETED; 123452,b; 123451 COMPLETED; ,blank; 123453,c; none,bad" {
				t.Errorf("the held file was changed: %s", got)
			}
			const want = "123451 COMPLETED; 123452 NOT_FOUND; 123451 COMPLETED; ,blank; 123453 FAILED; none,bad"
			if got := x.statuses("results.new.csv"); got != want {
				t.Errorf("beside: %s", got)
			}
			wantWarnings := []string{
				"manifest.csv is held by another program; until it is closed, what is new is in manifest.new.csv",
				"results.csv is held by another program; until it is closed, what is new is in results.new.csv",
			}
			if diff := cmp.Diff(wantWarnings, x.warnings); diff != "" {
				t.Error(diff)
			}
			for _, free := range frees {
				free()
			}
			x.no(x.save(t.Context(), true))
			if got := x.statuses("results.csv"); got != want {
				t.Errorf("freed: %s", got)
			}
			if left, _ := filepath.Glob(filepath.Join(x.dir, "*.new.*")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// holdBy puts a file beside another, as office programs do.
func holdBy(pattern string) func(*testing.T, string) func() {
	return func(t *testing.T, path string) func() {
		mark := filepath.Join(filepath.Dir(path), fmt.Sprintf(pattern, filepath.Base(path)))
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return func() { os.Remove(mark) }
	}
}

// What somebody has made of results.csv is not overwritten, between two saves or
// between two starts.
func TestExportsThatWereEdited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "results.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(mine, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("of another program\n")
	x := newBench(t, dir, rows)
	x.settle(po.Completed, "a.pdf")
	x.no(x.save(t.Context(), false))
	x.settle(po.NotFound)
	x.no(x.save(t.Context(), false)) // this one was ours
	write("PO_NUMBER,NOTE\n123451,edited\n")
	x.settle(po.Failed)
	x.no(x.save(t.Context(), false))
	x.no(x.ledger.Close())
	next := newBench(t, dir, rows)
	next.no(next.save(t.Context(), true)) // ours, of the former start
	write("edited between starts\n")
	next.no(next.save(t.Context(), true))
	for name, want := range map[string]string{
		"results.edited.csv":   "of another program\n",
		"results.edited-2.csv": "PO_NUMBER,NOTE\n123451,edited\n",
		"results.edited-3.csv": "edited between starts\n",
		"results.edited-4.csv": "",
	} {
		if got := x.read(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := next.statuses("results.csv"); !strings.HasPrefix(got, "123451 COMPLETED; 123452 NOT_FOUND; ") {
		t.Error(got)
	}
	if len(x.warnings) != 2 || len(next.warnings) != 1 {
		t.Errorf("warnings: %q, %q", x.warnings, next.warnings)
	}
}

// What could not be recorded is recorded by the next try, or the start after this
// would take our own results for somebody's.
func TestRecordOfResultsIsTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := outdir.StatePath(dir)
	w := readWritten(dir)
	if err := w.add("first"); err == nil {
		t.Fatal("recorded where there is no place for it")
	}
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		hash string
		want []string
	}{
		{"first", []string{"first"}},
		{"second", []string{"first", "second"}},
		{"second", []string{"first", "second"}},
		{"third", []string{"second", "third"}},
	} {
		if err := w.add(row.hash); err != nil {
			t.Fatal(err)
		}
		if got := readWritten(dir).Hashes; !slices.Equal(got, row.want) {
			t.Errorf("recorded %q, want %q", got, row.want)
		}
	}
}

// A start that was killed between the file and anything else has written the
// file all the same: it is known as ours.
func TestExportsOfAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := newBench(t, dir, rows)
	x.settle(po.Completed, "a.pdf")
	x.no(x.save(t.Context(), false))
	old := x.read("results.csv")
	x.settle(po.NotFound)
	x.no(x.save(t.Context(), false))
	for name, spoil := range map[string]func(){
		"before the file got its name": func() { x.no(os.WriteFile(filepath.Join(dir, "results.csv"), []byte(old), 0o600)) },
		"half written beside":          func() { x.no(os.WriteFile(filepath.Join(dir, ".results.csv.tmp"), []byte("half"), 0o600)) },
	} {
		spoil()
		next := newExports(dir, x.ledger, x.batch, func(f string, args ...any) { t.Errorf("%s: "+f, append([]any{name}, args...)...) })
		x.no(next.save(t.Context(), true))
	}
}

// The files are brought up to date while the run goes on.
func TestKeep(t *testing.T) {
	t.Parallel()
	x := newBench(t, t.TempDir(), rows)
	x.settle(po.NotFound)
	synctest.Test(t, func(t *testing.T) {
		stop := x.keep(t.Context(), func(err error) { t.Error(err) })
		defer stop()
		time.Sleep(saveEvery + time.Second)
		synctest.Wait()
		if !strings.Contains(x.read("results.csv"), "NOT_FOUND") {
			t.Error("not saved")
		}
	})
}

// A name that the list's encoding does not have makes the results UTF-8, which
// is said once.
func TestExportsInAnotherEncoding(t *testing.T) {
	t.Parallel()
	x := newBench(t, t.TempDir(), "PO_NUMBER;K\xF6ln\n123451;\xDF\n123452;b\n")
	x.settle(po.Completed, "M\u00fcller.pdf")
	x.no(x.save(t.Context(), false))
	if got := x.read("results.csv"); !strings.HasPrefix(got, "PO_NUMBER;K\xF6ln;STATUS") || !strings.Contains(got, "M\xFCller.pdf") {
		t.Errorf("in the list's own encoding: %q", got)
	}
	x.settle(po.Completed, "\u65e5\u672c.pdf")
	x.no(x.save(t.Context(), false))
	x.no(x.save(t.Context(), true))
	got := x.read("results.csv")
	for _, want := range []string{"\uFEFFPO_NUMBER;K\u00f6ln;STATUS", "123451;\u00df;COMPLETED", "M\u00fcller.pdf", "\u65e5\u672c.pdf"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	want := []string{"results.csv is UTF-8 with a byte order mark, unlike the list: Windows-1252 has no '\u65e5'"}
	if diff := cmp.Diff(want, x.warnings); diff != "" {
		t.Error(diff)
	}
}
