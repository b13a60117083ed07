package results

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

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

const rows = "PO_NUMBER,NOTE\n123451,a\n123452,b\n123451,again\n,blank\n123453,c\nnone,bad\n"

// fixture is an output directory without a run: what a run would record is recorded
// by hand.
type fixture struct {
	*Writer
	t        *testing.T
	disk     *ledger.Disk
	warnings []string
}

func newFixture(t *testing.T, dir, rows string) *fixture {
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
	disk, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Close() })
	if _, err := disk.Merge(t.Context(), plan.All(), po.Choice{}); err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, disk: disk}
	x.Writer = New(dir, disk, b, x.note)
	return x
}

// note keeps a warning, which must name its file.
func (x *fixture) note(file, text string) {
	if !strings.HasPrefix(text, file+" ") {
		x.t.Errorf("a warning of %s: %s", file, text)
	}
	x.warnings = append(x.warnings, text)
}

// settle records how the next order ends.
func (x *fixture) settle(status po.Status, names ...string) {
	x.t.Helper()
	c, err := x.disk.Claim(x.t.Context(), 1, time.Minute)
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
	x.must(x.disk.Save(x.t.Context(), l.Token, "Acme", po.Saved{Folder: o.Folder, Files: o.Files}))
	x.must(x.disk.Settle(x.t.Context(), l.Token, o))
}

func (x *fixture) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// read gives a file of the output directory; empty if there is none.
func (x *fixture) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(x.dir, name))
	return string(text)
}

// statuses are those of the rows of a results file.
func (x *fixture) statuses(name string) string {
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
func TestSave(t *testing.T) {
	t.Parallel()
	x := newFixture(t, t.TempDir(), rows)
	x.settle(po.Completed, "a.pdf", "b.pdf")
	x.settle(po.Partial, "c.pdf")
	x.must(x.saveChanges(t.Context()))
	want := "123451 COMPLETED; 123452 PARTIAL; 123451 COMPLETED; ,blank; 123453,c; none,bad"
	if diff := cmp.Diff(want, x.statuses("results.csv")); diff != "" {
		t.Error(diff)
	}
	kept, err := ReadManifest(filepath.Join(x.dir, outdir.ManifestFile))
	x.must(err)
	if len(kept["123451"].Files) != 2 || len(kept["123452"].Files) != 1 {
		t.Errorf("manifest: %v", kept)
	}
	if n := strings.Count(x.read(outdir.SumsFile), "\n"); n != 3 {
		t.Errorf("%d checksums", n)
	}
	before := x.read("results.csv")
	x.must(os.Remove(filepath.Join(x.dir, "results.csv")))
	x.must(x.saveChanges(t.Context())) // nothing is new
	if x.read("results.csv") != "" {
		t.Error("written without a change")
	}
	x.must(x.Save(t.Context()))
	if x.read("results.csv") != before {
		t.Error("another content")
	}
}

// An order that is in the batch no more keeps its lines in the manifest.
func TestRemovedRow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := newFixture(t, dir, rows)
	x.settle(po.Completed, "a.pdf")
	x.must(x.disk.Close())
	x = newFixture(t, dir, "PO_NUMBER,NOTE\n123453,c\n")
	x.settle(po.NotFound)
	x.must(x.saveChanges(t.Context()))
	if got := x.statuses("results.csv"); got != "123453 NOT_FOUND" {
		t.Error(got)
	}
	if !strings.Contains(x.read(outdir.ManifestFile), "PO_123451_COMPLETED/a.pdf") {
		t.Errorf("its line is gone: %s", x.read(outdir.ManifestFile))
	}
}

