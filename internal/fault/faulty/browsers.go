package faulty

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/po"
)

// Session is a session whose browser can be made to fail.
type Session interface {
	actors.Session
	// InjectFault makes a fault of a reading happen, other than fault.WorkerPanic. An error
	// says that it did not: the browser is dead already, or the system has no means.
	InjectFault(ctx context.Context, k fault.Kind) error
}

// Injectable is what opens sessions that know some of the faults, where they are no real
// browsers.
type Injectable interface {
	// InjectsFault reports whether its sessions, which are Sessions, can meet a fault.
	InjectsFault(name string) bool
}

// Browsers decorates what opens sessions. They must be Sessions where the plan has more for
// them than fault.WorkerPanic: else Open fails, for the faults would not happen.
func (f *Ports) Browsers(b actors.Browsers) actors.Browsers {
	if f == nil {
		return b
	}
	return faultyBrowsers{b, f}
}

type faultyBrowsers struct {
	actors.Browsers
	faults *Ports
}

func (b faultyBrowsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.Browsers.Open(ctx)
	if err != nil {
		return nil, err
	}
	session, ok := s.(Session)
	if !ok && b.faults.needsSessions() {
		_ = s.Close()
		return nil, fmt.Errorf("faults cannot be injected into a %T", s)
	}
	if !ok {
		session = plainSession{s}
	}
	return faultySession{session, b.faults}, nil
}

// needsSessions reports whether the plan has faults that are injected into sessions.
func (f *Ports) needsSessions() bool {
	return slices.ContainsFunc(fault.Kinds(), func(k fault.Kind) bool {
		return k.Op() == fault.OpRead && k != fault.WorkerPanic && f.Has(k)
	})
}

// plainSession is one that no fault can be injected into.
type plainSession struct{ actors.Session }

// InjectFault implements Session.
func (s plainSession) InjectFault(_ context.Context, k fault.Kind) error {
	return fmt.Errorf("%s cannot happen to a %T", k, s.Session)
}

type faultySession struct {
	Session
	faults *Ports
}

// injectWithin is how far into a reading a fault comes: a page of the built-in portal
// takes some 800 ms.
const injectWithin = 700 * time.Millisecond

// Read meets a fault now and then. A browser that is slow or signed out is so
// from the beginning; the other faults come at any moment of the reading.
func (s faultySession) Read(ctx context.Context, order po.Order, byBrowser []string) (po.Reading, error) {
	x, ok := s.faults.Next(fault.OpRead)
	if !ok {
		return s.Session.Read(ctx, order, byBrowser)
	}
	if x.Kind == fault.WorkerPanic {
		s.faults.report(x, s.Profile())
		panic(fmt.Sprintf("a fault on purpose: %s", x.Kind))
	}
	wait := time.Duration(0)
	if x.Kind != fault.CDPSlow && x.Kind != fault.ProfileSignOut {
		wait = time.Duration(s.faults.Draw(x, int(injectWithin)))
	}
	injected := make(chan struct{})
	inject := func() {
		defer close(injected)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if s.InjectFault(ctx, x.Kind) == nil {
			s.faults.report(x, s.Profile())
		}
	}
	if wait == 0 {
		inject()
	} else {
		go inject()
	}
	defer func() { <-injected }()
	return s.Session.Read(ctx, order, byBrowser)
}
