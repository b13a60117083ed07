package poactor

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/testportal/plain"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// plainBrowsers are sessions without browsers.
type plainBrowsers struct{ *plain.Browsers }

func (b plainBrowsers) Open(ctx context.Context) (actors.Session, error) { return b.Browsers.Open(ctx) }

// newPlainTrial is a trial of ordinary orders that needs no browsers.
func newPlainTrial(t *testing.T, orders int) *trial {
	t.Helper()
	r := newTrialOn(t, testportal.Options{Mix: testportal.Plain, Orders: orders, MaxFile: 64 << 10, PageLatency: -1, ListLatency: -1, FileLatency: -1})
	r.cfg.Browsers = plainBrowsers{&plain.Browsers{Base: r.portal.URL(), Dir: t.TempDir()}}
	return r
}

// start runs the orders once and returns how that ended.
func (r *trial) start(t *testing.T, orders []po.Order) (Summary, error) {
	t.Helper()
	r.mu.Lock()
	r.events = nil
	r.mu.Unlock()
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(orders)))
	if len(summary.Leftovers) > 0 {
		t.Errorf("left: %v", summary.Leftovers)
	}
	return summary, err
}

// ledgerIsRight holds the ledger and the disk against the truth.
func (r *trial) ledgerIsRight(t *testing.T) {
	t.Helper()
	l, err := ledger.OpenReadOnly(r.cfg.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var outcomes []po.Outcome
	for o, err := range l.Outcomes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
	}
	for _, line := range r.portal.Verify(r.cfg.Out, outcomes) {
		t.Error(line)
	}
}

// one is an event that must have come just once.
func one[E any](t *testing.T, r *trial) E {
	t.Helper()
	list := all[E](r)
	if len(list) != 1 {
		t.Fatalf("%d events %T", len(list), *new(E))
	}
	return list[0]
}

// folders lists the order folders of the output directory whose names end so.
func folders(t *testing.T, out, suffix string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(out, "*", "PO_*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The same run begun again finds nothing to do, and asks nobody.
func TestStartAgain(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 12)
	list := r.orders(t)
	if _, err := r.start(t, list); err != nil {
		t.Fatal(err)
	}
	r.ledgerIsRight(t)
	before := len(r.portal.Requests())
	r.cfg.Browsers = nil // and none could be started
	r.cfg.Browser = "/nonexistent"
	summary, err := r.start(t, list)
	if err != nil || summary.Open != 0 || len(r.portal.Requests()) != before {
		t.Errorf("%+v, %v, %d more requests", summary, err, len(r.portal.Requests())-before)
	}
	want := messages.BatchMerged{Start: 2, Settled: 12}
	if diff := cmp.Diff(want, one[messages.BatchMerged](t, r)); diff != "" {
		t.Error(diff)
	}
	r.ledgerIsRight(t)
}

// What people and killed starts do to the output directory is found and put
// right: only what is missing is fetched.
func TestAuditOfTheOutputDirectory(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(t *testing.T, out string, folder []string) // folder: of orders that have files, sorted
		want  messages.OutputAudited
		files int // that are fetched again
	}{
		"nothing": {func(*testing.T, string, []string) {}, messages.OutputAudited{}, 0},
		"a file is deleted": {func(t *testing.T, _ string, folder []string) { remove(t, anyFile(t, folder[0])) },
			messages.OutputAudited{Missing: 1, Opened: 1}, 1},
		"a file is cut short": {func(t *testing.T, _ string, folder []string) { truncate(t, anyFile(t, folder[1])) },
			messages.OutputAudited{Missing: 1, Opened: 1}, 1},
		"a folder was not renamed": {func(t *testing.T, _ string, folder []string) { rename(t, folder[0], asWork(folder[0])) },
			messages.OutputAudited{Finished: 1}, 0},
		"that, and a file is missing": {func(t *testing.T, _ string, folder []string) {
			remove(t, anyFile(t, folder[2]))
			rename(t, folder[2], asWork(folder[2]))
		}, messages.OutputAudited{Missing: 1, Opened: 1}, 1},
		"leftovers in a work folder": {func(t *testing.T, out string, folder []string) {
			work := filepath.Join(out, "Another supplier", filepath.Base(asWork(folder[0])))
			write(t, filepath.Join(work, ".poactor-3.part"), "half")
			write(t, filepath.Join(work, "whole.pdf"), "nobody vouches for it")
		}, messages.OutputAudited{Finished: 1}, 0},
		"a stranger's work folder": {func(t *testing.T, out string, _ []string) {
			write(t, filepath.Join(out, "S", "PO_77777777__WORK", "x.pdf"), "x")
		}, messages.OutputAudited{Unknown: 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPlainTrial(t, 12)
			list := r.orders(t)
			if _, err := r.start(t, list); err != nil {
				t.Fatal(err)
			}
			var full []string
			for _, f := range folders(t, r.cfg.Out, "_COMPLETED") {
				if entries, _ := os.ReadDir(f); len(entries) > 0 {
					full = append(full, f)
				}
			}
			row.spoil(t, r.cfg.Out, full)
			before := r.portal.Counts()[testportal.RequestFile]
			if summary, err := r.start(t, list); err != nil || summary.Open != 0 {
				t.Fatalf("%+v, %v", summary, err)
			}
			got := one[messages.OutputAudited](t, r)
			if len(got.Paths) != got.Missing {
				t.Errorf("%d are missing: %q", got.Missing, got.Paths)
			}
			for _, p := range got.Paths {
				if !strings.Contains(p, "/PO_") {
					t.Errorf("%q is no path of a file", p)
				}
			}
			got.Orders, got.Saved, got.Paths = 0, 0, nil
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("audit (-want +got):\n%s", diff)
			}
			if n := r.portal.Counts()[testportal.RequestFile] - before; n != row.files {
				t.Errorf("%d files were fetched again, want %d", n, row.files)
			}
			if row.want.Unknown > 0 {
				remove(t, filepath.Join(r.cfg.Out, "S"))
			}
			r.ledgerIsRight(t)
		})
	}
}

