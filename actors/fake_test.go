package actors

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// fakeBrowsers opens fake sessions. What a session does with an order is the
// scenario's to say.
type fakeBrowsers struct {
	// open is asked before the nth session opens, counted from 1.
	open func(n int) error
	// read answers for an order; n counts the readings of that order from 1.
	read func(ctx context.Context, s *fakeSession, key po.Key, n int) (po.Reading, error)
	// prove answers who is signed in; nil: somebody is.
	prove func(s *fakeSession) (po.Proof, error)
	// late sessions come up although nobody waits any more.
	late bool
	// memory is what each session takes up.
	memory int64
	// close is what a session does at its end.
	close func()

	mu       sync.Mutex
	sessions []*fakeSession
	readings map[po.Key]int
	reading  map[po.Key][]*fakeSession // under way
	overlaps []po.Key                  // orders that two sessions read at once
}

type fakeSession struct {
	browsers *fakeBrowsers
	n        int
	once     sync.Once
	done     chan struct{} // closed by die
	read     []po.Key
}

func (b *fakeBrowsers) Open(ctx context.Context) (Session, error) {
	b.mu.Lock()
	n := len(b.sessions) + 1
	s := &fakeSession{browsers: b, n: n, done: make(chan struct{})}
	b.sessions = append(b.sessions, s)
	b.mu.Unlock()
	if b.open != nil {
		if err := b.open(n); err != nil {
			s.die()
			return nil, err
		}
	}
	if b.late {
		return s, nil
	}
	select {
	case <-time.After(time.Second): // a browser takes its time
		return s, nil
	case <-ctx.Done():
		s.die()
		return nil, ctx.Err()
	}
}

func (s *fakeSession) Profile() string       { return fmt.Sprint("profile-", s.n) }
func (s *fakeSession) Memory() int64         { return s.browsers.memory }
func (s *fakeSession) Done() <-chan struct{} { return s.done }
func (s *fakeSession) Prove(ctx context.Context) (po.Proof, error) {
	if _, err := s.good(ctx); err != nil {
		return po.Proof{}, err
	}
	if s.browsers.prove == nil {
		return po.Proof{SignedIn: true, User: "ada"}, nil
	}
	return s.browsers.prove(s)
}
func (s *fakeSession) die() { s.once.Do(func() { close(s.done) }) }

func (s *fakeSession) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

func (s *fakeSession) Close() error {
	s.die()
	if f := s.browsers.close; f != nil {
		f()
	}
	return nil
}

func (s *fakeSession) Look(_ context.Context, order po.Order, _ po.Failure) (po.Reading, error) {
	if !s.alive() {
		return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied}
	}
	return po.Reading{Sign: po.SignAttachments, Trace: po.Trace{Evidence: "evidence/" + string(order.Key)}}, nil
}

func (s *fakeSession) Read(ctx context.Context, order po.Order, _ []string) (po.Reading, error) {
	b := s.browsers
	b.mu.Lock()
	if b.readings == nil {
		b.readings, b.reading = map[po.Key]int{}, map[po.Key][]*fakeSession{}
	}
	b.readings[order.Key]++
	n := b.readings[order.Key]
	for _, other := range b.reading[order.Key] {
		if other.alive() {
			b.overlaps = append(b.overlaps, order.Key)
		}
	}
	b.reading[order.Key] = append(b.reading[order.Key], s)
	s.read = append(s.read, order.Key)
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.reading[order.Key] = slices.DeleteFunc(b.reading[order.Key], func(o *fakeSession) bool { return o == s })
		b.mu.Unlock()
	}()
	if !s.alive() {
		return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied}
	}
	if b.read == nil {
		return s.good(ctx)
	}
	return b.read(ctx, s, order.Key, n)
}

// good is a page with two attachments, after 700 ms.
func (s *fakeSession) good(ctx context.Context) (po.Reading, error) {
	select {
	case <-time.After(700 * time.Millisecond):
	case <-ctx.Done():
		return po.Reading{}, &po.ReadFailure{Cause: po.Interrupted}
	case <-s.done:
		return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied}
	}
	return po.Reading{Sign: po.SignAttachments, Supplier: "Acme", URL: "http://portal/order",
		Attachments: []po.Attachment{{ID: "a", Name: "a.pdf"}, {ID: "b", Name: "b.pdf"}}}, nil
}

// fakeFiles has every file after 200 ms.
type fakeFiles struct {
	fetch  func(ctx context.Context, job po.FetchJob, n int) (po.FetchResult, error)
	finish func() error

	mu       sync.Mutex
	fetches  map[po.Key]int
	finished []string
}

func (f *fakeFiles) Fetch(ctx context.Context, job po.FetchJob) (po.FetchResult, error) {
	f.mu.Lock()
	if f.fetches == nil {
		f.fetches = map[po.Key]int{}
	}
	f.fetches[job.Order.Key]++
	n := f.fetches[job.Order.Key]
	f.mu.Unlock()
	if f.fetch != nil {
		return f.fetch(ctx, job, n)
	}
	return f.good(ctx, job)
}

func (f *fakeFiles) good(ctx context.Context, job po.FetchJob) (po.FetchResult, error) {
	select {
	case <-time.After(200 * time.Millisecond):
	case <-ctx.Done():
		return po.FetchResult{}, fmt.Errorf("fetch: %w", po.Interrupted)
	}
	r := po.FetchResult{Saved: po.Saved{Folder: "PO_" + string(job.Order.Key) + "__WORK"}}
	for _, a := range job.Attachments {
		r.Saved.Files = append(r.Saved.Files, po.File{ID: a.ID, Name: a.Name})
	}
	return r, nil
}

