package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/report"
	"github.com/poactor/poactor/po"
)

// The files of an output directory.
const (
	resultsFile  = "results.csv"
	besideFile   = "results.new.csv" // while another program holds results.csv
	manifestFile = "manifest.csv"
	sumsFile     = "SHA256SUMS"
)

// results holds how orders ended, in this start and in earlier ones, and keeps
// the files that say so. An outcome without a status is of an order whose
// files are in the manifest, but which is in no row of the results: its lines
// are kept.
type results struct {
	out *output

	mu      sync.Mutex
	keys    []po.Key // in the order in which they came
	known   map[po.Key]po.Outcome
	changed bool

	saving sync.Mutex // held while files are written
	warned bool       // that results.csv is held
	warn   func(format string, args ...any)
}

// loadResults reads what earlier starts left in dir: nothing if there were
// none.
func loadResults(dir string, parse batch.Parse) (*results, error) {
	out := &output{dir: dir}
	r := &results{out: out, known: map[po.Key]po.Outcome{}}
	kept, err := report.ReadManifest(out.path(manifestFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(out.path(manifestFile), err)
	}
	for _, name := range []string{resultsFile, besideFile} {
		for o, err := range batch.ReadOutcomes(out.path(name), parse) {
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return nil, unreadable(out.path(name), err)
			}
			// The file beside has the last word, if it is not a leftover. Its own
			// time says little: Excel may have saved its old rows after it.
			if name != besideFile || !o.Time.Before(r.known[o.Key].Time) {
				r.add(o)
			}
		}
	}
	for key, k := range kept { // of one write: a kill leaves the results of another
		o := r.known[key]
		o.Key, o.Folder, o.Files = key, k.Folder, k.Files
		r.add(o)
	}
	r.changed = false
	return r, nil
}

func unreadable(path string, err error) error {
	return wrongUse("it was written by an earlier start: repair it, move it away to begin anew, or give another --out",
		"%s cannot be read: %s", path, plain(err))
}

// put takes an outcome of this start.
func (r *results) put(o po.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(o)
}

func (r *results) add(o po.Outcome) {
	if _, again := r.known[o.Key]; !again {
		r.keys = append(r.keys, o.Key)
	}
	r.known[o.Key] = o
	r.changed = true
}

// get returns the last outcome of an order.
func (r *results) get(key po.Key) (po.Outcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.known[key]
	return o, ok
}

// recall returns what the output directory still has of an order's files. The
// record forgets the others: whatever becomes of the order, nothing vouches for
// what is gone.
func (r *results) recall(key po.Key) (po.Kept, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.known[key]
	if !ok {
		return po.Kept{}, nil
	}
	kept, err := download.Recall(r.out.dir, key, po.Kept{Folder: o.Folder, Files: o.Files})
	if err != nil {
		return po.Kept{}, err
	}
	if len(kept.Files) < len(o.Files) {
		o.Files = kept.Files
		r.add(o)
	}
	return kept, nil
}

// save writes manifest.csv, SHA256SUMS and results.csv if anything is new. The
// results come last: what they show as settled is in the manifest.
func (r *results) save(b *batch.Batch, always bool) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	snapshot, changed := r.snapshot()
	if !changed && !always {
		return nil
	}
	err := r.write(b, snapshot)
	if err != nil {
		r.mu.Lock()
		r.changed = true
		r.mu.Unlock()
	}
	return err
}

// snapshot copies the outcomes, in the order in which they came.
func (r *results) snapshot() (*results, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := r.changed
	r.changed = false
	return &results{keys: slices.Clone(r.keys), known: maps.Clone(r.known)}, changed
}

func (r *results) write(b *batch.Batch, s *results) error {
	steps := []struct {
		name  string
		write func(io.Writer) error
	}{
		{manifestFile, func(w io.Writer) error { return report.WriteManifest(w, s.all()) }},
		{sumsFile, func(w io.Writer) error { return report.WriteSums(w, s.all()) }},
	}
	for _, step := range steps {
		if err := report.Replace(r.out.path(step.name), step.write); err != nil {
			return saveFailure(err)
		}
	}
	return r.writeResults(func(w io.Writer) error { return b.WriteResults(w, s.settled) })
}

// writeResults replaces results.csv. If that cannot be, as while Excel has it
// open on Windows, a file beside it is written until it can.
func (r *results) writeResults(write func(io.Writer) error) error {
	err := report.Replace(r.out.path(resultsFile), write)
	if err == nil {
		r.warned = false
		_ = os.Remove(r.out.path(besideFile)) // mostly not there
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || report.Replace(r.out.path(besideFile), write) != nil {
		return saveFailure(err)
	}
	if !r.warned {
		r.warned = true
		r.warn("%s is held by another program; until it is closed the results are in %s", resultsFile, besideFile)
	}
	return nil
}

func saveFailure(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(err)
	}
	return cannot("see to the output directory; the same command goes on from where it stood", "results: %s", plain(err))
}

// all yields the outcomes that have files.
func (r *results) all() iter.Seq[po.Outcome] {
	return func(yield func(po.Outcome) bool) {
		for _, key := range r.keys {
			if o := r.known[key]; len(o.Files) > 0 && !yield(o) {
				return
			}
		}
	}
}

func (r *results) settled(key po.Key) (po.Outcome, bool) {
	o, ok := r.known[key]
	return o, ok && o.Status != ""
}

// saveEvery is how often the files are brought up to date while a run goes on.
const saveEvery = 5 * time.Second

// keep saves now and then until the returned function is called, which waits.
// After a save that took long it waits longer, so that a batch of a million
// rows is not written all the time.
func (r *results) keep(b *batch.Batch, failed func(error)) (stop func()) {
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
			if err := r.save(b, false); err != nil {
				failed(fmt.Errorf("save results: %w", err))
			}
			wait = max(saveEvery, 20*time.Since(began))
		}
	})
	return sync.OnceFunc(func() { close(done); loop.Wait() })
}

// settledNow is settled for use while others put.
func (r *results) settledNow(key po.Key) (po.Outcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settled(key)
}