// The audit goes on beside a run, which does not end before it: also where what
// is open is done first.
func TestAuditBesideTheRun(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 30)
	list := r.orders(t)
	if _, err := r.start(t, list[:29]); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, f := range folders(t, r.cfg.Out, "_COMPLETED") {
		remove(t, f)
		lost++
	}
	summary, err := r.start(t, list)
	if err != nil || summary.Open != 0 || summary.Counts[po.Completed] != lost+1 {
		t.Errorf("%+v, %v; %d folders were lost", summary, err, lost)
	}
	if got := one[messages.OutputAudited](t, r); got.Opened != lost {
		t.Errorf("%+v", got)
	}
	r.ledgerIsRight(t)
}

func asWork(folder string) string { return strings.TrimSuffix(folder, "_COMPLETED") + "__WORK" }

func anyFile(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%s: %v, %v", folder, entries, err)
	}
	return filepath.Join(folder, entries[0].Name())
}

func remove(t *testing.T, path string)     { t.Helper(); must(t, os.RemoveAll(path)) }
func rename(t *testing.T, path, to string) { t.Helper(); must(t, os.Rename(path, to)) }
func truncate(t *testing.T, path string)   { t.Helper(); must(t, os.Truncate(path, 3)) }
func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A lost ledger is no lost work: the files are found and kept.
func TestWithoutTheLedger(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 8)
	list := r.orders(t)
	if _, err := r.start(t, list); err != nil {
		t.Fatal(err)
	}
	if aside, err := ArchiveLedger(r.cfg.Out); err != nil || aside == "" {
		t.Fatal(aside, err)
	}
	if _, err := r.start(t, list); err != nil {
		t.Fatal(err)
	}
	r.ledgerIsRight(t)
}

// The power fails at a random moment: of the ledger's log and of the files that
// were written last only a part is on the disk. The next start makes it whole.
func TestFaultsPowerFailure(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	r := newPlainTrial(t, 20)
	list := r.orders(t)
	for range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		n, at := 0, rng.IntN(len(list))
		r.hooks = []func(any){func(e any) {
			if _, ok := e.(messages.OrderSettled); ok {
				if n++; n > at {
					cancel()
				}
			}
		}}
		r.cfg.Out = t.TempDir()
		_, err := Run(ctx, r.cfg, Orders(slices.Values(list)))
		cancel()
		if err != nil && po.CauseOf(err) != po.Interrupted {
			t.Fatal(err)
		}
		r.hooks = nil
		spoilLastWrites(t, rng, r.cfg.Out)
		if _, err := Run(t.Context(), r.cfg, Orders(slices.Values(list))); err != nil {
			t.Fatal(err)
		}
		r.ledgerIsRight(t)
	}
}

// spoilLastWrites cuts what a power failure could cut: files that are not
// synced yet, of which the ledger knows nothing, and the end of its log. A clean
// end has put the log into the ledger's file; that is whole.
func spoilLastWrites(t *testing.T, rng *rand.Rand, out string) {
	t.Helper()
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, ".part") || rng.IntN(10) == 0 && !strings.Contains(path, ".poactor") {
			info, err := d.Info()
			must(t, err)
			return os.Truncate(path, rng.Int64N(info.Size()+1))
		}
		return nil
	})
	must(t, err)
}
