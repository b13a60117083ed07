// Package live shows a run on a terminal while it goes on: a line for each worker, totals,
// what limits the run, and what has just happened. State takes in the events, View makes a
// screen of it; both know of no terminal and no clock. Screen puts them on a terminal and
// takes keys.
package live

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// State is a run as its events have told it. It is not safe for concurrent use.
type State struct {
	into  string
	began time.Time

	total   int // orders that this start works on
	settled int
	counts  map[po.Status]int
	files   int
	bytes   int64
	retries int
	crashes int // of browsers

	wished    int // workers, by the user
	size      int // of the pool
	limitedBy messages.LimitedBy
	reason    string // of limitedBy
	reading   int    // orders at once, by the portal; 0: no bound
	heldUntil time.Time
	paceText  string // why the portal is asked for less
	signedOut string // how it was seen; empty: somebody is signed in

	paused    bool
	finishing bool // no more orders are taken

	workers map[string]*worker
	lane    lane
	inHand  map[po.Key]bool // begun, and not recorded yet
	fetches map[po.Key]*fetch
	usual   map[step]*durations

	rateFrom time.Time // the pace before does not count
	ended    []time.Time

	words *progress.Lines
	notes []note
}

// step is what a worker does.
type step string

const (
	opening  step = "opening"  // its browser
	idle     step = "idle"     // waits for an order
	reading  step = "reading"  // an order's page
	paging   step = "paging"   // an order's page, without a browser
	saving   step = "saving"   // an order's files, by the browser
	fetching step = "fetching" // an order's files, beside the browser
	restarts step = "restarts" // its browser is gone; a pause, then another
)

// worker is a line of the screen.
type worker struct {
	name    string
	step    step
	since   time.Time
	until   time.Time // of restarts
	number  string    // of the order in hand
	key     po.Key
	attempt int
}

// fetch is the files of one order on their way.
type fetch struct {
	number string
	worker string
	since  time.Time
	sign   time.Time // the last sign of life
	moved  bool      // there was one since it began
	po.FileProgress
}

// note is a line of the log.
type note struct {
	at   time.Time
	text string
	bad  bool
}

const (
	maxNotes = 200             // that are kept: no screen has more lines
	rateSpan = 5 * time.Minute // that the rate is taken of
)

// NewState is a run into the output directory into before its first event.
func NewState(into string) *State {
	return &State{into: into, counts: map[po.Status]int{}, workers: map[string]*worker{}, fetches: map[po.Key]*fetch{},
		inHand: map[po.Key]bool{}, lane: newLane(),
		usual: map[step]*durations{}, words: progress.NewLines(nil, into, nil)}
}

// Total is how many orders this start works on.
func (s *State) Total() int { return s.total }

// Apply takes in an event of the run.
func (s *State) Apply(event any, at time.Time) {
	if s.began.IsZero() {
		s.began, s.rateFrom = at, at
	}
	text := s.words.Text(event)
	switch e := event.(type) {
	case messages.BatchMerged:
		s.total = e.Open
	case messages.OutputAudited:
		s.total += e.Opened
	case messages.RunStarted:
		s.wished, s.size, s.limitedBy = e.Workers, e.Workers, messages.LimitedByUser
		text = "" // the head says it
	case messages.RunPaused:
		s.paused = true
	case messages.RunResumed:
		s.paused, s.rateFrom = false, at
	case messages.WorkersRequested:
		s.wished = e.To
	case messages.PoolResized:
		s.size, s.limitedBy, s.reason = e.To, e.LimitedBy, e.Reason
		if s.reading >= s.size {
			s.reading = 0
		}
	case messages.PortalPaced:
		s.reading, s.paceText = 0, e.Reason
		if e.Reading < s.size {
			s.reading = e.Reading
		}
		s.heldUntil = at.Add(time.Duration(e.Hold))
	case messages.SessionLost:
		s.signedOut = cmp.Or(e.Detail, "the session is over")
	case messages.SessionRestored:
		s.signedOut, s.rateFrom = "", at
	default:
		s.applyToWorkers(event, at)
		s.applyToOrders(event, at)
		s.applyToLane(event, at)
	}
	if settled, ok := event.(messages.OrderSettled); ok {
		text = ""
		if !settled.Status.Settled() { // else the totals say it
			text = progress.Ended(settled.Outcome)
		}
	}
	if text != "" {
		s.Note(text, isBad(event), at)
	}
}

// Note puts a line into the log.
func (s *State) Note(text string, bad bool, at time.Time) {
	s.notes = append(s.notes, note{at, text, bad})
	s.notes = s.notes[max(0, len(s.notes)-maxNotes):]
}

// Finish takes it that the user has no more orders taken.
func (s *State) Finish() { s.finishing = true }

// isBad reports whether an event is trouble.
func isBad(event any) bool {
	switch event.(type) {
	case messages.WorkerLost, messages.OrderRetried, messages.OrderSettled, messages.OrdersReopened, messages.JobStuck,
		messages.OrderQuarantined, messages.SessionLost, messages.Warning, messages.FaultInjected:
		return true
	}
	return false
}

