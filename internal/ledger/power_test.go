package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// A power cut loses what the disk had not yet: the end of the log that SQLite
// appends to. Whatever is lost of it, what is left is a ledger as it was after
// one of its commits, with all before it and nothing of those behind.
func TestTheLogIsCutShort(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	const orderCount = 40
	dir := t.TempDir()
	d := openDisk(t, dir)
	l := ledgerUnderTest{t, d}
	merge(t, d, orders(orderCount))
	for i := range orderCount { // a commit for each, with an attempt and files
		x := l.claim(1).Leases[0]
		l.no(d.Commit(t.Context(), func(ctx context.Context) error {
			l.no(d.Assign(ctx, x.Token, po.Assignment{Worker: "w", Profile: "p"}))
			o := full(x.Order.Key)
			o.Status, o.Attempts = po.Completed, i
			l.no(d.Save(ctx, x.Token, "Acme", po.Saved{Folder: o.Folder, Files: o.Files}))
			return d.Settle(ctx, x.Token, o)
		}))
	}
	state := outdir.StatePath(dir)
	log, err := os.ReadFile(filepath.Join(state, "ledger.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile(filepath.Join(state, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for n := range 60 {
		cut := rng.IntN(len(log) + 1)
		switch n {
		case 0:
			cut = 0
		case 1:
			cut = len(log)
		}
		rest := append([]byte(nil), log[:cut]...)
		if n%3 == 2 { // blocks that were given to the file and never written
			rest = append(rest, make([]byte, min(8192, len(log)-cut))...)
		}
		settled := survives(t, main, rest)
		seen[settled] = true
	}
	if len(seen) < 5 {
		t.Errorf("only %d different ends were met: %v", len(seen), seen)
	}
}

// survives opens what is left of a ledger and says how many of its orders are
// settled.
func survives(t *testing.T, main, log []byte) int {
	t.Helper()
	dir := t.TempDir()
	state := outdir.StatePath(dir)
	if err := errors.Join(os.Mkdir(state, 0o700), os.WriteFile(filepath.Join(state, "ledger.db"), main, 0o600),
		os.WriteFile(filepath.Join(state, "ledger.db-wal"), log, 0o600)); err != nil {
		t.Fatal(err)
	}
	d := openDisk(t, dir)
	defer d.Close()
	settled := 0
	for i, o := range collect(t, d.Outcomes(t.Context())) {
		if o.Status == "" {
			continue
		}
		if o.Key != po.Key(fmt.Sprint("K", settled)) || i != settled || o.Attempts != i || len(o.Files) != 2 {
			t.Fatalf("order %d of %d settled: %+v", i, settled, o)
		}
		s, err := d.History(t.Context(), o.Key)
		if err != nil || s.Open || len(s.Attempts) != 1 || s.Attempts[0].Ending != po.EndSettled {
			t.Fatalf("story of %s: %+v, %v", o.Key, s, err)
		}
		settled++
	}
	// The next start goes on from there.
	if m := merge(t, d, orders(40)); m.Open != 40-settled || m.Settled != settled {
		t.Fatalf("%d settled, and the next start finds %+v", settled, m)
	}
	return settled
}

// A ledger that is damaged within says so, and does not end the program.
func TestDamagedWithin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDisk(t, dir)
	list := orders(2000)
	merge(t, d, list)
	d.Close()
	path := outdir.StatePath(dir, "ledger.db")
	main, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 3 * 4096; i < len(main); i++ { // all pages but the schema's
		main[i] ^= 0x5a
	}
	if err := os.WriteFile(path, main, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err = ledger.Open(dir)
	if err == nil {
		defer d.Close()
		_, err = d.Merge(t.Context(), pairs(list), po.Choice{})
	}
	if !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("%v", err)
	}
}
