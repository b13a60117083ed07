package poactor

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/resource"
	"github.com/poactor/poactor/messages"
)

// governor makes the arithmetic of package resource a port of the actors: it feeds it
// with what machine, browsers and portal show. The browsers that it opens are
// counted and weighed.
type governor struct {
	actors.Browsers
	log   *logrus.Logger
	wish  int
	probe *resource.Probe // of Measure alone

	mu       sync.Mutex
	usage    resource.Usage // the first, before any browser
	capacity resource.Capacity
	portal   resource.Portal
	workers  int                        // the last decision
	open     map[*weighedSession]uint64 // memory of each open browser's processes; 0: unknown
}

// newGovernor looks once at the machine, so that there is a decision from the first
// answer on.
func newGovernor(ctx context.Context, b actors.Browsers, workers int, log *logrus.Logger) *governor {
	g := &governor{Browsers: b, log: log, wish: workers, probe: resource.NewProbe(), open: map[*weighedSession]uint64{},
		capacity: resource.NewCapacity(workers)}
	g.usage = g.read(ctx)
	g.observe(g.usage, time.Now())
	return g
}

// advise says what speaks against so many workers for so many orders.
func (g *governor) advise(orders int, tell func(event any)) {
	for _, a := range resource.Advise(resource.Plan{Orders: orders, Workers: g.wish, Usage: g.usage}) {
		tell(messages.Warning{Workers: a.Workers, LimitedBy: messages.LimitedBy(a.LimitedBy), Text: a.Text})
	}
}

// Measure implements actors.Limiter.
func (g *governor) Measure(ctx context.Context) actors.Limits {
	usage := g.read(ctx)
	g.weigh(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.observe(usage, time.Now())
}

// Answered implements actors.Limiter.
func (g *governor) Answered(a actors.Answer) actors.Limits {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	answer := resource.Answer{
		Took:           a.Took,
		WithoutBrowser: a.WithoutBrowser,
		Sign:           a.Sign,
		Cause:          a.Cause,
		RetryAfter:     a.RetryAfter,
		Retried:        a.Retried,
		Strained:       g.capacity.Strained(),
	}
	g.portal = g.portal.Answered(answer, g.workers, now)
	return g.decide(now)
}

// request takes it that the user asks for another number of workers. The actors hear of
// what follows with the next sample.
func (g *governor) request(workers int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wish, g.capacity = workers, g.capacity.Request(workers)
}

// observe tells the capacity how much is in use, with the lock held.
func (g *governor) observe(usage resource.Usage, now time.Time) actors.Limits {
	g.capacity = g.capacity.Observe(resource.Sample{Usage: usage, Running: len(g.open), WorkerBytes: g.heaviest(),
		PortalLimit: g.portal.Limit(g.wish)}, now)
	return g.decide(now)
}

// decide joins what machine and portal bear, with the lock held.
func (g *governor) decide(now time.Time) actors.Limits {
	d := resource.Decide(g.capacity, g.portal, now)
	g.workers = d.Workers
	return actors.Limits{Workers: d.Workers, Reading: d.Reading, Hold: max(0, d.NotBefore.Sub(now)),
		LimitedBy: messages.LimitedBy(d.LimitedBy), Reason: d.Text}
}

// heaviest is what the largest browser takes: the next may take as much.
func (g *governor) heaviest() (most uint64) {
	for _, bytes := range g.open {
		most = max(most, bytes)
	}
	return most
}

func (g *governor) read(ctx context.Context) resource.Usage {
	usage, err := g.probe.Read(ctx)
	if err != nil && ctx.Err() == nil {
		g.log.WithError(err).Warn("the machine's load is known in part only")
	}
	return usage
}

// weigh reads what each browser takes.
func (g *governor) weigh(ctx context.Context) {
	var pids []int
	g.mu.Lock()
	for s := range g.open {
		if s.pid != 0 {
			pids = append(pids, s.pid)
		}
	}
	g.mu.Unlock()
	if len(pids) == 0 {
		return
	}
	trees, err := process.Trees(ctx, pids...)
	if err != nil {
		g.log.WithError(err).Debug("the browsers' memory is not known")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.open {
		if t, ok := trees[s.pid]; ok {
			g.open[s] = t.Memory()
		}
	}
}

// Open implements actors.Browsers.
func (g *governor) Open(ctx context.Context) (actors.Session, error) {
	s, err := g.Browsers.Open(ctx)
	if err != nil {
		return nil, err
	}
	w := &weighedSession{Session: s, governor: g}
	if p, ok := s.(interface{ Process() int }); ok {
		w.pid = p.Process()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[w] = 0
	return w, nil
}

// weighedSession is a session whose browser is counted and weighed while it is open.
type weighedSession struct {
	actors.Session
	governor *governor
	pid      int // 0: it is no process of ours
}

// Memory implements the port: bytes, as the governor saw them last.
func (w *weighedSession) Memory() int64 {
	if w.pid == 0 {
		return w.Session.Memory()
	}
	w.governor.mu.Lock()
	defer w.governor.mu.Unlock()
	return int64(w.governor.open[w])
}

// Close implements the port.
func (w *weighedSession) Close() error {
	err := w.Session.Close()
	w.governor.mu.Lock()
	defer w.governor.mu.Unlock()
	delete(w.governor.open, w)
	return err
}
