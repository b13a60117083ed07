package telemetry

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// order is an order that was begun: its span, and that of its attempt.
type order struct {
	span, attempt trace.Span // attempt is nil between two, span too while it is put back
	former        trace.Link // to the span before it was put back
	began         time.Time  // when it was begun first
	attempted     time.Time  // when the attempt began
	stepped       time.Time  // when its last step ended
	stage         string
	counted       map[string]bool // names of the files that were counted
}

// orderEvent records what happens to orders.
func (r *Recorder) orderEvent(event any) {
	switch e := event.(type) {
	case messages.OrderStarted:
		r.started(e)
	case messages.PageRequested:
		r.startedBy(e.Key, e.RawNumber, po.PageReader, 1) // one that has failed is for a browser
	case messages.PageRead:
		r.pageRead(e)
	case messages.OrderRead:
		r.read(e)
	case messages.FilesFetched:
		r.fetched(e)
	case messages.OrderRetried:
		add(r.retries, 1, causeOf(e.Failure.Cause))
		if o := r.orders[e.Key]; o != nil {
			r.setStage(o, retrying)
			o.endAttempt(e.Failure.Cause, e.Failure.Detail, r.at)
		}
	case messages.OrderReleased:
		add(r.releases, 1, causeOf(e.Cause))
		if o := r.orders[e.Key]; o != nil {
			r.setStage(o, "")
			o.endAttempt(e.Cause, e.Detail, r.at)
			o.putBack(e.Cause, r.at)
		}
	case messages.OrderQuarantined:
		add(r.quarantined, 1)
	case messages.OrderSettled:
		r.orderSettled(e)
	case messages.OrdersReopened:
		for _, o := range e.Outcomes {
			add(r.settled, -1, statusOf(o.Status), causeOf(o.Cause))
		}
		add(r.reopened, int64(len(e.Outcomes)))
		r.addOpen(len(e.Outcomes))
	}
}

// started begins the span of an order, unless this is another attempt at it, and that of
// the attempt, unless a browser only goes on with what HTTP could not get.
func (r *Recorder) started(e messages.OrderStarted) {
	r.startedBy(e.Key, e.RawNumber, e.Worker.Name, e.Attempt)
	r.setState(e.Worker.Name, busy)
}

func (r *Recorder) startedBy(key po.Key, number, worker string, attempt int) {
	o := r.orders[key]
	if o == nil {
		o = &order{began: r.at, counted: map[string]bool{}}
		r.orders[key] = o
	}
	r.begin(o, number)
	if o.attempt == nil {
		_, o.attempt = r.tracer.Start(trace.ContextWithSpan(context.Background(), o.span), "attempt",
			trace.WithTimestamp(r.at), trace.WithAttributes(
				attribute.Int("poactor.attempt", attempt), attribute.String("poactor.worker", worker)))
		o.attempted, o.stepped = r.at, r.at
	}
	r.setStage(o, reading)
}

// pageRead records that a page was read without a browser. Where one has to read the order all the
// same, that goes on.
func (r *Recorder) pageRead(e messages.PageRead) {
	o := r.orders[e.Key]
	r.step("page", o, time.Duration(e.Took), e.Failure.Cause, e.Failure.Detail,
		attribute.Int("poactor.files.found", len(e.Page.Attachments)))
	if o != nil && o.stage == reading && e.Reason == "" && e.Failure.Cause == "" {
		r.setStage(o, fetching)
	}
}

// begin begins the span of an order that has none, which is the root of a trace of its own.
func (r *Recorder) begin(o *order, number string) {
	if o.span != nil {
		return
	}
	options := []trace.SpanStartOption{trace.WithTimestamp(r.at), trace.WithNewRoot(),
		trace.WithAttributes(attribute.String("poactor.order", number), attribute.String("poactor.portal", r.portal))}
	if o.former.SpanContext.IsValid() {
		options = append(options, trace.WithLinks(o.former))
	}
	_, o.span = r.tracer.Start(context.Background(), "order", options...)
}

// putBack ends the span of an order that goes back: it may wait for hours until the portal is
// there again, or somebody signs in. The next one has a link to it.
func (o *order) putBack(cause po.Cause, at time.Time) {
	if o.span == nil {
		return
	}
	o.span.SetAttributes(present([]attribute.KeyValue{attribute.String("poactor.cause", string(cause))})...)
	o.span.End(trace.WithTimestamp(at))
	o.former, o.span = trace.Link{SpanContext: o.span.SpanContext()}, nil
}