// applyToWorkers takes in what happens to a worker.
func (s *State) applyToWorkers(event any, at time.Time) {
	switch e := event.(type) {
	case messages.WorkerStarted:
		s.worker(e.Worker).begin(opening, at)
	case messages.WorkerReady:
		s.lasted(opening, time.Duration(e.Took))
		s.worker(e.Worker.Name).begin(idle, at)
	case messages.WorkerRecycled:
		s.worker(e.Worker).begin(opening, at)
	case messages.WorkerDismissed:
		delete(s.workers, e.Worker)
	case messages.WorkerLost:
		s.crashes++
		if e.GaveUp {
			delete(s.workers, e.Worker)
			return
		}
		w := s.worker(e.Worker)
		w.begin(restarts, at)
		w.until = at.Add(time.Duration(e.RestartAfter))
	case messages.OrderStarted:
		w := s.worker(e.Worker.Name)
		w.begin(reading, at)
		if e.ByBrowser > 0 {
			w.step = saving
		}
		w.number, w.key, w.attempt = e.RawNumber, e.Key, e.Attempt
		delete(s.fetches, e.Key)
		s.inHand[e.Key] = true
	case messages.OrderRead:
		w := s.worker(e.Worker.Name)
		if w.key != e.Key {
			return // it has come late
		}
		if e.Failure.Cause == "" {
			s.lasted(w.step, time.Duration(e.Took))
		}
		w.begin(idle, at)
		if n := len(e.Reading.Attachments); n > 0 && e.Failure.Cause == "" {
			s.fetches[e.Key] = &fetch{number: e.RawNumber, worker: w.name, since: at, sign: at,
				FileProgress: po.FileProgress{Files: n}}
		}
	}
}

// applyToOrders takes in what happens to an order.
func (s *State) applyToOrders(event any, at time.Time) {
	switch e := event.(type) {
	case messages.FileProgress:
		if f := s.fetches[e.Key]; f != nil {
			f.FileProgress, f.sign, f.moved = e.FileProgress, at, true
		}
	case messages.FilesFetched:
		s.lasted(fetching, time.Duration(e.Took))
		delete(s.fetches, e.Key)
	case messages.OrderRetried:
		s.retries++
		s.putBack(e.Key, at)
	case messages.OrderReleased:
		s.putBack(e.Key, at)
	case messages.OrderSettled:
		s.putBack(e.Key, at)
		s.settled++
		s.counts[e.Status]++
		s.files += len(e.Files)
		for _, f := range e.Files {
			s.bytes += f.Bytes
		}
		if e.Worker != "" { // else it took no time
			s.ended = append(s.ended, at)
			s.ended = slices.DeleteFunc(s.ended, func(t time.Time) bool { return at.Sub(t) > rateSpan })
		}
	case messages.OrdersReopened:
		s.settled -= len(e.Outcomes)
		for _, o := range e.Outcomes {
			s.counts[o.Status]--
		}
	}
}

// putBack takes it that an order is in nobody's hands.
func (s *State) putBack(key po.Key, at time.Time) {
	delete(s.fetches, key)
	delete(s.inHand, key)
	for _, w := range s.workers {
		if w.key == key && (w.step == reading || w.step == saving) {
			w.begin(idle, at)
		}
	}
}

// worker finds a worker, or makes it.
func (s *State) worker(name string) *worker {
	if s.workers[name] == nil {
		s.workers[name] = &worker{name: name}
	}
	return s.workers[name]
}

// begin begins a step, without an order.
func (w *worker) begin(next step, at time.Time) {
	*w = worker{name: w.name, step: next, since: at}
}

// list has the workers by their number.
func (s *State) list() []*worker {
	return slices.SortedFunc(maps.Values(s.workers), func(a, b *worker) int {
		return cmp.Or(len(a.name)-len(b.name), cmp.Compare(a.name, b.name))
	})
}

// fetchesOf has the fetches of a worker's orders, the longest first.
func (s *State) fetchesOf(name string) []*fetch {
	var list []*fetch
	for _, f := range s.fetches {
		if f.worker == name {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *fetch) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.number, b.number))
	})
	return list
}

// rate is how many orders end in a minute, and how long the others take at that rate; 0
// where it cannot be told yet.
func (s *State) rate(now time.Time) (perMinute float64, left time.Duration) {
	const enough, soonest = 3, 5 * time.Second
	from := s.rateFrom
	if now.Sub(from) > rateSpan {
		from = now.Add(-rateSpan)
	}
	n := 0
	for _, t := range s.ended {
		if !t.Before(from) {
			n++
		}
	}
	span := now.Sub(from)
	if n < enough || span < soonest {
		return 0, 0
	}
	perMinute = float64(n) / span.Minutes()
	return perMinute, time.Duration(float64(s.total-s.settled) / perMinute * float64(time.Minute))
}
