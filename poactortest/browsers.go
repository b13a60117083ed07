package poactortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/po"
)

// Browsers open sessions that follow a script, without any process: a port of package actors,
// for Config.Browsers. The faults worker_panic, browser_kill, browser_stop, renderer_crash and
// cdp_cut of Config.Faults can happen to them. Its fields are set before its first use; the
// zero value finds no order.
type Browsers struct {
	// Read says what the page of an order shows; nth counts the readings of that order, from 1.
	// It returns when ctx ends, or the browser dies. An error is a *po.ReadFailure. It is
	// called from many goroutines.
	Read func(ctx context.Context, order po.Order, nth int) (po.Reading, error)
	// Opening is asked before a browser opens; nth counts them, from 1. An error keeps it
	// from opening, which is a crash of its worker. Nil: every one opens.
	Opening func(ctx context.Context, nth int) error
	// Site is what the pages of RunTasks are on; Dir is where they keep what they save until
	// the run takes it: a test's own directory, best of all. Empty: the system's for temporary
	// files.
	Site Site
	Dir  string

	mu       sync.Mutex
	opened   int
	open     []*scripted
	readings map[po.Key]int
}

// Open implements actors.Browsers.
func (b *Browsers) Open(ctx context.Context) (actors.Session, error) {
	b.mu.Lock()
	b.opened++
	s := &scripted{browsers: b, name: fmt.Sprintf("scripted-%p-%d", b, b.opened), done: make(chan struct{})}
	nth := b.opened
	b.mu.Unlock()
	if b.Opening != nil {
		if err := b.Opening(ctx, nth); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = append(b.open, s)
	return s, nil
}

// Opened is how many browsers were asked for.
func (b *Browsers) Opened() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened
}

// Alive is how many browsers are open.
func (b *Browsers) Alive() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open)
}

// Readings is how often the page of an order was read, or a task begun.
func (b *Browsers) Readings(key po.Key) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.readings[key]
}

// KillAll has every browser that is open die.
func (b *Browsers) KillAll() {
	b.mu.Lock()
	open := slices.Clone(b.open)
	b.mu.Unlock()
	for _, s := range open {
		s.die(po.BrowserDied)
	}
}

// InjectsFault says which faults of Config.Faults can happen to the browsers.
func (b *Browsers) InjectsFault(name string) bool {
	_, ok := causes[fault.Kind(name)]
	return ok || fault.Kind(name) == fault.WorkerPanic
}

// causes are the faults that can happen to a browser, with what they make of it.
var causes = map[fault.Kind]po.Cause{
	fault.BrowserKill: po.BrowserDied, fault.RendererCrash: po.BrowserDied, fault.CDPCut: po.BrowserDied,
	fault.BrowserStop: po.BrowserHung,
}

// count counts a reading.
func (b *Browsers) count(key po.Key) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.readings == nil {
		b.readings = map[po.Key]int{}
	}
	b.readings[key]++
	return b.readings[key]
}

// scripted is a session of a script.
type scripted struct {
	browsers *Browsers
	name     string
	once     sync.Once
	why      po.Cause      // of its death, when done is closed
	done     chan struct{} // closed when it has died
}

func (s *scripted) Profile() string       { return s.name }
func (s *scripted) Memory() int64         { return 0 }
func (s *scripted) Done() <-chan struct{} { return s.done }

func (s *scripted) die(why po.Cause) {
	s.once.Do(func() {
		s.why = why
		close(s.done)
	})
}

func (s *scripted) Close() error {
	s.die(po.BrowserDied)
	s.browsers.mu.Lock()
	defer s.browsers.mu.Unlock()
	s.browsers.open = slices.DeleteFunc(s.browsers.open, func(o *scripted) bool { return o == s })
	return nil
}

// dead is the failure of a reading whose browser has died; nil while it lives.
func (s *scripted) dead() error {
	select {
	case <-s.done:
		return &po.ReadFailure{Cause: s.why, Detail: "the scripted browser has ended"}
	default:
		return nil
	}
}

func (s *scripted) Read(ctx context.Context, order po.Order, _ []string) (po.Reading, error) {
	nth := s.browsers.count(order.Key)
	if err := s.dead(); err != nil {
		return po.Reading{}, err
	}
	if s.browsers.Read == nil {
		return po.Reading{Sign: po.SignNotFound}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() {
		cancel()
		<-ended
	}()
	reading, err := s.browsers.Read(ctx, order, nth)
	if dead := s.dead(); dead != nil {
		return po.Reading{}, dead
	}
	return reading, err
}

func (s *scripted) Look(ctx context.Context, order po.Order, _ po.Failure) (po.Reading, error) {
	return s.Read(ctx, order, nil)
}

func (s *scripted) Prove(context.Context) (po.Proof, error) {
	return po.Proof{SignedIn: true}, s.dead()
}

// InjectFault makes a fault of Config.Faults happen.
func (s *scripted) InjectFault(_ context.Context, k fault.Kind) error {
	why, ok := causes[k]
	if !ok {
		return errors.ErrUnsupported
	}
	if err := s.dead(); err != nil {
		return err
	}
	s.die(why)
	return nil
}
