package report

import (
	"context"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/shell"
	"github.com/poactor/poactor/po"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

var document = template.Must(template.New("page").Parse(pageHTML))

// Writer writes the report of an output directory. It is safe for concurrent use.
type Writer struct {
	dir    string
	ledger Ledger

	writing  sync.Mutex // held while the page is written
	seen     uint64     // changes of the ledger that are in the page
	pictures thumbnails
}

// New makes the Writer of an output directory, which this process holds.
func New(dir string, ledger Ledger) *Writer {
	return &Writer{dir: dir, ledger: ledger, pictures: thumbnails{made: map[string]string{}}}
}

// Save writes the report. running says whether a run goes on.
func (w *Writer) Save(ctx context.Context, running bool) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	return w.save(ctx, running)
}

func (w *Writer) save(ctx context.Context, running bool) (err error) {
	defer func() { // pictures may be damaged in ways that nobody has thought of
		if p := recover(); p != nil {
			err = fmt.Errorf("report: panic: %v", p)
		}
	}()
	changes := w.ledger.Changes()
	p, err := w.read(ctx, running)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	write := func(to io.Writer) error { return render(to, p) }
	if err := outdir.Replace(filepath.Join(w.dir, outdir.ReportFile), 0o644, write); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	w.seen = changes
	return nil
}

func (w *Writer) read(ctx context.Context, running bool) (*page, error) {
	p := &page{Dir: w.dir, Quoted: shell.Word(w.dir), AsOf: time.Now(), Running: running, Causes: map[po.Cause]help{},
		Orders: []order{}, Thumbnails: map[string]string{}, Pictures: map[string]bool{}}
	if err := w.ledger.View(ctx, func(ctx context.Context) error { return p.read(ctx, w.ledger) }); err != nil {
		return nil, err
	}
	state, err := outdir.OpenState(w.dir)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	if p.Events, err = readEvents(state); err != nil {
		return nil, err
	}
	for _, e := range p.Events {
		p.explain(e.Cause)
	}
	w.pictures.fill(p, state)
	return p, nil
}

// render writes a page.
func render(to io.Writer, p *page) error {
	data, err := json.Marshal(p) // escapes what could end the script that it is in
	if err != nil {
		return err
	}
	return document.Execute(to, map[string]any{
		"Policy": "default-src 'none'; img-src data:; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) +
			"; base-uri 'none'; form-action 'none'",
		"Style": template.CSS(pageCSS), "Script": template.JS(pageJS), "Data": template.JS(data),
	})
}

// hash is what a content security policy calls a text by.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// How often Autosave writes: it is for people, who look at it now and then.
const (
	firstSave = 5 * time.Second
	saveEvery = 30 * time.Second
)

// Autosave saves what is new now and then, until the returned function is called, which
// waits for a save under way. After a save that took long it waits longer, so that a
// large report is not written all the time.
func (w *Writer) Autosave(ctx context.Context, failed func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var loop sync.WaitGroup
	loop.Go(func() {
		wait := firstSave
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			began := time.Now()
			if err := w.saveChanges(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
			wait = max(saveEvery, 50*time.Since(began))
		}
	})
	return sync.OnceFunc(func() { cancel(); loop.Wait() })
}

// saveChanges is Save if the ledger has anything new.
func (w *Writer) saveChanges(ctx context.Context) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	if w.seen != 0 && w.ledger.Changes() == w.seen {
		return nil
	}
	return w.save(ctx, true)
}
