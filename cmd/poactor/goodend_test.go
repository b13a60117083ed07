package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// end is how an ordeal ended, on disk: record, exports and documents.
type end struct {
	*ordeal
	t      *testing.T
	victim testportal.Order // one with two documents or more
	bare   testportal.Order // one without attachments
}

// ending is how an order ends: what is recorded, and the documents by name.
type ending struct {
	po.Outcome
	content map[string][]byte
}

// newEnd is the end of an ordeal on the portal without any browser: every order
// ends as the portal's truth has it, unless change, which may be nil, says
// otherwise of one before it is recorded.
func newEnd(t *testing.T, site *testportal.Portal, change func(e *end, order *ending)) *end {
	t.Helper()
	e := &end{t: t, ordeal: &ordeal{site: site, dir: t.TempDir(), temp: t.TempDir(), plan: fault.Plan{Seed: 1},
		injected: map[fault.Kind]int{}, troubled: map[po.Key]bool{}, began: time.Now()}}
	e.settings.Portal, e.settings.BaseURL = "coupa", site.URL()
	e.batch, e.out = filepath.Join(e.dir, "orders.csv"), filepath.Join(e.dir, "orders")
	truth := map[po.Key]testportal.Order{}
	for _, order := range site.Truth() {
		truth[order.Key] = order
		switch {
		case order.Status == po.Completed && len(order.Files) > 1:
			e.victim = order
		case order.Status == po.NoAttachments:
			e.bare = order
		}
	}
	if e.victim.Key == "" || e.bare.Key == "" {
		t.Fatal("the portal has not the orders that are to be spoiled")
	}
	e.no(writeBatch(e.batch, site))
	coupa, _ := portal.Builtin("coupa")
	parse, err := coupa.Parser()
	e.no(err)
	b, err := batch.Open(e.batch, parse)
	e.no(err)
	plan, err := b.Plan()
	e.no(err)
	ledger, err := poactor.OpenLedger(e.out)
	e.no(err)
	_, err = ledger.Merge(t.Context(), plan.All(), poactor.Choice{})
	e.no(err)
	claim, err := ledger.Claim(t.Context(), len(truth), time.Minute)
	e.no(err)
	for _, lease := range claim.Leases {
		order := e.told(truth[lease.Order.Key])
		if change != nil {
			change(e, &order)
		}
		e.no(ledger.Assign(t.Context(), lease.Token, po.Assignment{Worker: "worker-1", Profile: "p-1"}))
		e.put(order)
		e.no(ledger.Save(t.Context(), lease.Token, order.Supplier, po.Saved{Folder: order.Folder, Files: order.Files}))
		e.no(ledger.Settle(t.Context(), lease.Token, order.Outcome))
	}
	e.no(results.New(e.out, ledger, b, func(_, text string) { t.Error(text) }).Save(t.Context()))
	e.no(ledger.Close())
	return e
}

// told is the right ending of an order.
func (e *end) told(truth testportal.Order) ending {
	order := ending{po.Outcome{Key: truth.Key, Status: truth.Status, Cause: truth.Cause, Supplier: truth.Supplier,
		Found: truth.Found, Attempts: 1, Time: time.Now()}, map[string][]byte{}}
	if truth.Status != po.NotFound {
		order.Folder = folderOf(truth)
	}
	for i, f := range truth.Files {
		name := fmt.Sprintf("%d.%s", i+1, f.Kind)
		order.Files = append(order.Files, po.File{ID: f.Path, Name: name, Original: f.Name, Bytes: f.Bytes, SHA256: f.SHA256,
			URL: e.site.URL() + f.Path, Lane: po.LaneHTTP, Time: order.Time})
		order.content[name] = e.site.Content(f)
	}
	return order
}

func folderOf(truth testportal.Order) string {
	return fmt.Sprintf("Acme/PO_%s_%s", truth.Key, truth.Status)
}

// put writes an order's documents.
func (e *end) put(order ending) {
	if order.Folder == "" {
		return
	}
	e.no(os.MkdirAll(e.path(order.Folder), 0o777))
	for name, content := range order.content {
		e.no(os.WriteFile(e.path(order.Folder, name), content, 0o666))
	}
}

// path is one in the output directory.
func (e *end) path(parts ...string) string { return filepath.Join(e.out, filepath.Join(parts...)) }

// document is the victim's nth.
func (e *end) document(n int) string {
	return e.path(folderOf(e.victim), fmt.Sprintf("%d.%s", n, e.victim.Files[n-1].Kind))
}

