package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

const rows = "PO_NUMBER,NOTE\n123451,a\n123452,b\n123451,again\n123453,c\n"

func parser(t *testing.T) batch.Parse {
	t.Helper()
	p, _ := portal.Builtin("coupa")
	parse, err := p.Parser()
	if err != nil {
		t.Fatal(err)
	}
	return parse
}

// openRows gives a batch with those rows, and a directory for the results.
func openRows(t *testing.T, rows string) (*batch.Batch, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.csv")
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := batch.Open(path, parser(t))
	if err != nil {
		t.Fatal(err)
	}
	return b, t.TempDir()
}

func load(t *testing.T, dir string) *results {
	t.Helper()
	r, err := loadResults(dir, parser(t))
	if err != nil {
		t.Fatal(err)
	}
	r.warn = func(format string, args ...any) { t.Errorf(format, args...) }
	return r
}

func outcome(key po.Key, status po.Status, names ...string) po.Outcome {
	o := po.Outcome{Key: key, Status: status, Supplier: "Acme", Found: len(names), Attempts: 1,
		Folder: fmt.Sprintf("Acme/PO_%s_%s", key, status), Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	for _, name := range names {
		o.Files = append(o.Files, po.File{ID: "id-" + name, Name: name, Original: name, Bytes: 3,
			SHA256: strings.Repeat("ab", 32), URL: "https://x.example/" + name, Lane: po.LaneHTTP, Time: o.Time})
	}
	return o
}

// What one start settles the next one has, with files, also when it saves
// nothing new for those orders itself.
func TestResultsFromStartToStart(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	first := load(t, dir)
	first.put(outcome("123451", po.Completed, "a.pdf", "b.pdf"))
	first.put(outcome("123452", po.Partial, "c.pdf"))
	if err := first.save(b, true); err != nil {
		t.Fatal(err)
	}

	second := load(t, dir)
	want := map[po.Key]po.Outcome{
		"123451": outcome("123451", po.Completed, "a.pdf", "b.pdf"),
		"123452": outcome("123452", po.Partial, "c.pdf"),
	}
	if diff := cmp.Diff(want, second.known); diff != "" {
		t.Error(diff)
	}
	second.put(outcome("123452", po.Completed, "c.pdf", "d.pdf"))
	second.put(outcome("123453", po.NotFound))
	if err := second.save(b, true); err != nil {
		t.Fatal(err)
	}
	want["123452"] = outcome("123452", po.Completed, "c.pdf", "d.pdf")
	want["123453"] = outcome("123453", po.NotFound)
	if diff := cmp.Diff(want, load(t, dir).known); diff != "" {
		t.Error(diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "COMPLETED"); n < 3 { // three rows; folders have the word too
		t.Errorf("a duplicate's row is not filled:\n%s", text)
	}
}

// An order that is no longer in the batch keeps its lines in the manifest.
func TestResultsOfARemovedRow(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	r := load(t, dir)
	r.put(outcome("123451", po.Completed, "a.pdf"))
	if err := r.save(b, true); err != nil {
		t.Fatal(err)
	}
	shorter, _ := openRows(t, "PO_NUMBER,NOTE\n123453,c\n")
	for range 2 {
		r = load(t, dir)
		r.put(outcome("123453", po.NotFound))
		if err := r.save(shorter, true); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := report.ReadManifest(filepath.Join(dir, manifestFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(kept["123451"].Files) != 1 {
		t.Errorf("its line is gone: %v", kept)
	}
	if o, ok := load(t, dir).settled("123451"); ok {
		t.Errorf("without a row it counts as settled: %v", o)
	}
}

// A kill between the two files leaves a manifest that is newer than the
// results: folder and files are of one write.
func TestResultsOfAKill(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	r := load(t, dir)
	r.put(outcome("123451", po.Failed))
	r.put(outcome("123452", po.Failed))
	if err := r.save(b, true); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(dir, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	r.put(outcome("123451", po.Completed, "a.pdf"))
	if err := r.save(b, true); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, resultsFile), old, 0o600); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[po.Key]string{"123451": "Acme/PO_123451_COMPLETED", "123452": "Acme/PO_123452_FAILED"} {
		if o, _ := load(t, dir).get(key); o.Folder != want || o.Status != po.Failed {
			t.Errorf("%s: %+v, want folder %s", key, o, want)
		}
	}
}

// Files that somebody has deleted between two starts are not vouched for.
func TestResultsOfDeletedFiles(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	folder := filepath.Join(dir, "Acme", "PO_123451_PARTIAL")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "b.pdf"), []byte("bbb"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := load(t, dir)
	r.put(outcome("123451", po.Partial, "a.pdf", "b.pdf"))
	r.put(outcome("123452", po.Partial, "c.pdf")) // its folder is gone
	edited := outcome("123453", po.Failed)
	edited.Folder = `C:\orders\PO_123453_FAILED`
	r.put(edited)
	if err := r.save(b, true); err != nil {
		t.Fatal(err)
	}
	plan, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	j := &job{plan: plan, results: load(t, dir), todo: 3, written: map[po.Key]string{}}
	got := map[po.Key]int{}
	for order := range j.orders(func(err error) { t.Error(err) }) {
		got[order.Key] = len(order.Kept.Files)
		if has := order.Kept.Folder != ""; has != (order.Key == "123451") {
			t.Errorf("%s has folder %q", order.Key, order.Kept.Folder)
		}
	}
	if diff := cmp.Diff(map[po.Key]int{"123451": 1, "123452": 0, "123453": 0}, got); diff != "" {
		t.Error(diff)
	}
	if err := j.results.save(b, false); err != nil {
		t.Fatal(err)
	}
	kept, err := report.ReadManifest(filepath.Join(dir, manifestFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) != 1 || len(kept["123451"].Files) != 1 {
		t.Errorf("manifest: %v", kept)
	}
}

func TestResultsSaveOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	r := load(t, dir)
	if err := r.save(b, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, resultsFile)); err == nil {
		t.Error("results without an outcome")
	}
	r.put(outcome("123451", po.NotFound))
	if err := r.save(b, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, resultsFile)); err != nil {
		t.Error(err)
	}
}

// While results.csv cannot be replaced a file beside it has the results, and a
// later start takes them from there.
func TestResultsBeside(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	held := filepath.Join(dir, resultsFile, "in the way")
	if err := os.MkdirAll(held, 0o700); err != nil {
		t.Fatal(err)
	}
	warnings := 0
	r := &results{out: &output{dir: dir}, known: map[po.Key]po.Outcome{}, warn: func(string, ...any) { warnings++ }}
	for _, o := range []po.Outcome{outcome("123451", po.Completed, "a.pdf"), outcome("123452", po.NotFound)} {
		r.put(o)
		if err := r.save(b, false); err != nil {
			t.Fatal(err)
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings, want one", warnings)
	}
	if err := os.RemoveAll(filepath.Join(dir, resultsFile)); err != nil {
		t.Fatal(err)
	}
	next := load(t, dir)
	if len(next.known) != 2 {
		t.Errorf("from beside: %v", next.known)
	}
	if err := next.save(b, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, besideFile)); err == nil {
		t.Error("the file beside is still there")
	}
}

// A file beside that could not be removed is older than results.csv, whose rows
// stand; newer rows in it count also where results.csv was saved after it.
func TestResultsBesideByTime(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	older, newer := outcome("123451", po.Failed), outcome("123451", po.NotFound)
	newer.Time = older.Time.Add(time.Minute)
	for name, row := range map[string]struct{ results, beside po.Outcome }{
		"leftover": {newer, older},
		"Excel":    {older, newer},
		"same":     {older, func() po.Outcome { o := newer; o.Time = older.Time; return o }()},
	} {
		for file, o := range map[string]po.Outcome{resultsFile: row.results, besideFile: row.beside} {
			r := &results{known: map[po.Key]po.Outcome{}}
			r.put(o)
			if err := report.Replace(filepath.Join(dir, file), func(w io.Writer) error { return b.WriteResults(w, r.settled) }); err != nil {
				t.Fatal(err)
			}
		}
		if o, _ := load(t, dir).get("123451"); o.Status != po.NotFound {
			t.Errorf("%s: %s", name, o.Status)
		}
	}
}

func TestResultsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{resultsFile: "x\n", manifestFile: "order,name\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := loadResults(dir, parser(t)); errorCode(err) != exitUse {
				t.Errorf("%v", err)
			}
		})
	}
}

