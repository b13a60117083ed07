package results

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
	"syscall"
	"time"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Ledger is what the files are written from.
type Ledger interface {
	// Changes counts what was recorded: where it is as before, nothing is new.
	Changes() uint64
	// View gives do a context in which all readings see one moment.
	View(ctx context.Context, do func(ctx context.Context) error) error
	// Outcomes yields the orders of the batch in its order; Status is empty where one has not ended.
	Outcomes(ctx context.Context) iter.Seq2[po.Outcome, error]
	// Saved yields the orders that have files, also those that are no longer in the batch.
	Saved(ctx context.Context) iter.Seq2[po.Outcome, error]
	// Outcome is how an order ended; false if it has not.
	Outcome(ctx context.Context, key po.Key) (po.Outcome, bool, error)
}

// Writer writes the files that show people what a ledger has: the list with its
// status columns, the manifest and the checksums. Poactor itself reads none of them.
type Writer struct {
	dir    string
	ledger Ledger
	list   *batch.Batch // nil: the orders are of no list
	tasks  TaskLedger   // nil: they are orders
	warn   func(file, text string)

	saving   sync.Mutex      // held while files are written
	seen     uint64          // changes of the ledger that are in the files
	warned   map[string]bool // files that cannot be replaced, or moved, and were told of
	outdated map[string]bool // results of another kind, still to be moved; nil: not looked for yet
	last     lastExport
}

// New makes the Writer of an output directory, which this process holds. Where list
// is nil, results.csv has the numbers of the orders and how they ended. warn is told,
// in words, of a file that is not as, or where, people look for it: file is its name
// in the directory.
func New(dir string, ledger Ledger, list *batch.Batch, warn func(file, text string)) *Writer {
	return &Writer{dir: dir, ledger: ledger, list: list, warn: warn, warned: map[string]bool{}, last: readLastExport(dir)}
}

// NewTasks makes the Writer of the output directory of a program's own tasks.
func NewTasks(dir string, ledger TaskLedger, warn func(file, text string)) *Writer {
	w := New(dir, ledger, nil, warn)
	w.tasks = ledger
	return w
}

// ErrNotWritten is wrapped by the error of Save where neither the ledger nor a full
// disk is the reason.
var ErrNotWritten = errors.New("results not written")

// Save writes the files. An error is a *po.Error: of the ledger, a po.DiskFull, or
// one that wraps ErrNotWritten. A file that another program holds is no error: one
// beside it is written, until the first can be.
func (w *Writer) Save(ctx context.Context) error {
	w.saving.Lock()
	defer w.saving.Unlock()
	return w.save(ctx)
}

// saveChanges is Save if the ledger has anything new.
func (w *Writer) saveChanges(ctx context.Context) error {
	w.saving.Lock()
	defer w.saving.Unlock()
	if w.ledger.Changes() == w.seen {
		return nil
	}
	return w.save(ctx)
}

func (w *Writer) save(ctx context.Context) error {
	changes := w.ledger.Changes()
	err := w.ledger.View(ctx, w.write)
	if err == nil {
		w.seen = changes
	}
	return err
}

// saveEvery is how often Autosave looks for something new.
const saveEvery = 5 * time.Second

// Autosave saves what is new every few seconds, until the returned function is
// called, which waits for a save under way. After a save that took long it waits
// longer, so that a list of a million rows is not written all the time.
func (w *Writer) Autosave(ctx context.Context, failed func(error)) (stop func()) {
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
			if err := fenced(func() error { return w.saveChanges(ctx) }); err != nil {
				failed(fmt.Errorf("save results: %w", err))
			}
			wait = max(saveEvery, 20*time.Since(began))
		}
	})
	return sync.OnceFunc(func() { close(done); loop.Wait() })
}

// fenced makes an error of a panic: warn calls what is not ours.
func fenced(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do()
}

// SaveFileLists writes the manifest and the checksums alone. It fails as Save does.
func (w *Writer) SaveFileLists(ctx context.Context) error {
	w.saving.Lock()
	defer w.saving.Unlock()
	return w.ledger.View(ctx, w.writeFileLists)
}

// writeFileLists writes the manifest and the checksums.
func (w *Writer) writeFileLists(ctx context.Context) error {
	writeSums := func(to io.Writer) error { return w.writeSaved(ctx, to, WriteSums) }
	if w.tasks != nil { // whose results list their files
		return w.replace(outdir.SumsFile, writeSums)
	}
	err := w.replace(outdir.ManifestFile, func(to io.Writer) error { return w.writeSaved(ctx, to, WriteManifest) })
	if err != nil {
		return err
	}
	return w.replace(outdir.SumsFile, writeSums)
}

// write writes every file. The results come last: what they show as settled is in
// the manifest.
func (w *Writer) write(ctx context.Context) error {
	if err := w.writeFileLists(ctx); err != nil {
		return err
	}
	if err := w.replace(w.resultsName(), func(to io.Writer) error { return w.writeResults(ctx, to) }); err != nil {
		return err
	}
	w.moveOutdated()
	return nil
}

// resultsName is what the results are called.
func (w *Writer) resultsName() string {
	if w.tasks != nil {
		return outdir.TaskResultsFile
	}
	if w.list == nil {
		return outdir.ResultsStem + ".csv"
	}
	return w.list.ResultsName()
}

