package chaos

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// Places of two invariants in a report.
const (
	wholeFiles  = 1
	asThePortal = 2
)

// What is not whole on disk, or not as the record has it, is found, and the
// order's history told: also where the portal is the user's, and nothing is known of
// what it has.
func TestFilesThatAreNotWholeAreFound(t *testing.T) {
	t.Parallel()
	site := quickSite(t)
	write := func(e *finished, path string) { e.must(os.WriteFile(path, []byte("foreign"), 0o666)) }
	line := func(e *finished, name string, n int) string { // of the victim's nth document
		text, err := os.ReadFile(e.path(name))
		e.must(err)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, e.victim.Files[n-1].SHA256) {
				return line
			}
		}
		t.Fatalf("%s has no line of document %d", name, n)
		return ""
	}
	for name, row := range map[string]struct {
		spoil  func(e *finished)
		whose  func(e *finished) testportal.Order // whose history is to be told; nil: the victim's
		nobody bool                               // it is no order's
	}{
		"a document is cut": {spoil: func(e *finished) {
			e.must(os.Truncate(e.document(1), e.victim.Files[0].Bytes/2))
		}},
		"a document has gone": {spoil: func(e *finished) { e.must(os.Remove(e.document(2))) }},
		"a document is empty": {spoil: func(e *finished) { e.must(os.Truncate(e.document(2), 0)) }},
		"a document is longer": {spoil: func(e *finished) {
			e.must(os.Truncate(e.document(1), e.victim.Files[0].Bytes+1))
		}},
		"a document of the same length": {spoil: func(e *finished) {
			e.must(os.WriteFile(e.document(1), bytes.Repeat([]byte("x"), int(e.victim.Files[0].Bytes)), 0o666))
		}},
		"two documents are exchanged": {spoil: func(e *finished) {
			e.must(os.Rename(e.document(1), e.document(1)+"~"))
			e.must(os.Rename(e.document(2), e.document(1)))
			e.must(os.Rename(e.document(1)+"~", e.document(2)))
		}},
		"a directory for a document": {spoil: func(e *finished) {
			e.must(os.Remove(e.document(1)))
			e.must(os.Mkdir(e.document(1), 0o777))
		}},
		"a foreign document": {spoil: func(e *finished) {
			write(e, e.path(folderOf(e.victim), "foreign.pdf"))
		}},
		"a part of a download": {spoil: func(e *finished) {
			write(e, e.path(folderOf(e.victim), ".poactor-0.part"))
		}},
		"a foreign file deep inside": {spoil: func(e *finished) {
			e.must(os.Mkdir(e.path(folderOf(e.victim), "d"), 0o777))
			write(e, e.path(folderOf(e.victim), "d", "f"))
		}},
		"a file beside the orders": {spoil: func(e *finished) {
			write(e, e.path("Acme", "f.pdf"))
		}, nobody: true},
		"a file at the top": {spoil: func(e *finished) {
			write(e, e.path(".manifest.csv.tmp"))
		}, nobody: true},
		"a work folder": {spoil: func(e *finished) {
			e.must(os.Mkdir(e.path("Acme", "PO_"+string(e.victim.Key)+"__WORK"), 0o777))
		}},
		"a second final folder": {spoil: func(e *finished) {
			e.must(os.Mkdir(e.path("Acme", "PO_"+string(e.victim.Key)+"_PARTIAL"), 0o777))
		}},
		"a final folder has gone": {spoil: func(e *finished) {
			e.must(os.RemoveAll(e.path(folderOf(e.victim))))
		}},
		"a folder without files, gone": {spoil: func(e *finished) {
			e.must(os.Remove(e.path(folderOf(e.bare))))
		}, whose: func(e *finished) testportal.Order {
			return e.bare
		}},
		"not in the manifest": {spoil: func(e *finished) {
			e.edit(outdir.ManifestFile, line(e, outdir.ManifestFile, 1), "")
		}},
		"twice in the manifest": {spoil: func(e *finished) {
			l := line(e, outdir.ManifestFile, 1)
			e.edit(outdir.ManifestFile, l, l+l)
		}},
		"another hash in the manifest": {spoil: func(e *finished) {
			e.edit(outdir.ManifestFile, e.victim.Files[0].SHA256, strings.Repeat("ab", 32))
		}},
		"another size in the manifest": {spoil: func(e *finished) {
			f := e.victim.Files[0]
			e.edit(outdir.ManifestFile, fmt.Sprintf(",%d,%s", f.Bytes, f.SHA256), ",1,"+f.SHA256)
		}},
		"the manifest lists too much": {spoil: func(e *finished) {
			l := line(e, outdir.ManifestFile, 1)
			e.edit(outdir.ManifestFile, l, l+strings.Replace(l, "/1.", "/9.", 1))
		}},
		"not in the checksums": {spoil: func(e *finished) {
			e.edit(outdir.SumsFile, line(e, outdir.SumsFile, 1), "")
		}},
		"another hash in the checksums": {spoil: func(e *finished) {
			e.edit(outdir.SumsFile, e.victim.Files[0].SHA256, strings.Repeat("ab", 32))
		}},
		"the checksums list too much": {spoil: func(e *finished) {
			l := line(e, outdir.SumsFile, 1)
			e.edit(outdir.SumsFile, l, l+strings.Replace(l, "/1.", "/9.", 1))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newFinished(t, site, nil)
			if which, report := e.broken(); len(which) > 0 {
				t.Fatalf("before it there was\n%+v", report.Invariants)
			}
			row.spoil(e)
			e.site = nil // the portal is somebody's
			which, report := e.broken()
			if !slices.Equal(which, []int{wholeFiles}) {
				t.Errorf("broken: %v, want %d only\n%+v", which, wholeFiles, report.Invariants)
			}
			whose := e.victim
			if row.whose != nil {
				whose = row.whose(e)
			}
			hasHistoryOf(t, report, whose, !row.nobody)
		})
	}
}

