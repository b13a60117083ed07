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

// load makes the governor's arithmetic a port of the actors: it feeds the
// policy of package resource with what machine, browsers and portal show. The
// browsers that it opens are counted and weighed.
type load struct {
	actors.Browsers
	log    *logrus.Logger
	wish   int
	probe  *resource.Probe // of Measure alone
	policy resource.Policy

	mu     sync.Mutex
	usage  resource.Usage
	state  resource.State
	portal resource.Portal
	now    resource.Decision
	open   map[*weighed]uint64 // memory of each open browser's processes; 0: unknown
}

// newLoad looks once at the machine, so that there is a decision from the first
// answer on.
func newLoad(ctx context.Context, b actors.Browsers, workers int, log *logrus.Logger) *load {
	l := &load{Browsers: b, log: log, wish: workers, probe: resource.NewProbe(), open: map[*weighed]uint64{}}
	l.usage = l.read(ctx)
	l.decide(l.policy.Decide, time.Now())
	return l
}

// advise says what speaks against so many workers for so many orders.
func (l *load) advise(orders int, tell func(event any)) {
	for _, a := range resource.Advise(resource.Plan{Orders: orders, Workers: l.wish, Usage: l.usage}) {
		tell(messages.Advised{Workers: a.Workers, Binds: messages.Binds(a.Binds), Text: a.Text})
	}
}

// Measure implements actors.Limiter.
func (l *load) Measure(ctx context.Context) actors.Limits {
	usage := l.read(ctx)
	l.weigh(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.usage = usage
	return l.decide(l.policy.Decide, time.Now())
}

// Answered implements actors.Limiter.
func (l *load) Answered(a actors.Answer) actors.Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.portal = l.portal.Answered(resource.Answer{Took: a.Took, Sign: a.Sign, Cause: a.Cause, RetryAfter: a.RetryAfter, Again: a.Retried,
		Strained: l.policy.Strained(l.state)}, l.now.Workers, now)
	return l.decide(l.policy.Again, now)
}

// decide asks the policy, with the lock held.
func (l *load) decide(ask func(resource.State, resource.Sample, time.Time) (resource.State, resource.Decision), now time.Time) actors.Limits {
	l.state, l.now = ask(l.state, resource.Sample{
		Usage: l.usage, Wish: l.wish, Running: len(l.open), WorkerBytes: l.heaviest(), Portal: l.portal,
	}, now)
	return actors.Limits{Workers: l.now.Workers, Reading: l.now.Reading, Hold: max(0, l.now.NotBefore.Sub(now)),
		Binds: messages.Binds(l.now.Binds), Reason: l.now.Text}
}

// heaviest is what the largest browser takes: the next may take as much.
func (l *load) heaviest() (most uint64) {
	for _, bytes := range l.open {
		most = max(most, bytes)
	}
	return most
}

func (l *load) read(ctx context.Context) resource.Usage {
	usage, err := l.probe.Read(ctx)
	if err != nil && ctx.Err() == nil {
		l.log.WithError(err).Warn("the machine's load is known in part only")
	}
	return usage
}

// weigh reads what each browser takes.
func (l *load) weigh(ctx context.Context) {
	var pids []int
	l.mu.Lock()
	for s := range l.open {
		if s.pid != 0 {
			pids = append(pids, s.pid)
		}
	}
	l.mu.Unlock()
	if len(pids) == 0 {
		return
	}
	trees, err := process.Trees(ctx, pids...)
	if err != nil {
		l.log.WithError(err).Debug("the browsers' memory is not known")
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.open {
		if t, ok := trees[s.pid]; ok {
			l.open[s] = t.Memory()
		}
	}
}

// Open implements actors.Browsers.
func (l *load) Open(ctx context.Context) (actors.Session, error) {
	s, err := l.Browsers.Open(ctx)
	if err != nil {
		return nil, err
	}
	w := &weighed{Session: s, load: l}
	if p, ok := s.(interface{ Process() int }); ok {
		w.pid = p.Process()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[w] = 0
	return w, nil
}

// weighed is a session whose browser is counted and weighed while it is open.
type weighed struct {
	actors.Session
	load *load
	pid  int // 0: it is no process of ours
}

// Memory implements the port: bytes, as the governor saw them last.
func (w *weighed) Memory() int64 {
	if w.pid == 0 {
		return w.Session.Memory()
	}
	w.load.mu.Lock()
	defer w.load.mu.Unlock()
	return int64(w.load.open[w])
}

// Close implements the port.
func (w *weighed) Close() error {
	err := w.Session.Close()
	w.load.mu.Lock()
	defer w.load.mu.Unlock()
	delete(w.load.open, w)
	return err
}