func (f *fakeFiles) Work(order po.Order, _ string, _ po.Saved) string {
	return "PO_" + string(order.Key) + "__WORK"
}

func (f *fakeFiles) Final(order po.Order, _ string, _ po.Saved, status po.Status) string {
	return "PO_" + string(order.Key) + "_" + string(status)
}

func (f *fakeFiles) Finish(_ context.Context, _ po.Saved, final string) error {
	if f.finish != nil {
		if err := f.finish(); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = append(f.finished, final)
	return nil
}

// scenario is a run with fakes, for use inside a synctest bubble.
type scenario struct {
	browsers *fakeBrowsers
	files    *fakeFiles
	ledger   Ledger
	limiter  Limiter
	pages    Pages
	proves   bool
	signIn   SignIn
	workers  int
	attempts int
	orders   int
	onEvent  func(any)

	handle *Run
	mu     sync.Mutex
	events []any
	result messages.RunEnded
	took   time.Duration
}

// start starts the run in an actor system of its own.
func (s *scenario) start(t *testing.T) {
	started := make(chan struct{}) // what happens before may be told before s has its handle
	defer close(started)
	s.handle = Start(s.config(t, started))
}

// config is what the run works with. Until started is closed no event is handed on.
func (s *scenario) config(t *testing.T, started <-chan struct{}) Config {
	if s.browsers == nil {
		s.browsers = &fakeBrowsers{}
	}
	if s.files == nil {
		s.files = &fakeFiles{}
	}
	if s.ledger == nil {
		s.ledger = memoryLedger(t, s.orders)
	}
	log := logrus.New()
	log.SetOutput(t.Output())
	log.SetLevel(logrus.WarnLevel)
	return Config{
		Portal: "test", Workers: s.workers, Attempts: max(s.attempts, 3), TaskTimeout: 30 * time.Second,
		Browsers: s.browsers, Files: s.files, Ledger: s.ledger, Limiter: s.limiter, Pages: s.pages, Log: log,
		Proves: s.proves, SignIn: s.signIn,
		OnEvent: func(e any) {
			s.mu.Lock()
			s.events = append(s.events, e)
			s.mu.Unlock()
			if s.onEvent != nil {
				<-started
				s.onEvent(e)
			}
		},
	}
}

// finish waits for the run's end and checks what holds in every scenario: no session
// is left, no profile was used twice, no order was read by two at once, no
// order was settled twice.
func (s *scenario) finish(t *testing.T) {
	t.Helper()
	begun := time.Now()
	s.result = s.handle.Wait()
	s.took = time.Since(begun)
	time.Sleep(2 * time.Second) // dead letters hold a timer
	s.check(t)
}

func (s *scenario) run(t *testing.T) {
	t.Helper()
	begun := time.Now()
	s.start(t)
	s.finish(t)
	s.took = time.Since(begun) - 2*time.Second
}

func (s *scenario) check(t *testing.T) {
	t.Helper()
	s.browsers.mu.Lock()
	defer s.browsers.mu.Unlock()
	for _, b := range s.browsers.sessions {
		if b.alive() {
			t.Errorf("session %d is left", b.n)
		}
	}
	if len(s.browsers.overlaps) > 0 {
		t.Errorf("read by two at once: %v", s.browsers.overlaps)
	}
	settled := map[po.Key]bool{}
	for _, o := range all[messages.OrderSettled](s) {
		if settled[o.Outcome.Key] {
			t.Errorf("order %s was settled twice", o.Outcome.Key)
		}
		settled[o.Outcome.Key] = true
	}
	profiles := map[string]uint64{}
	for _, r := range all[messages.WorkerReady](s) {
		if n, ok := profiles[r.Profile]; ok && n != r.Worker.Incarnation {
			t.Errorf("profile %s was used by two incarnations", r.Profile)
		}
		profiles[r.Profile] = r.Worker.Incarnation
	}
}

// want checks how the run ended.
func (s *scenario) want(t *testing.T, cause po.Cause, open int, counts map[po.Status]int) {
	t.Helper()
	if s.result.Cause != cause || s.result.Open != open {
		t.Errorf("ended with cause %q (%s) and %d open, want %q and %d",
			s.result.Cause, s.result.Detail, s.result.Open, cause, open)
	}
	for _, status := range po.Statuses() {
		if s.result.Counts[status] != counts[status] {
			t.Errorf("%d orders %s, want %d", s.result.Counts[status], status, counts[status])
		}
	}
}

// all lists the events of one type.
func all[E any](s *scenario) []E {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []E
	for _, e := range s.events {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// outcome returns how an order ended.
func (s *scenario) outcome(key po.Key) po.Outcome {
	for _, o := range all[messages.OrderSettled](s) {
		if o.Outcome.Key == key {
			return o.Outcome
		}
	}
	return po.Outcome{}
}

// readers lists the workers that read an order, in order.
func (s *scenario) readers(key po.Key) []string {
	var list []string
	for _, o := range all[messages.OrderStarted](s) {
		if o.Key == key {
			list = append(list, o.Worker.Name)
		}
	}
	return list
}

func memoryLedger(t *testing.T, n int) *ledger.Memory {
	t.Helper()
	orders := make([]po.Order, n)
	for i := range orders {
		orders[i] = po.Order{Key: po.Key(fmt.Sprint("K", i)), Number: fmt.Sprint(i)}
	}
	m, err := ledger.NewMemory(slices.Values(orders))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
