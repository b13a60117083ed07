package poactor

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

func TestMain(m *testing.M) {
	// Proto.Actor's throttle of dead letters holds a goroutine for a second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/asynkron/protoactor-go/actor.NewDeadLetter.NewThrottle.func4.1"))
}

// quick is a portal without the latencies that a person would notice.
var quick = testportal.Options{
	PageLatency: 60 * time.Millisecond, ListLatency: 40 * time.Millisecond,
	FileLatency: -1, TrackerLatency: 300 * time.Millisecond,
}

// ordinary is quick with ordinary orders only, each with attachments of no
// great size.
func ordinary() testportal.Options {
	opts := quick
	opts.Mix = testportal.Plain
	opts.MaxFile = 64 << 10
	return opts
}

// trial is one run on a portal of its own, with what it told.
type trial struct {
	portal *testportal.Portal
	cfg    Config

	mu     sync.Mutex
	events []any
	hooks  []func(event any)
}

func newTrial(t *testing.T, opts testportal.Options) *trial {
	t.Helper()
	if _, err := launch.Find("", false); err != nil {
		t.Skip(err)
	}
	return newTrialOn(t, opts)
}

func newTrialOn(t *testing.T, opts testportal.Options) *trial {
	t.Helper()
	p, err := testportal.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	coupa, _ := portal.Builtin("coupa")
	if coupa, err = coupa.WithBaseURL(p.URL()); err != nil {
		t.Fatal(err)
	}
	r := &trial{portal: p}
	r.cfg = Config{
		Portal: coupa, Out: t.TempDir(), Workers: 4, NoSandbox: os.Geteuid() == 0,
		OnEvent: func(e any) {
			r.mu.Lock()
			r.events = append(r.events, e)
			r.mu.Unlock()
			for _, hook := range r.hooks {
				hook(e)
			}
		},
	}
	return r
}

// orders are the portal's, as the command line would read them.
func (r *trial) orders(t *testing.T) []po.Order {
	t.Helper()
	var list []po.Order
	for _, truth := range r.portal.Truth() {
		key, number, err := r.cfg.Portal.Parse(truth.Number)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, po.Order{Key: key, Number: number, RawNumber: truth.Number})
	}
	return list
}

// run runs the whole batch and checks that every order is right, file by file,
// and that nothing is left.
func (r *trial) run(t *testing.T) {
	t.Helper()
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range r.portal.Verify(r.cfg.Out, r.outcomes()) {
		t.Error(line)
	}
	for order, n := range r.portal.AtOnce() {
		if n > 1 {
			t.Errorf("order %s was fetched by %d browsers at once", order, n)
		}
	}
	r.nothingLeft(t, summary)
}

// outcomes are those that count, as events have told: the pool of a busy machine shrinks, and what was
// told to a browser that is gone then is asked for again.
func (r *trial) outcomes() []po.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []po.Outcome
	for _, e := range r.events {
		switch e := e.(type) {
		case messages.OrderSettled:
			list = append(list, e.Outcome)
		case messages.OrdersReopened:
			list = slices.DeleteFunc(list, func(o po.Outcome) bool {
				return slices.ContainsFunc(e.Outcomes, func(again po.Outcome) bool { return again.Key == o.Key })
			})
		}
	}
	return list
}

// nothingLeft checks that the run's profiles and downloads are gone, and that it
// says so.
func (r *trial) nothingLeft(t *testing.T, summary Summary) {
	t.Helper()
	if told := all[messages.RunCleaned](r); len(summary.Leftovers) > 0 || len(told) != 1 || len(told[0].Leftovers) > 0 {
		t.Errorf("left: %v, told %v", summary.Leftovers, told)
	}
	settings, err := r.cfg.browserConfig()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{profilestore.WorkDir(settings.Downloads), settings.Downloads} {
		if entries, err := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("left in %s: %v (%v)", dir, entries, err)
		}
	}
}