func (r *Recorder) read(e messages.OrderRead) {
	if r.states[e.Worker.Name] == busy { // else its browser is gone
		r.setState(e.Worker.Name, idle)
	}
	o := r.orders[e.Key]
	r.step("read", o, time.Duration(e.Took), e.Failure.Cause, e.Failure.Detail,
		attribute.String("poactor.worker", e.Worker.Name), attribute.String("poactor.sign", string(e.Reading.Sign)),
		attribute.Int("poactor.files.found", len(e.Reading.Attachments)))
	if o == nil || o.stage != reading {
		return
	}
	if e.Failure.Cause == "" && e.Reading.Sign == po.SignAttachments {
		r.setStage(o, fetching)
	} else {
		r.setStage(o, recording)
	}
}

func (r *Recorder) fetched(e messages.FilesFetched) {
	o := r.orders[e.Key]
	var lanes []string
	var count int
	var size int64
	for _, f := range e.Result.Saved.Files {
		if o == nil || o.counted[f.Name] || f.Time.Before(r.began) { // kept from an earlier fetch
			continue
		}
		o.counted[f.Name] = true
		add(r.filesSaved, 1, laneOf(f.Lane))
		add(r.filesSize, f.Bytes, laneOf(f.Lane))
		if count, size = count+1, size+f.Bytes; !slices.Contains(lanes, string(f.Lane)) {
			lanes = append(lanes, string(f.Lane))
		}
	}
	r.step("fetch", o, time.Duration(e.Took), e.Failure, e.Detail,
		attribute.StringSlice("poactor.lanes", lanes), attribute.Int("poactor.files.saved", count),
		attribute.Int64("poactor.files.size", size), attribute.Int("poactor.files.missing", len(e.Result.Missing)))
	if o != nil && o.stage == fetching {
		r.setStage(o, recording)
	}
}

func (r *Recorder) orderSettled(e messages.OrderSettled) {
	add(r.settled, 1, statusOf(e.Status), causeOf(e.Cause))
	r.addOpen(-1)
	for _, m := range e.Missing {
		add(r.filesMissing, 1, causeOf(m.Cause))
	}
	o := r.orders[e.Key]
	if o == nil { // nobody had to read it
		o = &order{}
	} else {
		observe(r.duration, r.at.Sub(o.began), statusOf(e.Status))
	}
	r.begin(o, e.RawNumber)
	if o.attempt != nil {
		r.step("settle", o, r.at.Sub(o.stepped), "", "")
	}
	r.setStage(o, "")
	cause, detail := e.Cause, e.Detail
	if e.Status.Settled() {
		cause, detail = "", "" // an order that is not found is no failure
	}
	o.endAttempt(cause, detail, r.at)
	var size int64
	for _, f := range e.Files {
		size += f.Bytes
	}
	o.span.SetAttributes(present([]attribute.KeyValue{
		attribute.String("poactor.status", string(e.Status)), attribute.String("poactor.cause", string(e.Cause)),
		attribute.Int("poactor.attempts", e.Attempts), attribute.String("url.full", po.PublicURL(e.URL)),
		attribute.Int("poactor.files.found", e.Found), attribute.Int("poactor.files.saved", len(e.Files)),
		attribute.Int64("poactor.files.size", size), attribute.Int("poactor.files.missing", len(e.Missing)),
	})...)
	fail(o.span, cause, detail)
	o.span.End(trace.WithTimestamp(r.at))
	delete(r.orders, e.Key)
}

// step records a step that has just ended: as a span, if it is one of an attempt. No step
// begins before its attempt, as events may come late.
func (r *Recorder) step(name string, o *order, took time.Duration, cause po.Cause, detail string,
	attributes ...attribute.KeyValue,
) {
	r.observeStep(name, took, cause)
	if o == nil || o.attempt == nil {
		return
	}
	start := r.at.Add(-took)
	if start.Before(o.attempted) {
		start = o.attempted
	}
	_, span := r.tracer.Start(trace.ContextWithSpan(context.Background(), o.attempt), name,
		trace.WithTimestamp(start), trace.WithAttributes(present(attributes)...))
	fail(span, cause, detail)
	span.End(trace.WithTimestamp(r.at))
	o.stepped = r.at
}

// endAttempt ends the attempt, if there is one.
func (o *order) endAttempt(cause po.Cause, detail string, at time.Time) {
	if o.attempt == nil {
		return
	}
	fail(o.attempt, cause, detail)
	o.attempt.End(trace.WithTimestamp(at))
	o.attempt = nil
}

// abandon ends the spans of an order that the run has left open.
func (o *order) abandon(cause po.Cause, at time.Time) {
	o.endAttempt(cause, "", at)
	o.putBack(cause, at)
}

// longestDetail is how much of a detail a span has: a portal has a say in it.
const longestDetail = 300

// fail marks a span that ended with a cause.
func fail(span trace.Span, cause po.Cause, detail string) {
	if cause == "" {
		return
	}
	text := []rune(string(cause) + ": " + po.MaskAddresses(detail))
	span.SetAttributes(attribute.String("error.type", string(cause)))
	span.SetStatus(codes.Error, string(text[:min(len(text), longestDetail)]))
}
