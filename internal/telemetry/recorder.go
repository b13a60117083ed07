package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Scope names the meter and the tracer of poactor.
const Scope = "github.com/poactor/poactor"

// The stages of an order in progress, and the states of a worker that has a browser.
const (
	reading   = "reading"
	fetching  = "fetching"
	recording = "recording"
	retrying  = "retrying" // waits for its next try
	busy      = "busy"
	idle      = "idle"
)

// Recorder makes metrics and spans of the events of one run. It is not safe for
// concurrent use; a run gives its events one at a time.
type Recorder struct {
	*instruments
	tracer trace.Tracer
	now    func() time.Time
	began  time.Time // files of before were not fetched by this run
	at     time.Time // of the event: all that it ends, ends then

	portal   string
	orders   map[po.Key]*order // that were begun and have not ended
	states   map[string]string // of the workers that have a browser, by name
	openNow  int
	size     int // of the pool
	limiting messages.LimitedBy
	atOnce   int // orders that may be read
}

// New makes a recorder for one run. A provider that is nil gets nothing.
func New(meters metric.MeterProvider, tracers trace.TracerProvider) (*Recorder, error) {
	if meters == nil {
		meters = metricnoop.NewMeterProvider()
	}
	if tracers == nil {
		tracers = tracenoop.NewTracerProvider()
	}
	all, err := newInstruments(meters.Meter(Scope))
	if err != nil {
		return nil, err
	}
	for _, c := range []adder{all.open, all.reopened, all.quarantined, all.recycles, all.stuck, all.pauses, all.lost} {
		add(c, 0)
	}
	return &Recorder{instruments: all, tracer: tracers.Tracer(Scope), now: time.Now, began: time.Now(),
		orders: map[po.Key]*order{}, states: map[string]string{}}, nil
}

// Event records one event.
func (r *Recorder) Event(event any) {
	r.at = r.began.Add(r.now().Sub(r.began)) // however the machine's clock is set meanwhile
	switch e := event.(type) {
	case messages.BatchMerged:
		r.addOpen(e.Open)
	case messages.OutputAudited:
		r.addOpen(e.Opened)
	case messages.RunStarted:
		r.portal = e.Portal
		r.setTarget(e.Workers, messages.LimitedByUser)
		r.setConcurrency(e.Workers)
	case messages.RunEnded:
		r.addOpen(e.Open - r.openNow)
		r.runEnded(e)
	case messages.RunCleaned: // the runs of one process add up: this one has nothing open any more
		r.addOpen(-r.openNow)
	case messages.SessionLost:
		add(r.lost, 1)
	case messages.SessionRestored:
		result := "restored"
		if e.Failure != "" {
			result = "failed"
		}
		add(r.restored, 1, attribute.String("result", result))
	default:
		r.workerEvent(event)
		r.orderEvent(event)
	}
}

// workerEvent records what happens to workers and the pool.
func (r *Recorder) workerEvent(event any) {
	switch e := event.(type) {
	case messages.WorkerReady:
		r.setState(e.Worker.Name, idle)
		r.observeStep("open", time.Duration(e.Took), "")
	case messages.WorkerLost:
		r.setState(e.Worker, "")
		if e.GaveUp {
			add(r.givenUp, 1, causeOf(e.Cause))
		} else {
			add(r.restarts, 1, causeOf(e.Cause))
		}
	case messages.WorkerRecycled:
		r.setState(e.Worker, "")
		add(r.recycles, 1)
	case messages.WorkerDismissed:
		r.setState(e.Worker, "")
	case messages.JobStuck:
		add(r.stuck, 1)
	case messages.PoolResized:
		if r.atOnce == r.size || r.atOnce > e.To { // as many as there are workers
			r.setConcurrency(e.To)
		}
		r.setTarget(e.To, e.LimitedBy)
		add(r.resizes, 1, attribute.String("limited_by", string(e.LimitedBy)))
	case messages.PortalPaced:
		r.setConcurrency(e.Reading)
		if e.Hold > 0 {
			add(r.pauses, 1)
		}
	case messages.SessionProbed:
		r.observeStep("probe", time.Duration(e.Took), e.Cause)
	case messages.SessionProved:
		cause := e.Failure.Cause
		if cause == "" && !e.Proof.SignedIn {
			cause = po.SignedOut
		}
		r.observeStep("prove", time.Duration(e.Took), cause)
	}
}

// runEnded records that nothing goes on any more.
func (r *Recorder) runEnded(e messages.RunEnded) {
	for key, o := range r.orders {
		r.setStage(o, "")
		o.abandon(e.Cause, r.at)
		delete(r.orders, key)
	}
	for name := range r.states {
		r.setState(name, "")
	}
	r.setTarget(0, r.limiting)
	r.setConcurrency(0)
}

// observeStep records how long a step took.
func (r *Recorder) observeStep(step string, took time.Duration, cause po.Cause) {
	observe(r.steps, took, attribute.String("step", step), causeOf(cause))
}

func (r *Recorder) addOpen(n int) {
	add(r.open, int64(n))
	r.openNow += n
}

// setState says what a worker is doing; nothing: it has no browser.
func (r *Recorder) setState(name, state string) {
	r.move(r.workers, "state", r.states[name], state)
	if state == "" {
		delete(r.states, name)
	} else {
		r.states[name] = state
	}
}

// setStage says where an order is; nothing: it is not in progress.
func (r *Recorder) setStage(o *order, stage string) {
	r.move(r.inProgress, "stage", o.stage, stage)
	o.stage = stage
}

// move counts one thing under another value of an attribute than before.
func (r *Recorder) move(in adder, key, from, to string) {
	if from == to {
		return
	}
	if from != "" {
		add(in, -1, attribute.String(key, from))
	}
	if to != "" {
		add(in, 1, attribute.String(key, to))
	}
}

func (r *Recorder) setTarget(n int, limitedBy messages.LimitedBy) {
	if r.size > 0 {
		add(r.target, -int64(r.size), attribute.String("limited_by", string(r.limiting)))
	}
	add(r.target, int64(n), attribute.String("limited_by", string(limitedBy)))
	r.size, r.limiting = n, limitedBy
}

func (r *Recorder) setConcurrency(n int) {
	add(r.concurrency, int64(n-r.atOnce))
	r.atOnce = n
}
