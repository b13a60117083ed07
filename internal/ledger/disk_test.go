package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

func openDisk(t testing.TB, dir string) *ledger.Disk {
	t.Helper()
	d, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func pairs(orders []po.Order) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for _, o := range orders {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func merge(t testing.TB, d *ledger.Disk, orders []po.Order) ledger.Merged {
	t.Helper()
	m, err := d.Merge(t.Context(), pairs(orders), po.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hostile is text that a portal could send.
const hostile = "a\x00b'\"; DROP TABLE orders; -- \u202e\xff\n𝄞"

var moment = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

// full is an outcome with something in every field.
func full(key po.Key) po.Outcome {
	text := strings.ToValidUTF8(hostile, "?") // what JSON can hold
	return po.Outcome{
		Key: key, RawNumber: "PO0", Status: po.Partial, Cause: po.Timeout, Detail: hostile, Supplier: hostile, Found: 3,
		Files: []po.File{
			{ID: "i1", Name: "a.pdf", Original: hostile, Bytes: 5, SHA256: "ab", URL: "http://x/a?b=" + hostile, Lane: po.LaneHTTP, Time: moment},
			{ID: "i2", Name: "b.pdf", Bytes: 0, SHA256: "cd", Lane: po.LaneBrowser, Empty: true, Time: moment},
		},
		Missing: []po.Missing{{ID: "i3", Name: text, URL: "http://x/c", Cause: po.Timeout, Detail: text, Answer: text, Evidence: "e/1"}, {ID: "i4", Name: "d.pdf", Cause: po.Forbidden}},
		Folder:  "Acme/PO_K0_PARTIAL", URL: "http://x/orders/0", Attempts: 2, Time: moment,
		ReadBy: po.ReadByBoth, Comparisons: 7,
		Trace: po.Trace{Pages: []string{"http://x/orders/0", "http://x/req/1"}, Evidence: ".poactor/evidence/K0"},
	}
}

// What is recorded is there when the file is opened again, in every field.
func TestEverythingLasts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDisk(t, dir)
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	no(d.Begin(t.Context(), po.Start{Program: "v1", Portal: "coupa", BaseURL: "http://x", Workers: 4}))
	merge(t, d, orders(2))
	claim := func() po.Lease {
		t.Helper()
		c, err := d.Claim(t.Context(), 1, ttl)
		no(err)
		return c.Leases[0]
	}
	want := full("K0")
	x := claim()
	no(d.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p1"}))
	no(d.Save(t.Context(), x.Token, "Acme", po.Saved{Folder: "Acme/PO_K0__WORK", Files: want.Files[:1]}))
	no(d.Retry(t.Context(), x.Token, po.Failure{Cause: po.Throttled, Detail: hostile, Missing: want.Missing, Trace: po.Trace{Pages: []string{"p"}}}, 0))
	x = claim()
	if diff := cmp.Diff(want.Missing, x.Missing); diff != "" {
		t.Errorf("the next try does not know what is missing (-want +got):\n%s", diff)
	}
	no(d.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-2", Profile: "p2", Reason: hostile}))
	no(d.Release(t.Context(), x.Token, po.Failure{Cause: po.BrowserDied, Detail: "killed"}))
	x = claim()
	no(d.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-3", Profile: "p3"}))
	no(d.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-4", Profile: "p4"}))
	no(d.Save(t.Context(), x.Token, hostile, po.Saved{Folder: "Acme/PO_K0__WORK", Files: want.Files}))
	no(d.Settle(t.Context(), x.Token, want))
	y := claim()
	no(d.Assign(t.Context(), y.Token, po.Assignment{Worker: "worker-1", Profile: "p1"})) // cut off
	no(d.Close())

	again := openDisk(t, dir)
	for name, l := range map[string]*ledger.Disk{"opened": again, "looked at": look(t, dir)} {
		s, err := l.History(t.Context(), "K0")
		no(err)
		ignore := cmpopts.IgnoreFields(po.Attempt{}, "Began", "Ended")
		wantStory := po.History{
			Order: orders(1)[0], Outcome: want, Saved: po.Saved{Folder: want.Folder, Files: want.Files},
			Attempts: []po.Attempt{
				{Try: 1, Start: 1, Assignment: po.Assignment{Worker: "worker-1", Profile: "p1"}, Ending: po.EndRetried,
					Failure: po.Failure{Cause: po.Throttled, Detail: hostile, Missing: want.Missing, Trace: po.Trace{Pages: []string{"p"}}}, Files: 1, Bytes: 5},
				{Try: 2, Start: 1, Assignment: po.Assignment{Worker: "worker-2", Profile: "p2", Reason: hostile}, Ending: po.EndReleased,
					Failure: po.Failure{Cause: po.BrowserDied, Detail: "killed"}},
				{Try: 2, Start: 1, Assignment: po.Assignment{Worker: "worker-3", Profile: "p3"}, Ending: po.EndHandedOn},
				{Try: 2, Start: 1, Assignment: po.Assignment{Worker: "worker-4", Profile: "p4"}, Ending: po.EndSettled,
					Failure: po.Failure{Cause: want.Cause, Detail: want.Detail, Missing: want.Missing, Trace: want.Trace}, Files: 1},
			},
		}
		if diff := cmp.Diff(wantStory, s, ignore); diff != "" {
			t.Errorf("%s: story (-want +got):\n%s", name, diff)
		}
		cut, err := l.History(t.Context(), "K1")
		no(err)
		if a := cut.Attempts; !cut.Open || len(a) != 1 || a[0].Ending != "" || a[0].Began.IsZero() || !a[0].Ended.IsZero() {
			t.Errorf("%s: the order in hand: %+v", name, cut)
		}
		if diff := cmp.Diff([]po.Outcome{want, {Key: "K1", RawNumber: "PO1"}}, collect(t, l.Outcomes(t.Context()))); diff != "" {
			t.Errorf("%s: outcomes (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]po.Outcome{want}, collect(t, l.Saved(t.Context()))); diff != "" {
			t.Errorf("%s: kept (-want +got):\n%s", name, diff)
		}
		counts, open, err := l.Counts(t.Context())
		no(err)
		if diff := cmp.Diff(map[po.Status]int{po.Partial: 1}, counts); diff != "" || open != 1 {
			t.Errorf("%s: %d open, %s", name, open, diff)
		}
		ways, err := l.ReadBy(t.Context())
		no(err)
		if diff := cmp.Diff(map[po.ReadBy]int{po.ReadByBoth: 1}, ways); diff != "" {
			t.Errorf("%s: read by: %s", name, diff)
		}
		starts, err := l.Starts(t.Context())
		no(err)
		if len(starts) != 1 || starts[0].Program != "v1" || starts[0].Workers != 4 || !starts[0].Ended.IsZero() || starts[0].Process != os.Getpid() {
			t.Errorf("%s: starts %+v", name, starts)
		}
		if _, err := l.History(t.Context(), "nobody"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: an unknown order: %v", name, err)
		}
	}
}

func look(t testing.TB, dir string) *ledger.Disk {
	t.Helper()
	l, err := ledger.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func collect(t testing.TB, seq iter.Seq2[po.Outcome, error]) []po.Outcome {
	t.Helper()
	var all []po.Outcome
	for o, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// What an earlier start had in hand is free for the next.
func TestALeaseDoesNotOutliveItsProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDisk(t, dir)
	merge(t, d, orders(3))
	c, err := d.Claim(t.Context(), 3, ttl)
	if err != nil || len(c.Leases) != 3 {
		t.Fatal(c, err)
	}
	d.Close()
	next := ledgerUnderTest{t, openDisk(t, dir)}
	merge(t, next.Ledger.(*ledger.Disk), orders(3))
	next.want(next.claim(9), 3, "K0", "K1", "K2")
	next.fenced(next.Settle(t.Context(), c.Leases[0].Token, po.Outcome{}))
}

// A write that is part of a commit which fails is not recorded.
func TestACommitIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	d := openDisk(t, t.TempDir())
	merge(t, d, orders(2))
	l := ledgerUnderTest{t, d}
	x := l.claim(2).Leases
	failed := errors.New("failed")
	err := d.Commit(t.Context(), func(ctx context.Context) error {
		l.no(d.Settle(ctx, x[0].Token, po.Outcome{Key: "K0", Status: po.NotFound}))
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if counts, open, _ := d.Counts(t.Context()); open != 2 {
		t.Errorf("%d open, %v", open, counts)
	}
	l.no(d.Settle(t.Context(), x[1].Token, po.Outcome{Key: "K1", Status: po.NotFound}))
	if counts, open, _ := d.Counts(t.Context()); open != 1 || counts[po.NotFound] != 1 {
		t.Errorf("%d open, %v", open, counts)
	}
}

// A reader sees one moment, and whole commits only.
func TestAViewIsOneMoment(t *testing.T) {
	t.Parallel()
	d := openDisk(t, t.TempDir())
	merge(t, d, orders(2))
	l := ledgerUnderTest{t, d}
	x := l.claim(2).Leases
	err := d.View(t.Context(), func(ctx context.Context) error {
		before := collect(t, d.Outcomes(ctx))
		l.no(d.Settle(t.Context(), x[0].Token, po.Outcome{Key: "K0", Status: po.NotFound}))
		if diff := cmp.Diff(before, collect(t, d.Outcomes(ctx))); diff != "" {
			t.Error(diff)
		}
		return nil
	})
	l.no(err)
	if o := collect(t, d.Outcomes(t.Context())); o[0].Status != po.NotFound {
		t.Errorf("%+v", o)
	}
}

// One owner for each directory, who is named; a dead owner's lock is free.
func TestOneOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := openDisk(t, dir)
	_, err := ledger.Open(dir)
	if e, ok := errors.AsType[*po.Error](err); !ok || !errors.Is(err, ledger.ErrHeld) || !strings.Contains(e.Msg, fmt.Sprintf("process %d on", os.Getpid())) {
		t.Errorf("a second owner: %v", err)
	}
	if _, err := ledger.Archive(dir); !errors.Is(err, ledger.ErrHeld) {
		t.Errorf("aside: %v", err)
	}
	look(t, dir) // looking is free
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// A dead owner leaves its name behind.
	if err := os.WriteFile(outdir.StatePath(dir, "lock.owner"), []byte(`{"process":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	openDisk(t, dir)
}

func TestAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if path, err := ledger.Archive(dir); path != "" || err != nil {
		t.Errorf("nothing there: %q, %v", path, err)
	}
	for n := 1; n <= 2; n++ {
		d := openDisk(t, dir)
		merge(t, d, orders(n))
		d.Close()
		path, err := ledger.Archive(dir)
		if err != nil || !strings.HasSuffix(path, fmt.Sprintf("ledger.db.old-%d", n)) {
			t.Fatalf("%q, %v", path, err)
		}
	}
	if m := merge(t, openDisk(t, dir), orders(1)); m.New != 1 {
		t.Errorf("not a new one: %+v", m)
	}
}

// A file that cannot be used is a clear error, and is left as it is.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	write := func(content string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	sql := func(statements string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { execute(t, path, statements) }
	}
	for name, row := range map[string]struct {
		make func(t *testing.T, path string)
		want error
		msg  string
	}{
		"no database":      {write(strings.Repeat("nothing ", 100)), ledger.ErrDamaged, "is damaged: file is not a database"},
		"cut short":        {write("SQLite format 3\x00 and no more"), ledger.ErrDamaged, "is damaged: "},
		"another's":        {sql(`CREATE TABLE t(x)`), ledger.ErrForeign, "is not a ledger of poactor"},
		"another's, empty": {sql(`PRAGMA application_id = 7; CREATE TABLE t(x)`), ledger.ErrForeign, "is not a ledger of poactor"},
		"with a trigger": {sql(`PRAGMA application_id = 0x706f6163; PRAGMA user_version = 2; CREATE TABLE t(x);
			CREATE TRIGGER e AFTER INSERT ON t BEGIN SELECT 1; END`), ledger.ErrForeign, "is not a ledger of poactor"},
		"newer":      {sql(`PRAGMA application_id = 0x706f6163; PRAGMA user_version = 99; CREATE TABLE t(x)`), ledger.ErrNewer, "was written by a newer poactor (its version is 99, this one knows 7)"},
		"no version": {sql(`PRAGMA application_id = 0x706f6163; CREATE TABLE t(x)`), ledger.ErrDamaged, "is damaged: its version is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := outdir.StatePath(dir, "ledger.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			row.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, open := range []func(string) (*ledger.Disk, error){ledger.Open, ledger.OpenReadOnly} {
				_, err := open(dir)
				e, ok := errors.AsType[*po.Error](err)
				if !ok || !errors.Is(err, row.want) || !strings.Contains(e.Msg, row.msg) || e.Hint == "" || strings.Contains(e.Msg, "\n") {
					t.Errorf("%v; want %v: %s", err, row.want, row.msg)
				}
			}
			after, err := os.ReadFile(path)
			if err != nil || !cmp.Equal(before, after) {
				t.Errorf("it was changed: %d bytes, now %d, %v", len(before), len(after), err)
			}
			if held, err := ledger.Archive(dir); err != nil || held == "" {
				t.Errorf("aside: %q, %v", held, err)
			}
		})
	}
	dir := t.TempDir() // of a start that was killed at once
	if err := os.Mkdir(outdir.StatePath(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	execute(t, outdir.StatePath(dir, "ledger.db"), `PRAGMA journal_mode = WAL`)
	if _, err := ledger.OpenReadOnly(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing in it: %v", err)
	}
	merge(t, openDisk(t, dir), orders(1))
	if _, err := ledger.OpenReadOnly(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

// execute runs statements on a database of its own making.
func execute(t testing.TB, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}