// What disk and record agree on, and the portal has otherwise, is found, and the
// order's history told.
func TestWhatThePortalHasOtherwiseIsFound(t *testing.T) {
	t.Parallel()
	site := quickSite(t)
	for name, spoil := range map[string]func(e *finished, order *settled){
		"nothing": nil,
		"a document of other bytes": func(_ *finished, order *settled) {
			content := bytes.Repeat([]byte("x"), int(order.Files[0].Bytes))
			order.content[order.Files[0].Name], order.Files[0].SHA256 = content, hashOf(content)
		},
		"a document that was cut": func(_ *finished, order *settled) {
			content := order.content[order.Files[0].Name][:order.Files[0].Bytes/2]
			order.content[order.Files[0].Name] = content
			order.Files[0].Bytes, order.Files[0].SHA256 = int64(len(content)), hashOf(content)
		},
		"a document less": func(_ *finished, order *settled) {
			delete(order.content, order.Files[1].Name)
			order.Files = slices.Delete(order.Files, 1, 2)
		},
		"a document twice": func(_ *finished, order *settled) {
			f := order.Files[0]
			f.ID, f.Name = f.ID+"?", "9.pdf"
			order.content[f.Name] = order.content[order.Files[0].Name]
			order.Files = append(order.Files, f)
		},
		"another order's document": func(e *finished, order *settled) {
			for _, other := range e.site.Truth() {
				if other.Key != order.Key && len(other.Files) > 0 && other.Files[0].SHA256 != order.Files[0].SHA256 {
					f := &order.Files[0]
					f.Bytes, f.SHA256 = other.Files[0].Bytes, other.Files[0].SHA256
					order.content[f.Name] = e.site.Content(other.Files[0])
					return
				}
			}
			e.t.Fatal("there is no other")
		},
		"no document at all": func(_ *finished, order *settled) {
			order.Status, order.Found, order.Files = po.NoAttachments, 0, nil
			clear(order.content)
		},
		"not found": func(_ *finished, order *settled) {
			*order = settled{Outcome: po.Outcome{
				Key: order.Key, Status: po.NotFound, Cause: po.CauseNotFound, Attempts: 1, Time: order.Time,
			}}
		},
		"failed": func(_ *finished, order *settled) {
			order.Status, order.Cause, order.Files = po.Failed, po.Timeout, nil
			clear(order.content)
		},
		"fewer were found": func(_ *finished, order *settled) { order.Found-- },
		"another supplier": func(_ *finished, order *settled) { order.Supplier = "Somebody" },
		"no supplier":      func(_ *finished, order *settled) { order.Supplier = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newFinished(t, site, func(e *finished, order *settled) {
				if spoil != nil && order.Key == e.victim.Key {
					spoil(e, order)
				}
			})
			which, report := e.broken()
			if spoil == nil {
				if len(which) > 0 {
					t.Errorf("broken: %v\n%+v", which, report.Invariants)
				}
				return
			}
			if !slices.Equal(which, []int{asThePortal}) {
				t.Errorf("broken: %v, want %d only\n%+v", which, asThePortal, report.Invariants)
			}
			hasHistoryOf(t, report, e.victim, true)
		})
	}
}

