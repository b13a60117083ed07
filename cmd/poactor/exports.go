package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/po"
)

// exports are the files that show people what the ledger has: the batch with
// its status columns, the manifest and the checksums. They are written now and
// then while a run goes on, and read by nobody here.
type exports struct {
	dir    string
	ledger *poactor.Ledger
	batch  *batch.Batch
	warn   func(format string, args ...any)

	saving sync.Mutex // held while files are written
	seen   uint64     // changes of the ledger that are in the files
	held   map[string]bool
	others map[string]bool // results of another kind, still to be put aside; nil: not looked for yet
	ours   written         // what the batch's file was when we wrote it
}

func newExports(dir string, ledger *poactor.Ledger, b *batch.Batch, warn func(string, ...any)) *exports {
	return &exports{dir: dir, ledger: ledger, batch: b, warn: warn, held: map[string]bool{}, ours: readWritten(dir)}
}

// save writes the files if the ledger has anything new. The batch comes last:
// what it shows as settled is in the manifest.
func (x *exports) save(ctx context.Context, always bool) error {
	x.saving.Lock()
	defer x.saving.Unlock()
	changes := x.ledger.Changes()
	if changes == x.seen && !always {
		return nil
	}
	err := x.ledger.View(ctx, x.write)
	if err == nil {
		x.seen = changes
	}
	return err
}

func (x *exports) write(ctx context.Context) error {
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{outdir.ManifestFile, func(w io.Writer) error { return orFailed(ctx, x.ledger, w, report.WriteManifest) }},
		{outdir.SumsFile, func(w io.Writer) error { return orFailed(ctx, x.ledger, w, report.WriteSums) }},
		{x.batch.ResultsName(), func(w io.Writer) error { return x.writeBatch(ctx, w) }},
	} {
		if err := x.replace(file.name, file.write); err != nil {
			return err
		}
	}
	x.putOthersAside()
	return nil
}

// orFailed writes the orders that have files, unless they cannot be read.
func orFailed(ctx context.Context, l *poactor.Ledger, w io.Writer, write func(io.Writer, iter.Seq[po.Outcome]) error) error {
	var failed error
	err := write(w, func(yield func(po.Outcome) bool) {
		for o, err := range l.Saved(ctx) {
			if failed = err; err != nil || !yield(forOthers(o)) {
				return
			}
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// writeBatch writes the batch with its status columns. Rows and orders come in
// the same order, so that the ledger is read through once; a row whose order has
// been before is looked up.
func (x *exports) writeBatch(ctx context.Context, w io.Writer) error {
	next, stop := iter.Pull2(x.ledger.Outcomes(ctx))
	defer stop()
	head, failed, more := next()
	err := x.batch.WriteResults(w, func(key po.Key) (po.Outcome, bool) {
		if failed != nil {
			return po.Outcome{}, false
		}
		if more && head.Key == key {
			o := head
			head, failed, more = next()
			return forOthers(o), o.Status != ""
		}
		o, ok, err := x.ledger.Outcome(ctx, key)
		failed = err
		return forOthers(o), ok
	})
	if failed != nil {
		return failed
	}
	return err
}

// forOthers is an outcome as it may be shown to anybody: records of older starts have
// addresses with what could be a secret.
func forOthers(o po.Outcome) po.Outcome {
	o.URL, o.Detail = po.PublicURL(o.URL), po.MaskAddresses(o.Detail)
	for i := range o.Files {
		f := &o.Files[i]
		f.Original, f.URL = po.MaskAddresses(f.Original), po.PublicURL(f.URL)
	}
	return o
}

// replace replaces a file of the output directory. If that cannot be, as while
// Excel has it open, a file beside it is written until it can.
func (x *exports) replace(name string, write func(io.Writer) error) error {
	path := filepath.Join(x.dir, name)
	pending, err := outdir.Prepare(path, 0o644, write)
	if errors.Is(err, batch.ErrCharset) {
		x.useUTF8(name, err)
		pending, err = outdir.Prepare(path, 0o644, write)
	}
	if err != nil {
		return saveFailure(err)
	}
	defer pending.Discard()
	if err = x.commit(pending, path, name == x.batch.ResultsName()); err == nil {
		x.held[name] = false
		_ = os.Remove(filepath.Join(x.dir, beside(name))) // mostly not there
		return nil
	}
	if outdir.Full(err) || pending.CommitAs(beside(name)) != nil {
		return saveFailure(err)
	}
	if !x.held[name] {
		x.held[name] = true
		x.warn("%s is held by another program; until it is closed, what is new is in %s", name, beside(name))
	}
	return nil
}

// useUTF8 writes the batch's file in UTF-8 from now on, and says why: its own
// encoding lacks a character, which must not become another.
func (x *exports) useUTF8(name string, err error) {
	why := "the encoding of the list lacks a character"
	if e, ok := errors.AsType[*batch.Error](err); ok {
		why = e.Msg
	}
	x.batch.UseUTF8()
	x.warn("%s is UTF-8 with a byte order mark, unlike the list: %s", name, why)
}

var errHeld = errors.New("held by another program")

// commit gives a file its name, unless another program holds the old one.
func (x *exports) commit(p *outdir.Replacement, path string, editable bool) error {
	if report.Held(path) {
		return errHeld
	}
	if editable {
		if err := x.spare(path, p.SHA256); err != nil {
			return err
		}
	}
	return p.Commit()
}

// beside names the file that is written while another program holds path.
func beside(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".new" + ext
}

func saveFailure(err error) error {
	if _, ok := errors.AsType[*po.Error](err); ok && !errors.Is(err, batch.ErrUnusable) { // of the ledger
		return err
	}
	if outdir.Full(err) {
		return outdir.WriteError(err)
	}
	return cannot("see to the output directory; "+po.HintResume, "results: %v", oneLine{err})
}

// saveEvery is how often the files are brought up to date while a run goes on.
const saveEvery = 5 * time.Second

// keep saves now and then until the returned function is called, which waits.
// After a save that took long it waits longer, so that a batch of a million
// rows is not written all the time.
func (x *exports) keep(ctx context.Context, failed func(error)) (stop func()) {
	done := make(chan struct{}) // closed by stop
	var loop sync.WaitGroup
	loop.Go(func() {
		wait := saveEvery
		for {
			select {
			case <-done:
				return
			case <-time.After(wait):
			}
			began := time.Now()
			if err := x.save(ctx, false); err != nil {
				failed(fmt.Errorf("save results: %w", err))
			}
			wait = max(saveEvery, 20*time.Since(began))
		}
	})
	return sync.OnceFunc(func() { close(done); loop.Wait() })
}
