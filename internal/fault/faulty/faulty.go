// Package faulty makes the faults of a plan happen: it decorates what a run works
// with, its browsers, profiles, files and ledger. Faults of the portal are the
// portal's, and a kill of poactor comes from outside.
package faulty

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Ports decorates what a run works with. Nil leaves everything as it is. It is safe
// for concurrent use.
type Ports struct {
	*fault.Injector

	mu      sync.Mutex
	sink    func(event any) // nil until the run is there
	pending []any
	held    map[string]time.Time // profiles that cannot be removed until then; zero: they can
}

// New returns what makes the faults of a plan happen; nil where it has none.
func New(p fault.Plan) *Ports {
	if p.Empty() {
		return nil
	}
	return &Ports{Injector: fault.NewInjector(p), held: map[string]time.Time{}}
}

// SetSink says who is told of each fault that happens, as a messages.FaultInjected;
// those that have happened already are told at once.
func (f *Ports) SetSink(sink func(event any)) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sink = sink
	for _, event := range f.pending {
		sink(event)
	}
	f.pending = nil
}

// report tells of a fault.
func (f *Ports) report(x fault.Injected, profile string) {
	event := messages.FaultInjected{Fault: string(x.Kind), At: x.At, Profile: profile}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sink == nil {
		f.pending = append(f.pending, event)
		return
	}
	f.sink(event)
}

// --- Files and ledger ---

// Write is asked before a file is written.
func (f *Ports) Write() error {
	if f == nil {
		return nil
	}
	x, ok := f.Next(fault.OpWrite)
	if !ok {
		return nil
	}
	f.report(x, "")
	return &os.PathError{Op: "write", Path: "a file, on purpose", Err: syscall.ENOSPC}
}

// Ledger decorates a ledger.
func (f *Ports) Ledger(l actors.Ledger) actors.Ledger {
	if f == nil {
		return l
	}
	return faultyLedger{l, f}
}

type faultyLedger struct {
	actors.Ledger
	faults *Ports
}

// errLedger is what a full disk does to the ledger.
var errLedger = fmt.Errorf("%w: the ledger cannot be written, on purpose", po.DiskFull)

// Commit fails now and then at its very end, as a disk does.
func (l faultyLedger) Commit(ctx context.Context, do func(ctx context.Context) error) error {
	x, ok := l.faults.Next(fault.OpCommit)
	if !ok {
		return l.Ledger.Commit(ctx, do)
	}
	return l.Ledger.Commit(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		l.faults.report(x, "")
		return errLedger
	})
}