// hasHistoryOf checks that the history of one order is told, or of none.
func hasHistoryOf(t *testing.T, r Report, order testportal.Order, wanted bool) {
	t.Helper()
	var keys []po.Key
	for _, history := range r.Histories {
		keys = append(keys, history.Order.Key)
	}
	if slices.Contains(keys, order.Key) != wanted || len(keys) > 1 {
		t.Errorf("the histories of %v are told, that of %s should be: %v\n%+v", keys, order.Key, wanted, r.Invariants)
	}
}

// What is lost, doubled or used again is found.
func TestInvariantsFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := func(sec int) time.Time { return time.Unix(int64(1_800_000_000+sec), 0) }
	completed := po.Outcome{Key: "1", Status: po.Completed}
	notFound := po.Outcome{Key: "2", Status: po.NotFound, Cause: po.CauseNotFound}
	good := func() result {
		settled := func(start int, worker, profile string, from, to int) po.Attempt {
			return po.Attempt{Try: 1, Start: start, Assignment: po.Assignment{Worker: worker, Profile: profile},
				Began: at(from), Ended: at(to), Ending: po.EndSettled}
		}
		released := settled(1, "worker-1", "a-1", 0, 2)
		released.Ending = po.EndReleased
		byPage := func(start, from, to int) po.Attempt { // which has no profile
			a := settled(start, po.PageReader, "", from, to)
			a.Ending = po.EndReleased
			return a
		}
		return result{
			outcomes: []po.Outcome{completed, notFound},
			rows:     []po.Outcome{completed, notFound, completed},
			histories: map[po.Key]po.History{
				"1": {Attempts: []po.Attempt{released, settled(1, "worker-2", "a-2", 2, 4), byPage(1, 4, 5)}},
				"2": {Attempts: []po.Attempt{settled(2, "worker-1", "b-1", 9, 10), byPage(2, 10, 11)}},
			},
		}
	}
	attempt := func(s result, key po.Key, n int, change func(*po.Attempt)) { change(&s.histories[key].Attempts[n]) }
	for name, row := range map[string]struct {
		spoil func(s *result, r *run)
		check func(r *run, s result) []string
	}{
		"an order without outcome":     {func(s *result, _ *run) { s.outcomes[0].Status = "" }, (*run).checkOutcomes},
		"a row that shows another one": {func(s *result, _ *run) { s.rows[2].Status = po.Failed }, (*run).checkOutcomes},
		"a row that is missing":        {func(s *result, _ *run) { s.rows = s.rows[:1] }, (*run).checkOutcomes},
		"an order that is settled twice": {func(s *result, _ *run) {
			attempt(*s, "1", 0, func(a *po.Attempt) { a.Ending = po.EndSettled })
		}, (*run).checkOutcomes},
		"two workers at once": {func(s *result, _ *run) {
			attempt(*s, "1", 1, func(a *po.Attempt) { a.Began = at(1) })
		}, (*run).checkOverlap},
		"another worker's profile": {func(s *result, _ *run) {
			attempt(*s, "1", 1, func(a *po.Attempt) { a.Assignment.Profile = "a-1" })
		}, (*run).checkProfiles},
		"a profile of an earlier start": {func(s *result, _ *run) {
			attempt(*s, "2", 0, func(a *po.Attempt) { a.Assignment.Profile = "a-1" })
		}, (*run).checkProfiles},
		"a lost worker's own profile": {func(_ *result, r *run) {
			ready := event{Event: "worker_ready", Worker: "w", Profile: "p"}
			r.starts = []start{{events: []event{ready, {Event: "worker_lost", Worker: "w"}, ready}}}
		}, (*run).checkProfiles},
		"a fourth attempt": {func(s *result, _ *run) {
			attempt(*s, "2", 0, func(a *po.Attempt) { a.Try = 4 })
		}, (*run).checkAttempts},
		"a fault that was not in the plan": {
			func(_ *result, r *run) { r.unplanned = []string{"disk_full"} },
			func(r *run, _ result) []string { return r.checkPlan() },
		},
	} {
		s, r := good(), newRun(Config{})
		if broken := row.check(r, s); len(broken) > 0 {
			t.Errorf("%s: before it there was %q", name, broken)
		}
		row.spoil(&s, r)
		if broken := row.check(r, s); len(broken) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}