// all lists the events of one type.
func all[E any](r *trial) []E {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []E
	for _, e := range r.events {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// undisturbed checks that just one worker was lost, once, came back with a
// fresh profile, and that no other noticed.
func (r *trial) undisturbed(t *testing.T) {
	t.Helper()
	lost := all[messages.WorkerLost](r)
	if len(lost) != 1 || lost[0].GaveUp {
		t.Fatalf("lost: %+v", lost)
	}
	profiles, starts := map[string]bool{}, map[string]int{}
	for _, ready := range all[messages.WorkerReady](r) {
		if profiles[ready.Profile] {
			t.Errorf("profile %s was used twice", ready.Profile)
		}
		profiles[ready.Profile] = true
		starts[ready.Worker.Name]++
	}
	for name, n := range starts {
		if n > 1 && name != lost[0].Worker {
			t.Errorf("%s started %d times", name, n)
		}
	}
	// A machine that is busy with other tests may have room for one less.
	resized := all[messages.PoolResized](r)
	if n := starts[lost[0].Worker]; n != 2 && (n != 1 || len(resized) == 0) {
		t.Errorf("%s, which was lost, started %d times; resized: %+v", lost[0].Worker, n, resized)
	}
}

// Every scenario of the built-in portal, with four browsers.
func TestFaultsRun(t *testing.T) {
	t.Parallel()
	r := newTrial(t, quick)
	r.cfg.TaskTimeout = 30 * time.Second // for a page that hangs
	r.run(t)
	if lost := all[messages.WorkerLost](r); len(lost) > 0 {
		t.Errorf("lost: %+v", lost)
	}
}

// One order is sequential by itself; so are more with one worker.
func TestRunSequential(t *testing.T) {
	t.Parallel()
	opts := quick
	opts.Orders, opts.MaxFile = 8, 64<<10
	r := newTrial(t, opts)
	r.cfg.Workers = 1
	r.run(t)
	if started := all[messages.RunStarted](r); len(started) != 1 || !started[0].Sequential {
		t.Errorf("started: %+v", started)
	}
}

// panicOnce makes the 20th reading of the run panic.
type panicOnce struct {
	actors.Browsers
	mu    sync.Mutex
	count int
}

func (p *panicOnce) Open(ctx context.Context) (actors.Session, error) {
	s, err := p.Browsers.Open(ctx)
	if err != nil {
		return nil, err
	}
	return panicSession{s, p}, nil
}

type panicSession struct {
	actors.Session
	p *panicOnce
}

func (s panicSession) Read(ctx context.Context, o po.Order, byBrowser []string) (po.Reading, error) {
	s.p.mu.Lock()
	s.p.count++
	unlucky := s.p.count == 20
	s.p.mu.Unlock()
	r, err := s.Session.Read(ctx, o, byBrowser)
	if unlucky {
		panic("the 20th reading")
	}
	return r, err
}

// One worker panics in a run of 60: every order right, the others undisturbed.
func TestFaultsWorkerPanics(t *testing.T) {
	t.Parallel()
	r := newTrial(t, ordinary())
	r.cfg.wrap = func(b actors.Browsers) actors.Browsers { return &panicOnce{Browsers: b} }
	r.run(t)
	r.undisturbed(t)
}

// Cancelling the context ends a run at once, and leaves nothing.
func TestCancel(t *testing.T) {
	t.Parallel()
	r := newTrial(t, quick)
	ctx, cancel := context.WithCancel(t.Context())
	r.hooks = append(r.hooks, func(e any) {
		if _, ok := e.(messages.OrderSettled); ok {
			cancel()
		}
	})
	summary, err := Run(ctx, r.cfg, Orders(slices.Values(r.orders(t))))
	if po.CauseOf(err) != po.Interrupted || summary.Open == 0 {
		t.Errorf("%+v, %v", summary, err)
	}
	r.nothingLeft(t, summary)
}

// A portal that wants a sign-in ends the run with its cause, and files nothing.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	opts := quick
	opts.SignIn = true
	r := newTrial(t, opts)
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if po.CauseOf(err) != po.SignedOut || summary.Open != 60 || len(all[messages.OrderSettled](r)) > 0 {
		t.Errorf("%+v, %v", summary, err)
	}
	r.nothingLeft(t, summary)
}

// Wrong configurations cost nothing.
func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	coupa, _ := portal.Builtin("coupa")
	good, err := coupa.WithBaseURL("http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cfg  Config
	}{
		{"no portal", Config{Out: "x"}},
		{"no base URL", Config{Portal: coupa, Out: "x"}},
		{"no output", Config{Portal: good}},
		{"too many workers", Config{Portal: good, Out: "x", Workers: 65}},
		{"no workers", Config{Portal: good, Out: "x", Workers: -1}},
		{"no attempts", Config{Portal: good, Out: "x", Attempts: -1}},
		{"no time", Config{Portal: good, Out: "x", TaskTimeout: 1}},
	} {
		_, err := Run(t.Context(), c.cfg, Orders(slices.Values([]po.Order{})))
		if e, ok := err.(*po.Error); !ok || e.Cause != "" || e.Msg == "" || !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
