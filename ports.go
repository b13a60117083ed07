package poactor

import (
	"context"
	"iter"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/po"
)

// NewMemoryLedger makes a record of orders in memory: a port of package actors, for hosts
// that join ports of their own with it. Prepare joins all that a run has. A key that comes
// twice, and an error that orders yields, is an error.
func NewMemoryLedger(orders iter.Seq2[po.Order, error]) (actors.Ledger, error) {
	if orders == nil {
		return nil, &po.Error{Msg: "no orders are given: NewMemoryLedger(nil)", Err: ErrConfig}
	}
	o := &resources{}
	if _, err := o.remember(orders); err != nil {
		return nil, userError(err)
	}
	return o.record, nil
}

// Browsers opens real browsers, each with a profile of its own: a port of package actors.
type Browsers struct{ held *resources }

// OpenBrowsers makes ready what opens the browsers of a run of cfg, and removes what killed
// runs have left. It is closed when every browser that it has opened is closed. An error is
// a *po.Error.
func OpenBrowsers(cfg Config) (*Browsers, error) {
	held, err := openFor(cfg, (*resources).openBrowsers)
	if err != nil {
		return nil, err
	}
	return &Browsers{held}, nil
}

// Open implements actors.Browsers.
func (b *Browsers) Open(ctx context.Context) (actors.Session, error) {
	return b.held.browsers.Open(ctx)
}

// Close removes the profiles.
func (b *Browsers) Close() error { return b.held.close() }

// Files puts the files of orders into an output directory, whole or not at all: a port of
// package actors.
type Files struct {
	actors.Files
	archive *download.Archive
}

// OpenFiles makes ready the output directory of a run of cfg. It is closed when the run has
// ended. An error is a *po.Error.
func OpenFiles(cfg Config) (*Files, error) {
	held, err := openFor(cfg, (*resources).openArchive)
	if err != nil {
		return nil, err
	}
	return &Files{held.archive, held.archive}, nil
}

// Close gives the output directory back.
func (f *Files) Close() error { return f.archive.Close() }

// openFor opens some of what a run of cfg has open.
func openFor(cfg Config, open func(*resources, Config) error) (*resources, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, &po.Error{Msg: err.Error(), Err: ErrConfig}
	}
	held := &resources{faults: faulty.New(cfg.faults())}
	if err := open(held, cfg); err != nil {
		_ = held.close()
		return nil, userError(err)
	}
	return held, nil
}