func (e *end) no(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// edit replaces a text in a file of the output directory: the first one.
func (e *end) edit(name, old, new string) {
	e.t.Helper()
	text, err := os.ReadFile(e.path(name))
	e.no(err)
	if !bytes.Contains(text, []byte(old)) {
		e.t.Fatalf("%s has no %q", name, old)
	}
	e.no(os.WriteFile(e.path(name), bytes.Replace(text, []byte(old), []byte(new), 1), 0o666))
}

// broken judges, and says which invariants do not hold, and what is told.
func (e *end) broken() (which []int, told string) {
	e.t.Helper()
	verdicts, err := e.judge(context.Background())
	e.no(err)
	for i, v := range verdicts {
		if len(v.Broken) > 0 {
			which = append(which, i)
		}
	}
	var b strings.Builder
	err = (&app{stdout: &b}).showOrdeal(e.ordeal, verdicts)
	if (err != nil) != (len(which) > 0) {
		e.t.Errorf("%d invariants are broken: %v", len(which), err)
	}
	return which, b.String()
}

// Places of the two invariants in what judge returns.
const (
	filesWhole  = 1
	asThePortal = 2
)

// What is not whole on disk, or not as the record has it, is found, and the
// order's story told: also where the portal is the user's, and nothing is known of
// what it has.
func TestFilesThatAreNotWholeAreFound(t *testing.T) {
	t.Parallel()
	site := quickSite(t)
	write := func(e *end, path string) { e.no(os.WriteFile(path, []byte("foreign"), 0o666)) }
	line := func(e *end, name string, n int) string { // of the victim's nth document
		text, err := os.ReadFile(e.path(name))
		e.no(err)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, e.victim.Files[n-1].SHA256) {
				return line
			}
		}
		t.Fatalf("%s has no line of document %d", name, n)
		return ""
	}
	for name, row := range map[string]struct {
		spoil  func(e *end)
		whose  func(e *end) testportal.Order // whose story is to be told; nil: the victim's
		nobody bool                          // it is no order's
	}{
		"a document is cut":    {spoil: func(e *end) { e.no(os.Truncate(e.document(1), e.victim.Files[0].Bytes/2)) }},
		"a document has gone":  {spoil: func(e *end) { e.no(os.Remove(e.document(2))) }},
		"a document is empty":  {spoil: func(e *end) { e.no(os.Truncate(e.document(2), 0)) }},
		"a document is longer": {spoil: func(e *end) { e.no(os.Truncate(e.document(1), e.victim.Files[0].Bytes+1)) }},
		"a document of the same length": {spoil: func(e *end) {
			e.no(os.WriteFile(e.document(1), bytes.Repeat([]byte("x"), int(e.victim.Files[0].Bytes)), 0o666))
		}},
		"two documents are exchanged": {spoil: func(e *end) {
			e.no(os.Rename(e.document(1), e.document(1)+"~"))
			e.no(os.Rename(e.document(2), e.document(1)))
			e.no(os.Rename(e.document(1)+"~", e.document(2)))
		}},
		"a directory for a document": {spoil: func(e *end) { e.no(os.Remove(e.document(1))); e.no(os.Mkdir(e.document(1), 0o777)) }},
		"a foreign document":         {spoil: func(e *end) { write(e, e.path(folderOf(e.victim), "foreign.pdf")) }},
		"a part of a download":       {spoil: func(e *end) { write(e, e.path(folderOf(e.victim), ".poactor-0.part")) }},
		"a foreign file deep inside": {spoil: func(e *end) {
			e.no(os.Mkdir(e.path(folderOf(e.victim), "d"), 0o777))
			write(e, e.path(folderOf(e.victim), "d", "f"))
		}},
		"a file beside the orders":     {spoil: func(e *end) { write(e, e.path("Acme", "f.pdf")) }, nobody: true},
		"a file at the top":            {spoil: func(e *end) { write(e, e.path(".manifest.csv.tmp")) }, nobody: true},
		"a work folder":                {spoil: func(e *end) { e.no(os.Mkdir(e.path("Acme", "PO_"+string(e.victim.Key)+"__WORK"), 0o777)) }},
		"a second final folder":        {spoil: func(e *end) { e.no(os.Mkdir(e.path("Acme", "PO_"+string(e.victim.Key)+"_PARTIAL"), 0o777)) }},
		"a final folder has gone":      {spoil: func(e *end) { e.no(os.RemoveAll(e.path(folderOf(e.victim)))) }},
		"a folder without files, gone": {spoil: func(e *end) { e.no(os.Remove(e.path(folderOf(e.bare)))) }, whose: func(e *end) testportal.Order { return e.bare }},
		"not in the manifest": {spoil: func(e *end) {
			e.edit(outdir.ManifestFile, line(e, outdir.ManifestFile, 1), "")
		}},
		"twice in the manifest": {spoil: func(e *end) {
			l := line(e, outdir.ManifestFile, 1)
			e.edit(outdir.ManifestFile, l, l+l)
		}},
		"another hash in the manifest": {spoil: func(e *end) {
			e.edit(outdir.ManifestFile, e.victim.Files[0].SHA256, strings.Repeat("ab", 32))
		}},
		"another size in the manifest": {spoil: func(e *end) {
			f := e.victim.Files[0]
			e.edit(outdir.ManifestFile, fmt.Sprintf(",%d,%s", f.Bytes, f.SHA256), ",1,"+f.SHA256)
		}},
		"the manifest lists too much": {spoil: func(e *end) {
			l := line(e, outdir.ManifestFile, 1)
			e.edit(outdir.ManifestFile, l, l+strings.Replace(l, "/1.", "/9.", 1))
		}},
		"not in the checksums": {spoil: func(e *end) { e.edit(outdir.SumsFile, line(e, outdir.SumsFile, 1), "") }},
		"another hash in the checksums": {spoil: func(e *end) {
			e.edit(outdir.SumsFile, e.victim.Files[0].SHA256, strings.Repeat("ab", 32))
		}},
		"the checksums list too much": {spoil: func(e *end) {
			l := line(e, outdir.SumsFile, 1)
			e.edit(outdir.SumsFile, l, l+strings.Replace(l, "/1.", "/9.", 1))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnd(t, site, nil)
			if which, told := e.broken(); len(which) > 0 {
				t.Fatalf("before it there was\n%s", told)
			}
			row.spoil(e)
			e.site = nil // the portal is somebody's
			which, told := e.broken()
			if !slices.Equal(which, []int{filesWhole}) {
				t.Errorf("broken: %v, want %d only\n%s", which, filesWhole, told)
			}
			whose := e.victim
			if row.whose != nil {
				whose = row.whose(e)
			}
			tellsOf(t, e, told, whose, !row.nobody)
		})
	}
}

