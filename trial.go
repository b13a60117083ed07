package poactor

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/internal/schedule"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Trial is one browser, opened as a run opens its own: with the same flags and profile,
// and the same proof of who is signed in. It is for looking what a machine and a portal
// can do, before a run. One Read or Prove runs at a time.
type Trial struct {
	session actors.Session
	held    *resources
	cfg     Config
	temp    string // stands for the output directory
}

// OpenTrial opens a browser as a run of cfg would; cfg.Out is left alone, and so is what
// killed runs have left. The error is a *po.Error; its cause is po.SignedOut where the
// browser works and nobody is signed in. What it has begun it ends on failure.
func OpenTrial(ctx context.Context, cfg Config) (_ *Trial, err error) {
	t := &Trial{held: &resources{faults: faulty.New(Config{}.faults())}}
	if t.temp, err = os.MkdirTemp("", "pa"); err != nil {
		return nil, tempError(err)
	}
	defer func() {
		if err != nil {
			err = userError(errors.Join(err, t.Close()))
		}
	}()
	cfg.Out, cfg.Workers = t.temp, 1
	cfg = cfg.withDefaults()
	t.cfg = cfg
	settings, err := t.held.openProfiles(cfg)
	if err != nil {
		return nil, err
	}
	t.session, err = t.held.portOf(cfg, settings).Open(ctx)
	return t, err
}

// tempError is the error of a directory for temporary files that takes none.
func tempError(err error) error {
	if e := checkTemp(); e != nil {
		return userError(e)
	}
	return userError(fmt.Errorf("directory for temporary files: %w", err))
}

// Read opens an order's page and tells which it is, as in a run; no file is fetched. The
// error is a *po.Error around a po.ReadFailure.
func (t *Trial) Read(ctx context.Context, order po.Order) (po.Reading, error) {
	r, err := t.session.Read(ctx, order, nil)
	return r, pageError(err)
}

// ReadFast reads an order's page once more, without a browser, as Config.Fast would: was is what
// Read has just told of it. why says in words what keeps a run from believing it, or in what the
// two differ; both are empty where they tell the same. The error is as of Read.
func (t *Trial) ReadFast(ctx context.Context, order po.Order, was po.Reading) (why, differs string, err error) {
	off := ""
	cfg := t.cfg
	cfg.OnEvent = func(e any) {
		if lane, ok := e.(messages.FastLane); ok {
			off = lane.Off
		}
	}
	if t.held.archive == nil {
		if err := t.held.openArchive(cfg); err != nil {
			return "", "", userError(err)
		}
	}
	pages := t.held.pages(cfg)
	if pages == nil {
		return off, "", nil
	}
	page, err := pages.ReadPage(ctx, order, nil, was.Credentials)
	switch {
	case err != nil:
		return "", "", pageError(err)
	case page.Doubt != "":
		return page.Doubt, "", nil
	}
	return "", schedule.DifferenceOf(page.Reading, was), nil
}

// Prove opens the portal's page that shows who is signed in. The error is as of Read.
func (t *Trial) Prove(ctx context.Context) (po.Proof, error) {
	p, err := t.session.Prove(ctx)
	return p, pageError(err)
}

// pageError is the *po.Error of a page that could not be read.
func pageError(err error) error {
	failure, ok := errors.AsType[*po.ReadFailure](err)
	if !ok {
		return err
	}
	e := ended(failure.Cause, failure.Detail)
	e.Err = err
	return e
}

// Process is the number of the browser's main process; 0: it is none of ours.
func (t *Trial) Process() int {
	if p, ok := t.session.(interface{ Process() int }); ok {
		return p.Process()
	}
	return 0
}

// Version is the browser's name and version; empty: not known.
func (t *Trial) Version() string {
	if v, ok := t.session.(interface{ Version() string }); ok {
		return v.Version()
	}
	return ""
}

// Close ends the browser and removes all that the trial has made.
func (t *Trial) Close() error {
	var errs []error
	if t.session != nil {
		errs = append(errs, t.session.Close())
	}
	return errors.Join(append(errs, t.held.close(), os.RemoveAll(t.temp))...)
}
