package poactor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// FaultPlan says which operation of a run meets which fault: a pure function of
// its seed.
type FaultPlan = fault.Plan

// faults makes the faults of a plan happen: it stands between a run and its
// browsers, profiles, files and ledger. Nil stands between nothing.
type faults struct {
	*fault.Injector

	mu     sync.Mutex
	tell   func(event any) // nil until the run is there
	untold []any
}

func newFaults(p FaultPlan) *faults {
	if p.Quiet() {
		return nil
	}
	return &faults{Injector: fault.NewInjector(p)}
}

// happened tells of a fault.
func (f *faults) happened(x fault.Injected, profile string) {
	event := messages.FaultInjected{Fault: string(x.Kind), At: x.At, Profile: profile}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tell == nil {
		f.untold = append(f.untold, event)
		return
	}
	f.tell(event)
}

// told says who is told from now on.
func (f *faults) told(tell func(event any)) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell = tell
	for _, event := range f.untold {
		tell(event)
	}
	f.untold = nil
}

// --- Browsers ---

// browsers puts the faults between a run and its browsers.
func (f *faults) browsers(b browsers) actors.Browsers {
	if f == nil {
		return b
	}
	return struckBrowsers{b, f}
}

type struckBrowsers struct {
	browsers
	faults *faults
}

func (b struckBrowsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.browsers.launcher.Open(ctx)
	if err != nil {
		return nil, err
	}
	return struckSession{session{s}, b.faults}, nil
}

type struckSession struct {
	session
	faults *faults
}

// strikeWithin is how far into a reading a browser is struck: a page of the
// built-in portal takes some 800 ms.
const strikeWithin = 700 * time.Millisecond

// browserFaults are the faults that strike a browser.
var browserFaults = map[fault.Kind]browser.Fault{
	fault.BrowserKill: browser.FaultKill, fault.BrowserStop: browser.FaultStop, fault.RendererCrash: browser.FaultCrash,
	fault.CDPCut: browser.FaultCut, fault.CDPSlow: browser.FaultSlow, fault.ProfileSignOut: browser.FaultSignOut,
}

// Read meets a fault now and then. A browser that is slow or signed out is so
// from the beginning; the other faults come at any moment of the reading.
func (s struckSession) Read(ctx context.Context, order po.Order, byBrowser []string) (po.Reading, error) {
	x, ok := s.faults.Next(fault.OpRead)
	if !ok {
		return s.session.Read(ctx, order, byBrowser)
	}
	if x.Kind == fault.WorkerPanic {
		s.faults.happened(x, s.Profile())
		panic(fmt.Sprintf("a fault on purpose: %s", x.Kind))
	}
	wait := time.Duration(0)
	if x.Kind != fault.CDPSlow && x.Kind != fault.ProfileSignOut {
		wait = time.Duration(s.faults.Draw(x, int(strikeWithin)))
	}
	struck := make(chan struct{})
	strike := func() {
		defer close(struck)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		// It may be dead already, or the system has no means for it.
		if s.InjectFault(ctx, browserFaults[x.Kind]) == nil {
			s.faults.happened(x, s.Profile())
		}
	}
	if wait == 0 {
		strike()
	} else {
		go strike()
	}
	defer func() { <-struck }()
	return s.session.Read(ctx, order, byBrowser)
}

// --- Profiles ---

// profile lets a profile be damaged now and then, or not be removable at first,
// for which hold is the means.
func (f *faults) profile(p browser.Profile, hold func(time.Duration)) browser.Profile {
	if f == nil {
		return p
	}
	if x, ok := f.Next(fault.OpLease); ok && damage(p) == nil {
		f.happened(x, p.ID)
	}
	release := p.Release
	p.Release = func() error {
		if x, ok := f.Next(fault.OpRelease); ok {
			hold(stuckFor)
			f.happened(x, p.ID) // before it, for a run may end with it
		}
		return release()
	}
	return p
}

// damage puts something where a browser wants its lock, a link or a file that it
// can open, and where a headless shell, which takes no lock, wants its state:
// neither starts then.
func damage(p browser.Profile) error {
	state := filepath.Join(p.Dir, "Local State")
	if err := os.RemoveAll(state); err != nil {
		return err
	}
	if err := os.Mkdir(state, 0o700); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return os.Mkdir(filepath.Join(p.Dir, "lockfile"), 0o700)
	}
	return os.WriteFile(filepath.Join(p.Dir, "SingletonLock"), []byte("damaged on purpose"), 0o600)
}

// stuckFor is longer than a release tries by itself.
const stuckFor = 1500 * time.Millisecond

// --- Files and ledger ---

// write is asked before a file is written.
func (f *faults) write() error {
	x, ok := f.Next(fault.OpWrite)
	if !ok {
		return nil
	}
	f.happened(x, "")
	return &os.PathError{Op: "write", Path: "a file, on purpose", Err: syscall.ENOSPC}
}

// ledger puts the faults between a run and its ledger.
func (f *faults) ledger(l actors.Ledger) actors.Ledger {
	if f == nil {
		return l
	}
	return struckLedger{l, f}
}

type struckLedger struct {
	actors.Ledger
	faults *faults
}

// errLedger is what a full disk does to the ledger.
var errLedger = fmt.Errorf("%w: the ledger cannot be written, on purpose", po.DiskFull)

// Commit fails now and then at its very end, as a disk does.
func (l struckLedger) Commit(ctx context.Context, do func(ctx context.Context) error) error {
	x, ok := l.faults.Next(fault.OpCommit)
	if !ok {
		return l.Ledger.Commit(ctx, do)
	}
	return l.Ledger.Commit(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		l.faults.happened(x, "")
		return errLedger
	})
}