// What disk and record agree on, and the portal has otherwise, is found, and the
// order's story told.
func TestWhatThePortalHasOtherwiseIsFound(t *testing.T) {
	t.Parallel()
	site := quickSite(t)
	for name, spoil := range map[string]func(e *end, order *ending){
		"nothing": nil,
		"a document of other bytes": func(_ *end, order *ending) {
			content := bytes.Repeat([]byte("x"), int(order.Files[0].Bytes))
			order.content[order.Files[0].Name], order.Files[0].SHA256 = content, hashOf(content)
		},
		"a document that was cut": func(_ *end, order *ending) {
			content := order.content[order.Files[0].Name][:order.Files[0].Bytes/2]
			order.content[order.Files[0].Name], order.Files[0].Bytes, order.Files[0].SHA256 = content, int64(len(content)), hashOf(content)
		},
		"a document less": func(_ *end, order *ending) {
			delete(order.content, order.Files[1].Name)
			order.Files = slices.Delete(order.Files, 1, 2)
		},
		"a document twice": func(_ *end, order *ending) {
			f := order.Files[0]
			f.ID, f.Name = f.ID+"?", "9.pdf"
			order.content[f.Name] = order.content[order.Files[0].Name]
			order.Files = append(order.Files, f)
		},
		"another order's document": func(e *end, order *ending) {
			for _, other := range e.site.Truth() {
				if other.Key != order.Key && len(other.Files) > 0 && other.Files[0].SHA256 != order.Files[0].SHA256 {
					f := &order.Files[0]
					f.Bytes, f.SHA256, order.content[f.Name] = other.Files[0].Bytes, other.Files[0].SHA256, e.site.Content(other.Files[0])
					return
				}
			}
			e.t.Fatal("there is no other")
		},
		"no document at all": func(_ *end, order *ending) {
			order.Status, order.Found, order.Files = po.NoAttachments, 0, nil
			clear(order.content)
		},
		"not found": func(_ *end, order *ending) {
			*order = ending{Outcome: po.Outcome{Key: order.Key, Status: po.NotFound, Cause: po.CauseNotFound, Attempts: 1, Time: order.Time}}
		},
		"failed": func(_ *end, order *ending) {
			order.Status, order.Cause, order.Files = po.Failed, po.Timeout, nil
			clear(order.content)
		},
		"fewer were found": func(_ *end, order *ending) { order.Found-- },
		"another supplier": func(_ *end, order *ending) { order.Supplier = "Somebody" },
		"no supplier":      func(_ *end, order *ending) { order.Supplier = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnd(t, site, func(e *end, order *ending) {
				if spoil != nil && order.Key == e.victim.Key {
					spoil(e, order)
				}
			})
			which, told := e.broken()
			if spoil == nil {
				if len(which) > 0 {
					t.Errorf("broken: %v\n%s", which, told)
				}
				return
			}
			if !slices.Equal(which, []int{asThePortal}) {
				t.Errorf("broken: %v, want %d only\n%s", which, asThePortal, told)
			}
			tellsOf(t, e, told, e.victim, true)
		})
	}
}

// tellsOf checks that the story of one order is told, or of none.
func tellsOf(t *testing.T, e *end, told string, order testportal.Order, wanted bool) {
	t.Helper()
	if story := strings.Contains(told, "\norder "+order.Number+": "); story != wanted || len(e.troubled) > 1 {
		t.Errorf("the story of %s is told: %v, of %v\n%s", order.Number, story, slices.Collect(maps.Keys(e.troubled)), told)
	}
}

// quickSite is a portal with orders of several kinds.
func quickSite(t *testing.T) *testportal.Portal {
	t.Helper()
	site, err := testportal.Start(testportal.Options{Orders: 14, MaxFile: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	return site
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