// While another program has a file open, what is new is beside it; when it is
// closed, it gets what is new, and nothing is left beside.
func TestHeldFiles(t *testing.T) {
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
			x := newFixture(t, t.TempDir(), rows)
			x.settle(po.Completed, "a.pdf")
			x.must(x.saveChanges(t.Context()))
			frees := []func(){hold(t, filepath.Join(x.dir, "results.csv")), hold(t, filepath.Join(x.dir, outdir.ManifestFile))}
			x.settle(po.NotFound)
			x.must(x.saveChanges(t.Context()))
			x.settle(po.Failed)
			x.must(x.saveChanges(t.Context()))
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
			x.must(x.Save(t.Context()))
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
func TestEditedResults(t *testing.T) {
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
	x := newFixture(t, dir, rows)
	x.settle(po.Completed, "a.pdf")
	x.must(x.saveChanges(t.Context()))
	x.settle(po.NotFound)
	x.must(x.saveChanges(t.Context())) // this one was ours
	write("PO_NUMBER,NOTE\n123451,edited\n")
	x.settle(po.Failed)
	x.must(x.saveChanges(t.Context()))
	x.must(x.disk.Close())
	next := newFixture(t, dir, rows)
	next.must(next.Save(t.Context())) // ours, of the former start
	write("edited between starts\n")
	next.must(next.Save(t.Context()))
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
func TestLastExportIsTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := outdir.StatePath(dir)
	l := readLastExport(dir)
	if err := l.add("first"); err == nil {
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
		if err := l.add(row.hash); err != nil {
			t.Fatal(err)
		}
		if got := readLastExport(dir).Hashes; !slices.Equal(got, row.want) {
			t.Errorf("recorded %q, want %q", got, row.want)
		}
	}
}

// A start that was killed between the file and anything else has written the
// file all the same: it is known as ours.
func TestKilledWhileSaving(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := newFixture(t, dir, rows)
	x.settle(po.Completed, "a.pdf")
	x.must(x.saveChanges(t.Context()))
	old := x.read("results.csv")
	x.settle(po.NotFound)
	x.must(x.saveChanges(t.Context()))
	for name, spoil := range map[string]func(){
		"before the file got its name": func() {
			x.must(os.WriteFile(filepath.Join(dir, "results.csv"), []byte(old), 0o600))
		},
		"half written beside": func() {
			x.must(os.WriteFile(filepath.Join(dir, ".results.csv.tmp"), []byte("half"), 0o600))
		},
	} {
		spoil()
		next := New(dir, x.disk, x.list, func(_, text string) { t.Errorf("%s: %s", name, text) })
		x.must(next.Save(t.Context()))
	}
}

// The files are brought up to date while the run goes on.
func TestAutosave(t *testing.T) {
	t.Parallel()
	x := newFixture(t, t.TempDir(), rows)
	x.settle(po.NotFound)
	synctest.Test(t, func(t *testing.T) {
		stop := x.Autosave(t.Context(), func(err error) { t.Error(err) })
		defer stop()
		time.Sleep(saveEvery + time.Second)
		synctest.Wait()
		if !strings.Contains(x.read("results.csv"), "NOT_FOUND") {
			t.Error("not saved")
		}
	})
}

// A panic of whoever is warned does not end the process, which may be a host's.
func TestAutosaveSurvivesAPanic(t *testing.T) {
	t.Parallel()
	x := newFixture(t, t.TempDir(), rows)
	x.must(os.WriteFile(filepath.Join(x.dir, "results.csv"), []byte("mine"), 0o600))
	x.settle(po.NotFound)
	x.warn = func(_, text string) { panic(text) }
	synctest.Test(t, func(t *testing.T) {
		var failed []error
		stop := x.Autosave(t.Context(), func(err error) { failed = append(failed, err) })
		time.Sleep(saveEvery + time.Second)
		stop()
		if len(failed) != 1 || !strings.Contains(failed[0].Error(), "panic: results.csv was changed by somebody") {
			t.Errorf("failed: %v", failed)
		}
	})
}

// A name that the list's encoding does not have makes the results UTF-8, which
// is said once.
func TestListInAnotherEncoding(t *testing.T) {
	t.Parallel()
	x := newFixture(t, t.TempDir(), "PO_NUMBER;K\xF6ln\n123451;\xDF\n123452;b\n")
	x.settle(po.Completed, "M\u00fcller.pdf")
	x.must(x.saveChanges(t.Context()))
	got := x.read("results.csv")
	if !strings.HasPrefix(got, "PO_NUMBER;K\xF6ln;STATUS") || !strings.Contains(got, "M\xFCller.pdf") {
		t.Errorf("in the list's own encoding: %q", got)
	}
	x.settle(po.Completed, "\u65e5\u672c.pdf")
	x.must(x.saveChanges(t.Context()))
	x.must(x.Save(t.Context()))
	got = x.read("results.csv")
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