// The files are brought up to date while the run goes on.
func TestKeep(t *testing.T) {
	t.Parallel()
	b, dir := openRows(t, rows)
	synctest.Test(t, func(t *testing.T) {
		r := load(t, dir)
		stop := r.keep(b, func(err error) { t.Error(err) })
		defer stop()
		r.put(outcome("123451", po.NotFound))
		time.Sleep(saveEvery + time.Second)
		synctest.Wait()
		if len(load(t, dir).known) != 1 {
			t.Error("not saved")
		}
	})
}

func TestOutFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		batch, asked, want string
		code               int
	}{
		"beside":            {batch: filepath.Join("x", "orders.csv"), want: filepath.Join("x", "orders")},
		"two dots":          {batch: "a.b.csv", want: "a.b"},
		"no extension":      {batch: "orders", want: "orders.out"},
		"hidden":            {batch: ".csv", want: ".csv.out"},
		"only dots":         {batch: "..csv", want: "..csv.out"},
		"asked":             {batch: "orders.csv", asked: "o", want: "o"},
		"standard input":    {batch: "-", code: exitUse},
		"standard in asked": {batch: "-", asked: "o", want: "o"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := outFor(tt.batch, tt.asked)
			if got != tt.want || exitCode(nil, err) != tt.code {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}}
	tests := map[string]struct {
		info    *debug.BuildInfo
		version string
		want    string
	}{
		"of the module": {info: info, want: "poactor v1.2.3, revision abc with changes\n"},
		"of the build":  {info: info, version: "v2", want: "poactor v2, revision abc with changes\n"},
		"of neither":    {info: &debug.BuildInfo{}, want: "poactor (devel)\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := newBuild(tt.info, tt.version).String(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

// A panic is one line for the user and a stack for the log.
func TestPanic(t *testing.T) {
	t.Parallel()
	var stderr, logged strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr,
		env: func(string) (string, bool) { panic("first line\nsecond line") }}
	a.log = logrus.New()
	a.log.SetOutput(&logged)
	if code := a.main([]string{"orders.csv"}); code != exitBug {
		t.Errorf("exit code %d", code)
	}
	want := "poactor: error: a bug: first line second line\n" +
		"poactor: hint: run again with --log-file FILE and report it with that file\n"
	if stderr.String() != want {
		t.Errorf("%q", stderr.String())
	}
	if !strings.Contains(logged.String(), "goroutine") {
		t.Errorf("no stack in the log: %q", logged.String())
	}
}
