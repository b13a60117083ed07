package chaos

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// finished is a run that has ended, as it is on disk: record, exports and documents.
type finished struct {
	*run
	t      *testing.T
	victim testportal.Order // one with two documents or more
	bare   testportal.Order // one without attachments
}

// settled is how an order ends: what is recorded, and the documents by name.
type settled struct {
	po.Outcome
	content map[string][]byte
}

// newFinished is a run that has ended, made without any browser: every order
// ends as the portal's truth has it, unless change, which may be nil, says
// otherwise of one before it is recorded.
func newFinished(t *testing.T, site *testportal.Portal, change func(e *finished, order *settled)) *finished {
	t.Helper()
	coupa, _ := portal.Builtin("coupa")
	parse, err := coupa.Parser()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	e := &finished{t: t, run: newRun(Config{
		Dir: dir, Batch: filepath.Join(dir, "orders.csv"), Parse: parse, Plan: fault.Plan{Seed: 1},
	})}
	e.site, e.temp, e.began = site, t.TempDir(), time.Now()
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
	e.must(site.WriteBatch(e.cfg.Batch))
	b, err := batch.Open(e.cfg.Batch, parse)
	e.must(err)
	plan, err := b.Plan()
	e.must(err)
	record, err := ledger.Open(e.out)
	e.must(err)
	_, err = record.Merge(t.Context(), plan.All(), po.Choice{})
	e.must(err)
	claim, err := record.Claim(t.Context(), len(truth), time.Minute)
	e.must(err)
	for _, lease := range claim.Leases {
		order := e.rightly(truth[lease.Order.Key])
		if change != nil {
			change(e, &order)
		}
		e.must(record.Assign(t.Context(), lease.Token, po.Assignment{Worker: "worker-1", Profile: "p-1"}))
		e.put(order)
		e.must(record.Save(t.Context(), lease.Token, order.Supplier, po.Saved{Folder: order.Folder, Files: order.Files}))
		e.must(record.Settle(t.Context(), lease.Token, order.Outcome))
	}
	e.must(results.New(e.out, record, b, func(_, text string) { t.Error(text) }).Save(t.Context()))
	e.must(record.Close())
	return e
}

// rightly is how an order must end.
func (e *finished) rightly(truth testportal.Order) settled {
	order := settled{po.Outcome{Key: truth.Key, Status: truth.Status, Cause: truth.Cause, Supplier: truth.Supplier,
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
func (e *finished) put(order settled) {
	if order.Folder == "" {
		return
	}
	e.must(os.MkdirAll(e.path(order.Folder), 0o777))
	for name, content := range order.content {
		e.must(os.WriteFile(e.path(order.Folder, name), content, 0o666))
	}
}

// path is one in the output directory.
func (e *finished) path(parts ...string) string { return filepath.Join(e.out, filepath.Join(parts...)) }

// document is the victim's nth.
func (e *finished) document(n int) string {
	return e.path(folderOf(e.victim), fmt.Sprintf("%d.%s", n, e.victim.Files[n-1].Kind))
}

func (e *finished) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// edit replaces a text in a file of the output directory: the first one.
func (e *finished) edit(name, old, new string) {
	e.t.Helper()
	text, err := os.ReadFile(e.path(name))
	e.must(err)
	if !bytes.Contains(text, []byte(old)) {
		e.t.Fatalf("%s has no %q", name, old)
	}
	e.must(os.WriteFile(e.path(name), bytes.Replace(text, []byte(old), []byte(new), 1), 0o666))
}

// broken says which invariants do not hold.
func (e *finished) broken() (which []int, r Report) {
	e.t.Helper()
	r, err := e.report(e.t.Context())
	e.must(err)
	for i, v := range r.Invariants {
		if len(v.Broken) > 0 {
			which = append(which, i)
		}
	}
	if r.Broken() != len(which) {
		e.t.Errorf("%d are broken, of %v", r.Broken(), which)
	}
	return which, r
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
