package poactor

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// The audit goes on beside the run: between the record of an outcome and the
// final name of its folder, the work folder is that run's, with all that is in it.
func TestAuditLeavesWhatIsJustSettled(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 1)
	must(t, os.MkdirAll(r.cfg.Out, 0o755))
	l, err := ledger.Open(r.cfg.Out)
	must(t, err)
	defer l.Close()
	must(t, l.Begin(t.Context(), beginOf(r.cfg)))
	_, err = l.Merge(t.Context(), Orders(slices.Values(r.orders(t))), po.Choice{})
	must(t, err)
	c, err := l.Claim(t.Context(), 1, time.Minute)
	must(t, err)
	lease := c.Leases[0]
	folder := "Acme/PO_" + string(lease.Order.Key)
	work := folder + "__WORK"
	write(t, filepath.Join(r.cfg.Out, work, "a.pdf"), "abc")
	files := []po.File{{ID: "a", Name: "a.pdf", Bytes: 3, SHA256: "x", Time: time.Now()}}
	must(t, l.Assign(t.Context(), lease.Token, po.Assignment{Worker: "worker-1"}))
	must(t, l.Save(t.Context(), lease.Token, "Acme", po.Saved{Folder: work, Files: files}))
	must(t, l.Settle(t.Context(), lease.Token, po.Outcome{Key: lease.Order.Key, Status: po.Completed, Found: 1, Files: files,
		Folder: folder + "_COMPLETED", Attempts: 1, Time: time.Now()}))
	archive, err := download.Open(download.Config{Out: r.cfg.Out, Allowed: r.cfg.Portal.Allowed})
	must(t, err)
	defer archive.Close()
	a := &audit{ledger: l, archive: archive}
	must(t, a.settled(t.Context()))
	if _, err := os.Stat(filepath.Join(r.cfg.Out, work, "a.pdf")); err != nil || a.found.Finished > 0 {
		t.Errorf("the audit has finished the folder: %+v, %v", a.found, err)
	}
}
