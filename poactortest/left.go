package poactortest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/profilestore"
)

// NothingLeft fails the test if something of its runs is left at its end: a goroutine that was
// not there before; of an output directory of outs a browser, its profile, what it was
// downloading, or the work folder of an order that is settled. It is called before anything is
// started, and not in parallel tests, which have goroutines of each other's.
func NothingLeft(t testing.TB, outs ...string) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		for _, out := range outs {
			left, err := leftOf(context.Background(), out)
			if err != nil {
				t.Errorf("what is left of %s: %v", out, err)
			}
			for _, what := range left {
				t.Errorf("left: %s", what)
			}
		}
		err := goleak.Find(before, goleak.IgnoreAnyFunction(deadLetterThrottle))
		for deadline := time.Now().Add(goroutinesWithin); err != nil && time.Now().Before(deadline); {
			err = goleak.Find(before, goleak.IgnoreAnyFunction(deadLetterThrottle))
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// goroutinesWithin is how long goroutines may take to end on a machine that is busy.
const goroutinesWithin = time.Minute

// deadLetterThrottle is a goroutine of Proto.Actor's, which sleeps for a second.
const deadLetterThrottle = "github.com/asynkron/protoactor-go/actor.NewDeadLetter.NewThrottle.func4.1"

// leftOf lists what is left of the runs of an output directory.
func leftOf(ctx context.Context, out string) ([]string, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	incoming := outdir.StatePath(out, outdir.IncomingDir)
	left, err := profilestore.Remaining(profilestore.WorkDir(incoming))
	if err != nil {
		return left, err
	}
	entries, err := os.ReadDir(incoming)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return left, err
	}
	for _, e := range entries {
		left = append(left, filepath.Join(incoming, e.Name()))
	}
	folders, err := workFolders(ctx, out)
	return append(left, folders...), err
}

// workFolders lists the work folders of settled orders. That of an open one has what the next
// start goes on with.
func workFolders(ctx context.Context, out string) ([]string, error) {
	ledger, err := poactor.OpenLedgerReadOnly(out)
	if errors.Is(err, fs.ErrNotExist) { // in memory, or nothing was begun
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer ledger.Close()
	open := map[string]bool{}
	for o, err := range ledger.Outcomes(ctx) {
		if err != nil {
			return nil, err
		}
		if h, err := ledger.History(ctx, o.Key); err != nil {
			return nil, err
		} else if h.Open {
			open[filepath.Join(out, filepath.FromSlash(h.Saved.Folder))] = true
		}
	}
	var left []string
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && outdir.IsWorkFolder(d.Name()) && !open[path] {
			left = append(left, path)
		}
		return err
	})
	return left, err
}