// writeSaved writes the orders that have files.
func (w *Writer) writeSaved(
	ctx context.Context, to io.Writer, write func(io.Writer, iter.Seq[po.Outcome]) error,
) error {
	var failed error // of the ledger
	err := write(to, masked(w.ledger.Saved(ctx), &failed))
	if failed != nil {
		return failed
	}
	return err
}

// writeResults writes the list with its status columns, or, where there is none, the
// orders.
func (w *Writer) writeResults(ctx context.Context, to io.Writer) error {
	var failed error // of the ledger
	var err error
	if w.tasks != nil {
		err = WriteTasks(to, masked(w.tasks.TaskOutcomes(ctx), &failed))
	} else if w.list == nil {
		err = batch.WriteOutcomes(to, masked(w.ledger.Outcomes(ctx), &failed))
	} else {
		err = w.writeList(ctx, to, &failed)
	}
	if failed != nil {
		return failed
	}
	return err
}

// writeList writes the list with its status columns. Rows and orders come in the same
// order, so that the ledger is read through once; a row whose order has been before
// is looked up.
func (w *Writer) writeList(ctx context.Context, to io.Writer, failed *error) error {
	next, stop := iter.Pull(masked(w.ledger.Outcomes(ctx), failed))
	defer stop()
	head, more := next()
	return w.list.WriteResults(to, func(key po.Key) (po.Outcome, bool) {
		if *failed != nil {
			return po.Outcome{}, false
		}
		if more && head.Key == key {
			o := head
			head, more = next()
			return o, o.Status != ""
		}
		o, ok, err := w.ledger.Outcome(ctx, key)
		*failed = err
		return mask(o), ok
	})
}

// masked yields outcomes as they may be shown to anybody, until an error, which it
// keeps in failed.
func masked(outcomes iter.Seq2[po.Outcome, error], failed *error) iter.Seq[po.Outcome] {
	return func(yield func(po.Outcome) bool) {
		for o, err := range outcomes {
			if *failed = err; err != nil || !yield(mask(o)) {
				return
			}
		}
	}
}

// mask takes from an outcome what could be a secret: records of older starts have
// addresses with queries.
func mask(o po.Outcome) po.Outcome {
	o.URL, o.Detail = po.PublicURL(o.URL), po.MaskAddresses(o.Detail)
	for i := range o.Files {
		f := &o.Files[i]
		f.Original, f.URL = po.MaskAddresses(f.Original), po.PublicURL(f.URL)
	}
	return o
}

// replace replaces a file of the output directory. If that cannot be, as while
// Excel has it open, a file beside it is written until it can.
func (w *Writer) replace(name string, write func(io.Writer) error) error {
	path := filepath.Join(w.dir, name)
	pending, err := outdir.Prepare(path, 0o644, write)
	if errors.Is(err, batch.ErrCharset) {
		w.useUTF8(name, err)
		pending, err = outdir.Prepare(path, 0o644, write)
	}
	if err != nil {
		return saveError(err)
	}
	defer pending.Discard()
	if err = w.commit(pending, path, name == w.resultsName()); err == nil {
		w.warned[name] = false
		_ = os.Remove(filepath.Join(w.dir, sideName(name))) // mostly not there
		return nil
	}
	if outdir.Full(err) || pending.CommitAs(sideName(name)) != nil {
		return saveError(err)
	}
	if !w.warned[name] {
		w.warned[name] = true
		w.warn(name, fmt.Sprintf("%s is held by another program; until it is closed, what is new is in %s",
			name, sideName(name)))
	}
	return nil
}

// useUTF8 writes the results in UTF-8 from now on, and says why: the list's own
// encoding lacks a character, which must not become another.
func (w *Writer) useUTF8(name string, err error) {
	why := "the encoding of the list lacks a character"
	if e, ok := errors.AsType[*batch.Error](err); ok {
		why = e.Msg
	}
	w.list.UseUTF8()
	w.warn(name, fmt.Sprintf("%s is UTF-8 with a byte order mark, unlike the list: %s", name, why))
}

var errHeld = errors.New("held by another program")

// commit gives a file its name, unless another program holds the old one.
func (w *Writer) commit(p *outdir.Replacement, path string, editable bool) error {
	if Held(path) {
		return errHeld
	}
	if editable {
		if err := w.backupEdited(path, p.SHA256); err != nil {
			return err
		}
	}
	return p.Commit()
}

// sideName is the name of the file that is written while another program holds the
// one at path.
func sideName(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".new" + ext
}

// saveError puts an error of a file into words, and leaves one of the ledger as it is.
func saveError(err error) error {
	if _, ok := errors.AsType[*po.Error](err); ok && !errors.Is(err, batch.ErrUnusable) { // of the ledger
		return err
	}
	if outdir.Full(err) {
		return outdir.WriteError(err)
	}
	hint := "see to the output directory; " + po.HintResume
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		hint = outdir.HintOpenFiles
	}
	first, _, _ := strings.Cut(err.Error(), "\n") // joined errors have several lines
	return &po.Error{Msg: "results: " + first, Hint: hint, Err: ErrNotWritten}
}
